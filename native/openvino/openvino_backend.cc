// Intel OpenVINO, through its C API.
#include <mutex>
#include <utility>

#include "../backend.h"
#include "openvino_library.h"
#include "openvino_model.h"
#include "openvino_plugins.h"

namespace accelnode {
namespace openvino {
namespace {

class OpenvinoBackend final : public Backend {
 public:
  const char* Name() const override { return "openvino"; }

  Runtime Open(const OpenRequest& request) override {
    Runtime runtime = OpenLibrary(request);
    std::lock_guard lock(mutex_);
    if (!core_) core_ = MakeCore();
    return runtime;
  }

  DeviceList Devices() override { return ListDevices(core_.get()); }

  std::unique_ptr<Model> Load(const LoadRequest& request) override {
    return LoadModel(core_.get(), request);
  }

 private:
  std::mutex mutex_;
  CoreHandle core_;  // safe to use from several threads at once; holds the plugins
};

}  // namespace
}  // namespace openvino

std::unique_ptr<Backend> MakeOpenvinoBackend() {
  return std::make_unique<openvino::OpenvinoBackend>();
}

}  // namespace accelnode
