// HIP's runtime in our own declarations: only what is called. hipDeviceProp_t is left alone, it has
// had three layouts.
#pragma once

#include <cstddef>

namespace accelnode::rocm {

using hipError_t = int;
struct ihipStream_t;
struct ihipEvent_t;
using hipStream_t = ihipStream_t*;
using hipEvent_t = ihipEvent_t*;

constexpr hipError_t hipSuccess = 0;

// hipDeviceAttribute_t
constexpr int kAttributeCapabilityMajor = 23;
constexpr int kAttributeCapabilityMinor = 61;
constexpr int kAttributeComputeUnits = 63;

constexpr int kMemcpyDefault = 4;            // the addresses themselves tell where they lie
constexpr unsigned kHostMallocPortable = 1;  // pinned for all devices
constexpr unsigned kStreamNonBlocking = 1;   // does not wait for the default stream

// X(result, name, parameters)
#define ACCELNODE_HIP_FUNCTIONS(X)                                              \
  X(hipError_t, hipRuntimeGetVersion, (int*))                                   \
  X(hipError_t, hipGetDeviceCount, (int*))                                      \
  X(hipError_t, hipSetDevice, (int))                                            \
  X(hipError_t, hipDeviceGetName, (char*, int, int))                            \
  X(hipError_t, hipDeviceTotalMem, (size_t*, int))                              \
  X(hipError_t, hipDeviceGetPCIBusId, (char*, int, int))                        \
  X(hipError_t, hipDeviceGetAttribute, (int*, int, int))                        \
  X(hipError_t, hipDeviceSynchronize, ())                                       \
  X(hipError_t, hipMemGetInfo, (size_t*, size_t*))                              \
  X(hipError_t, hipHostMalloc, (void**, size_t, unsigned))                      \
  X(hipError_t, hipHostFree, (void*))                                           \
  X(hipError_t, hipMalloc, (void**, size_t))                                    \
  X(hipError_t, hipFree, (void*))                                               \
  X(hipError_t, hipMemcpyAsync, (void*, const void*, size_t, int, hipStream_t)) \
  X(hipError_t, hipStreamCreateWithFlags, (hipStream_t*, unsigned))             \
  X(hipError_t, hipStreamDestroy, (hipStream_t))                                \
  X(hipError_t, hipStreamSynchronize, (hipStream_t))                            \
  X(hipError_t, hipEventCreateWithFlags, (hipEvent_t*, unsigned))               \
  X(hipError_t, hipEventDestroy, (hipEvent_t))                                  \
  X(hipError_t, hipEventRecord, (hipEvent_t, hipStream_t))                      \
  X(hipError_t, hipEventSynchronize, (hipEvent_t))                              \
  X(hipError_t, hipEventElapsedTime, (float*, hipEvent_t, hipEvent_t))          \
  X(hipError_t, hipGetLastError, ())                                            \
  X(const char*, hipGetErrorName, (hipError_t))                                 \
  X(const char*, hipGetErrorString, (hipError_t))

}  // namespace accelnode::rocm
