// From an ONNX model to a plan.
#pragma once

#include "../backend.h"
#include "tensorrt_files.h"

namespace accelnode::cuda {

struct Built {
  PlanBytes plan;
  Value::Map details;  // precision, how long it took
};

// On the calling thread, whose device must be `device`. Throws CANCELLED when the monitor says so.
Built BuildPlan(const LoadRequest& request, int device);

}  // namespace accelnode::cuda
