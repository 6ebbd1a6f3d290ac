// What of this machine Arm NN's GpuAcc needs: the GPU's device node, its firmware, OpenCL. Below
// the folder that ACCELNODE_ARMNN_ROOT names, in place of "/", for tests.
#pragma once

#include <string>
#include <vector>

#include "../backend.h"
#include "opencl_probe.h"

namespace accelnode::armnn {

// One line of the doctor for each, with its remedy where it fails.
std::vector<Check> CheckSystem(const OpenclProbe& opencl);

// The GPU as a device; what is wrong, where there is none.
AbsentDevice WithoutGpu(const OpenclProbe& opencl);

// Does this libarmnn have the GpuAcc backend, built in or in a folder of backends that it will look
// into? True where that can't be told.
bool HasGpuBackend(const std::string& libarmnn, const std::string& dynamic_backends);

}  // namespace accelnode::armnn
