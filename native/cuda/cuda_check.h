// CUDA's statuses as Errors, and the calling thread's device.
#pragma once

#include <string>

#include "../error.h"
#include "cuda_abi.h"

namespace accelnode::cuda {

// "CUDA driver version is insufficient for CUDA runtime version (cudaErrorInsufficientDriver, 35)"
std::string StatusText(cudaError_t status);

// Is it one after which the device's context is of no use to this process any more?
bool IsSticky(cudaError_t status);

Error CudaError(cudaError_t status, const char* function);

// The same of an allocation: "An allocation of 1024 bytes on the device failed. …"
Error AllocationError(cudaError_t status, const char* function, uint64_t bytes, const char* where);

// Throws unless `status` is cudaSuccess.
void Check(cudaError_t status, const char* function);

// Calls a function of CUDA's and checks what it returns: CUDA_CALL(cudaFree, address).
#define CUDA_CALL(function, ...) \
  ::accelnode::cuda::Check(::accelnode::cuda::Cudart().function(__VA_ARGS__), #function)

// CUDA's current device is the thread's own. Every thread that comes here (a lane, a load, the
// JavaScript thread, whoever drops the last reference to memory) says first which it means.
void UseDevice(int device);
// For deleters: whatever is wrong, the call that they are about to make will be refused too.
void TryUseDevice(int device) noexcept;

// The number of an usable device, as "0". Throws DEVICE_NOT_FOUND with CUDA's own words when there
// is none, or none of that name. Nothing of TensorRT may be created before: some releases abort the
// process without a device.
int ResolveDevice(const std::string& id);
// 0 and CUDA's status, when it finds none.
int CountDevices(cudaError_t* status);
std::string NoDeviceHint(cudaError_t status);

// Has the device been lost, or is its state beyond repair? Then every call of CUDA says so.
bool DeviceIsLost();

}  // namespace accelnode::cuda
