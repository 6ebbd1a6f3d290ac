#include "cuda_check.h"

#include <charconv>

#include "cuda_library.h"

namespace accelnode::cuda {
namespace {

constexpr cudaError_t kOutOfMemory = 2, kInsufficientDriver = 35, kNoDevice = 100,
                      kInvalidDevice = 101;

ErrorCode CodeFor(cudaError_t status) {
  if (IsSticky(status)) return ErrorCode::DEVICE_LOST;
  switch (status) {
    case kOutOfMemory:
      return ErrorCode::OUT_OF_MEMORY;
    case kInsufficientDriver:
      return ErrorCode::RUNTIME_INCOMPATIBLE;
    case kNoDevice:
    case kInvalidDevice:
      return ErrorCode::DEVICE_NOT_FOUND;
    default:
      return ErrorCode::VENDOR_FAILURE;
  }
}

}  // namespace

bool IsSticky(cudaError_t status) {
  switch (status) {
    case 214:  // memory error that can't be corrected
    case 220:  // the same of NVLink
    case 226:  // an error that was contained
    case 700:  // illegal address
    case 702:  // launch timeout
    case 709:  // context is destroyed
    case 710:  // assert
    case 721:  // tensor memory that was not freed
    case 810:  // the MPS client was terminated
    case 999:  // unknown
      return true;
    default:
      return status >= 714 && status <= 719;  // hardware stack error … launch failure
  }
}

std::string StatusText(cudaError_t status) {
  const auto text = [](const char* words) { return std::string(words ? words : "unknown"); };
  return text(Cudart().cudaGetErrorString(status)) + " (" +
         text(Cudart().cudaGetErrorName(status)) + ", " + std::to_string(status) + ")";
}

Error CudaError(cudaError_t status, const char* function) {
  std::string message = "CUDA: " + StatusText(status) + ".";
  Error error = Error(CodeFor(status), "").WithCall(function, status);
  if (status == kInsufficientDriver) {
    message += " NVIDIA's driver is absent or too old.";
    error.hint = NoDeviceHint(status);
  } else if (error.code == ErrorCode::DEVICE_LOST) {
    error.hint = "Nothing more can be computed on this device in this process: start a new one.";
  }
  error.message = std::move(message);
  return error;
}

Error AllocationError(cudaError_t status, const char* function, uint64_t bytes, const char* where) {
  Error error = CudaError(status, function);
  error.message =
      "An allocation of " + std::to_string(bytes) + " bytes " + where + " failed. " + error.message;
  return error;
}

void Check(cudaError_t status, const char* function) {
  if (status == cudaSuccess) return;
  Cudart().cudaGetLastError();  // else the next to ask for the last error would get this one
  throw CudaError(status, function);
}

void UseDevice(int device) { CUDA_CALL(cudaSetDevice, device); }

void TryUseDevice(int device) noexcept { Cudart().cudaSetDevice(device); }

int CountDevices(cudaError_t* status) {
  int count = 0;
  *status = Cudart().cudaGetDeviceCount(&count);
  if (*status == cudaSuccess && count == 0) *status = kNoDevice;
  if (*status != cudaSuccess) Cudart().cudaGetLastError();
  return *status == cudaSuccess ? count : 0;
}

std::string NoDeviceHint(cudaError_t status) {
  if (status == kInsufficientDriver) {
    return "Install NVIDIA's driver, or a newer one; `nvidia-smi` shows it. In a container, start "
           "it "
           "with --gpus all.";
  }
  return "`nvidia-smi` shows the devices of this machine; CUDA_VISIBLE_DEVICES may hide them.";
}

int ResolveDevice(const std::string& id) {
  cudaError_t status = cudaSuccess;
  const int count = CountDevices(&status);
  if (count == 0) {
    throw Error(ErrorCode::DEVICE_NOT_FOUND, "CUDA finds no device: " + StatusText(status) + ".")
        .WithCall("cudaGetDeviceCount", status)
        .WithHint(NoDeviceHint(status));
  }
  int device = -1;
  const char* end = id.data() + id.size();
  const auto parsed = std::from_chars(id.data(), end, device);
  if (parsed.ec != std::errc() || parsed.ptr != end || device < 0 || device >= count) {
    throw Error(ErrorCode::DEVICE_NOT_FOUND, "There is no CUDA device \"" + id + "\".")
        .WithHint(count == 1 ? "There is cuda:0."
                             : "There are cuda:0 to cuda:" + std::to_string(count - 1) + ".");
  }
  return device;
}

bool DeviceIsLost() {
  size_t free = 0, total = 0;
  const cudaError_t status = Cudart().cudaMemGetInfo(&free, &total);
  if (status != cudaSuccess) Cudart().cudaGetLastError();
  return IsSticky(status);
}

}  // namespace accelnode::cuda
