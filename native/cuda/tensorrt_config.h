// What a build is told: options as flags, limits and levels of TensorRT's.
#pragma once

#include <string>

#include "../value.h"

namespace accelnode::cuda {

struct Precision {
  std::string name;  // "fp32", "fp16", "bf16", "int8", "auto" or, where the model decides, "typed"
  bool int8 = false;
};

// Throws UNSUPPORTED or INVALID_ARGUMENT with what to do, where this TensorRT or device has no such
// precision.
Precision ChoosePrecision(const Value& options, int device);
bool IsStronglyTyped(const Value& options);

void Configure(const void* config, const Value& options, const Precision& precision);

}  // namespace accelnode::cuda
