// What a compiled model of MIGraphX's (.mxr) says of itself at its beginning. MIGraphX itself is
// not asked: it would load a program that was never compiled, or that was compiled for its
// reference target, and run it on the CPU without a word.
#pragma once

#include <string>
#include <vector>

#include "../backend.h"

namespace accelnode::rocm {

struct MxrHeader {
  std::string version;  // of the MIGraphX that wrote it: "2.14.0", "before 2.7"
  std::vector<std::string>
      targets;  // what it was compiled for: "gpu" or "ref"; empty: not compiled
};

// Throws MODEL_INVALID for a file that is none.
MxrHeader ReadMxrHeader(const std::string& path);

}  // namespace accelnode::rocm
