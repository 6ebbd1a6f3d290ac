// The place of a backend that has not been written yet.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "backend.h"

namespace accelnode {

class NotBuiltBackend final : public Backend {
 public:
  NotBuiltBackend(const char* name, std::string product)
      : name_(name), product_(std::move(product)) {}

  const char* Name() const override { return name_; }
  Runtime Open(const OpenRequest&) override { throw NotYet(); }
  DeviceList Devices() override { throw NotYet(); }
  std::unique_ptr<Model> Load(const LoadRequest&) override { throw NotYet(); }

 private:
  Error NotYet() const {
    return Error(ErrorCode::UNSUPPORTED, "The " + std::string(name_) + " backend (" + product_ +
                                             ") is not built yet in this version of accelnode.");
  }

  const char* const name_;
  const std::string product_;
};

inline std::unique_ptr<Backend> NotBuilt(const char* name, std::string product) {
  return std::make_unique<NotBuiltBackend>(name, std::move(product));
}

}  // namespace accelnode
