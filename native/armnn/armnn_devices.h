// What TFLite and Arm NN can run on here.
#pragma once

#include <string>

#include "../backend.h"

namespace accelnode::armnn {

// TFLite's own kernels: armnn:tflite.
constexpr const char* kPlainTflite = "tflite";

DeviceList ListDevices();

// Throws unless each of "GpuAcc,CpuAcc" is a backend of Arm NN that can be asked for here, and Arm
// NN can be started at all: it takes the process down when what its backends need is missing.
// `dynamic_backends`: where it has been told to look for them.
void RequireBackends(const std::string& device, const std::string& dynamic_backends);

// Are there kernels of Arm's Compute Library among the backends?
bool UsesComputeLibrary(const std::string& device);
bool UsesGpu(const std::string& device);

}  // namespace accelnode::armnn
