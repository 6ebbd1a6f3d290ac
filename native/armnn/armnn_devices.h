// What TFLite and Arm NN can run on here.
#pragma once

#include <string>

#include "../backend.h"

namespace accelnode::armnn {

// TFLite's own kernels: armnn:tflite.
constexpr const char* kPlainTflite = "tflite";

DeviceList ListDevices();

// Throws unless each of "GpuAcc,CpuAcc" is a backend of Arm NN that can be asked for here: some
// take the process down when what they need is missing.
void RequireBackends(const std::string& device);

}  // namespace accelnode::armnn
