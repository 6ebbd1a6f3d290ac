// The devices as CUDA and NVML describe them, and what TensorRT asks of them.
#pragma once

#include <string>

#include "../backend.h"

namespace accelnode::cuda {

DeviceList ListDevices();

// "MIG-…", of a device that is an instance of a card; empty when the driver does not tell.
std::string UuidOfInstance(int device);

// 90 for compute capability 9.0.
int ComputeCapability(int device);

// Why this TensorRT can't use a device of that compute capability; empty when it can.
std::string BelowFloor(int capability);

}  // namespace accelnode::cuda
