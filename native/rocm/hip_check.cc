#include "hip_check.h"

namespace accelnode::rocm {
namespace {

constexpr hipError_t kOutOfMemory = 2, kInvalidDevice = 101;

thread_local bool t_uses_device = false;

ErrorCode CodeFor(hipError_t status) {
  if (IsSticky(status)) return ErrorCode::DEVICE_LOST;
  switch (status) {
    case kOutOfMemory:
      return ErrorCode::OUT_OF_MEMORY;
    case kNoDevice:
    case kInvalidDevice:
      return ErrorCode::DEVICE_NOT_FOUND;
    default:
      return ErrorCode::VENDOR_FAILURE;
  }
}

}  // namespace

std::string HipStatusText(hipError_t status) {
  const auto text = [](const char* words) { return std::string(words ? words : "unknown"); };
  return text(Hip().hipGetErrorString(status)) + " (" + text(Hip().hipGetErrorName(status)) + ", " +
         std::to_string(status) + ")";
}

bool IsSticky(hipError_t status) {
  switch (status) {
    case 214:  // memory error that can't be corrected
    case 700:  // illegal address
    case 702:  // launch timeout
    case 709:  // context is destroyed
    case 710:  // assert
    case 719:  // launch failure
    case 999:  // unknown
      return true;
    default:
      return false;
  }
}

Error HipError(hipError_t status, const char* function) {
  Error error =
      Error(CodeFor(status), "HIP: " + HipStatusText(status) + ".").WithCall(function, status);
  if (error.code == ErrorCode::DEVICE_LOST) {
    error.hint = "Nothing more can be computed on this device in this process: start a new one.";
  }
  return error;
}

void CheckHip(hipError_t status, const char* function) {
  if (status == hipSuccess) return;
  Hip().hipGetLastError();  // else the next to ask for the last error would get this one
  throw HipError(status, function);
}

void UseDevice(int device) {
  HIP_CALL(hipSetDevice, device);
  t_uses_device = true;
}

void UseNoDevice() { t_uses_device = false; }

void TryUseDevice(int device) noexcept { Hip().hipSetDevice(device); }

int CountDevices(hipError_t* status) {
  int count = 0;
  *status = Hip().hipGetDeviceCount(&count);
  if (*status == hipSuccess && count == 0) *status = kNoDevice;
  if (*status != hipSuccess) Hip().hipGetLastError();
  return *status == hipSuccess ? count : 0;
}

bool DeviceIsLost() {
  if (!t_uses_device) return false;
  size_t free = 0, total = 0;
  const hipError_t status = Hip().hipMemGetInfo(&free, &total);
  if (status != hipSuccess) Hip().hipGetLastError();
  return IsSticky(status);
}

}  // namespace accelnode::rocm
