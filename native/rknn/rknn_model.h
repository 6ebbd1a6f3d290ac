// Loading a .rknn model: what comes out makes the contexts that the lanes run on.
#pragma once

#include <atomic>
#include <memory>

#include "rknn_ports.h"

namespace accelnode::rknn {

std::unique_ptr<Model> LoadModel(const LoadRequest& request);

// What the lanes of a model have in common.
struct ModelFacts {
  Ports ports;
  bool profiling = false;
  // Does a run with memory of AllocateShared use it where it is?
  bool zero_copy = false;
  std::atomic<bool> lost{false};  // the NPU does not answer any more
};

}  // namespace accelnode::rknn
