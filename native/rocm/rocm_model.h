// One model on one device.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "program_store.h"
#include "rocm_ports.h"

namespace accelnode::rocm {

// What is the same for all lanes of a model.
struct ModelFacts {
  ModelFacts(Recipe how, Ports what, ProgramStore::CompileFor compile, size_t most_programs)
      : recipe(std::move(how)),
        ports(std::move(what)),
        programs(std::move(compile), most_programs, recipe.target == "ref") {}

  const Recipe recipe;
  const Ports ports;
  ProgramStore programs;
  std::atomic<bool> lost{false};       // the device; nothing more can be done with it
  std::atomic<uint64_t> own_bytes{0};  // of device memory that our contexts allocated
};

// Loads a compiled model, or compiles an ONNX model.
std::unique_ptr<Model> LoadModel(const LoadRequest& request);

}  // namespace accelnode::rocm
