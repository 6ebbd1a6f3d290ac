// Is there a GPU for Arm NN? Asked before its delegate is made: where OpenCL has no GPU, an Arm NN
// that has its GpuAcc backend takes the process down, whichever backend was asked for.
#pragma once

#include <string>

namespace accelnode::armnn {

struct OpenclProbe {
  bool library = false;      // an OpenCL was found at all
  bool gpu = false;          // and it has a GPU
  std::string name;          // of the first GPU
  std::string driver;        // its driver's version
  std::string reason, hint;  // why there is none
};

OpenclProbe ProbeOpencl();

}  // namespace accelnode::armnn
