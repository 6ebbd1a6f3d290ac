// HIP's statuses as Errors, and the calling thread's device.
#pragma once

#include <exception>
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
void UseNoDevice();                      // what fails from here on is no GPU's fault
void TryUseDevice(int device) noexcept;  // for deleters

constexpr hipError_t kNoDevice = 100;

// 0 and HIP's status, when it finds none.
int CountDevices(hipError_t* status);

// Has the calling thread's device been lost? Then every call of HIP says so. False where it uses
// none.
bool DeviceIsLost();

// Waits for all of the thread's device, if it is on one, when an exception leaves its scope: a run
// that MIGraphX gave up midway has begun on a stream of MIGraphX's own.
class WaitIfThrown {
 public:
  explicit WaitIfThrown(bool on_device) : on_device_(on_device) {}
  ~WaitIfThrown() {
    if (on_device_ && std::uncaught_exceptions() > outer_) Hip().hipDeviceSynchronize();
  }
  WaitIfThrown(const WaitIfThrown&) = delete;
  WaitIfThrown& operator=(const WaitIfThrown&) = delete;

 private:
  const bool on_device_;
  const int outer_ = std::uncaught_exceptions();
};

}  // namespace accelnode::rocm
