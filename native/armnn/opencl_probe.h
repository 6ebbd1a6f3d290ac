// Is there a GPU for Arm NN? Asked before its delegate is made: an Arm NN that has its GpuAcc
// backend takes the first OpenCL device of the first platform without a look, whichever backend was
// asked for, and takes the process down where there is none.
#pragma once

#include <string>

namespace accelnode::armnn {

struct OpenclProbe {
  std::string library;   // the one that was opened; empty: `tried` says why none was
  std::string tried;     // the loader's words
  std::string platform;  // the first one's name; empty: there is none
  bool gpu = false;      // the first platform has a GPU
  std::string name;      // of that GPU
  std::string driver;    // its driver's version
};

OpenclProbe ProbeOpencl();

}  // namespace accelnode::armnn
