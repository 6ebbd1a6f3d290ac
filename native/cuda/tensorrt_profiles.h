// Optimisation profiles: the ranges of shapes that an engine is built for, and of values, for
// inputs whose values decide shapes.
#pragma once

#include <vector>

#include "../backend.h"
#include "tensorrt_parse.h"

namespace accelnode::cuda {

// Adds one for `options.shapes` and one for each of `options.cuda.profiles`; none when all shapes
// are fixed and no values decide any. `options.cuda.shapeValues` has the values of each profile, or
// one map for all. Returns the first, which calibration goes by, or null, and in `tuned` the shapes
// that it is tuned for, by input.
const void* AddProfiles(const void* builder, const void* config,
                        const std::vector<NetworkInput>& inputs, const Value& options,
                        std::vector<std::vector<int64_t>>& tuned);

}  // namespace accelnode::cuda
