// HIP's statuses as Errors, and the calling thread's device.
#pragma once

#include <string>

#include "../error.h"
#include "hip_library.h"

namespace accelnode::rocm {

std::string HipStatusText(hipError_t status);  // "out of memory (hipErrorOutOfMemory, 2)"

// Is it one after which the device is of no use to this process any more?
bool IsSticky(hipError_t status);

Error HipError(hipError_t status, const char* function);

// Throws unless `status` is hipSuccess.
void CheckHip(hipError_t status, const char* function);

// Calls a function of HIP's and checks what it returns: HIP_CALL(hipFree, address).
#define HIP_CALL(function, ...) \
  ::accelnode::rocm::CheckHip(::accelnode::rocm::Hip().function(__VA_ARGS__), #function)

// HIP's current device is the thread's own, and MIGraphX computes on it too. Every thread that
// comes here says first which it means.
void UseDevice(int device);
void TryUseDevice(int device) noexcept;  // for deleters

constexpr hipError_t kNoDevice = 100;

// 0 and HIP's status, when it finds none.
int CountDevices(hipError_t* status);

// Has the calling thread's device been lost? Then every call of HIP says so. False where it uses
// none.
bool DeviceIsLost();

}  // namespace accelnode::rocm
