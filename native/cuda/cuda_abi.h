// CUDA's runtime and NVML, in our own declarations: only what is called. Facts from NVIDIA's
// documents; the functions have the same signatures in CUDA 12 and 13. cudaDeviceProp is left
// alone, its layout changed between the two.
#pragma once

#include <cstddef>
#include <cstdint>

namespace accelnode::cuda {

using cudaError_t = int;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
using cudaStream_t = CUstream_st*;
using cudaEvent_t = CUevent_st*;
using cudaGraph_t = CUgraph_st*;
using cudaGraphExec_t = CUgraphExec_st*;

constexpr cudaError_t cudaSuccess = 0;

// cudaDeviceAttr
constexpr int kAttributeMultiprocessors = 16;
constexpr int kAttributeIntegrated = 18;
constexpr int kAttributeCapabilityMajor = 75;
constexpr int kAttributeCapabilityMinor = 76;

constexpr int kAttributeMemoryPools = 115;

// cudaMemcpyKind: the addresses themselves tell where they lie.
constexpr int kMemcpyDefault = 4;

constexpr unsigned kHostAllocPortable = 1;  // pinned for all devices
constexpr unsigned kHostAllocMapped = 2;    // and in their address spaces
constexpr unsigned kStreamNonBlocking = 1;  // does not wait for the default stream
constexpr int kCaptureThreadLocal = 1;      // other threads may go on allocating meanwhile

#define ACCELNODE_CUDART_FUNCTIONS(X)                                              \
  X(cudaError_t, cudaGetDeviceCount, (int*))                                       \
  X(cudaError_t, cudaSetDevice, (int))                                             \
  X(cudaError_t, cudaDeviceGetAttribute, (int*, int, int))                         \
  X(cudaError_t, cudaDeviceGetPCIBusId, (char*, int, int))                         \
  X(cudaError_t, cudaMemGetInfo, (size_t*, size_t*))                               \
  X(cudaError_t, cudaDriverGetVersion, (int*))                                     \
  X(cudaError_t, cudaRuntimeGetVersion, (int*))                                    \
  X(cudaError_t, cudaHostAlloc, (void**, size_t, unsigned))                        \
  X(cudaError_t, cudaFreeHost, (void*))                                            \
  X(cudaError_t, cudaMalloc, (void**, size_t))                                     \
  X(cudaError_t, cudaFree, (void*))                                                \
  X(cudaError_t, cudaMemcpyAsync, (void*, const void*, size_t, int, cudaStream_t)) \
  X(cudaError_t, cudaStreamCreateWithFlags, (cudaStream_t*, unsigned))             \
  X(cudaError_t, cudaStreamDestroy, (cudaStream_t))                                \
  X(cudaError_t, cudaStreamSynchronize, (cudaStream_t))                            \
  X(cudaError_t, cudaEventCreateWithFlags, (cudaEvent_t*, unsigned))               \
  X(cudaError_t, cudaEventDestroy, (cudaEvent_t))                                  \
  X(cudaError_t, cudaEventRecord, (cudaEvent_t, cudaStream_t))                     \
  X(cudaError_t, cudaEventElapsedTime, (float*, cudaEvent_t, cudaEvent_t))         \
  X(cudaError_t, cudaGetLastError, ())                                             \
  X(const char*, cudaGetErrorName, (cudaError_t))                                  \
  X(const char*, cudaGetErrorString, (cudaError_t))

// Without these there are no graphs and no pools, and integrated devices are treated like others.
#define ACCELNODE_CUDART_OPTIONAL_FUNCTIONS(X)                                    \
  X(cudaError_t, cudaHostGetDevicePointer, (void**, void*, unsigned))             \
  X(cudaError_t, cudaMallocAsync, (void**, size_t, cudaStream_t))                 \
  X(cudaError_t, cudaFreeAsync, (void*, cudaStream_t))                            \
  X(cudaError_t, cudaStreamBeginCapture, (cudaStream_t, int))                     \
  X(cudaError_t, cudaStreamEndCapture, (cudaStream_t, cudaGraph_t*))              \
  X(cudaError_t, cudaGraphInstantiate, (cudaGraphExec_t*, cudaGraph_t, uint64_t)) \
  X(cudaError_t, cudaGraphLaunch, (cudaGraphExec_t, cudaStream_t))                \
  X(cudaError_t, cudaGraphDestroy, (cudaGraph_t))                                 \
  X(cudaError_t, cudaGraphExecDestroy, (cudaGraphExec_t))

// ---- The driver's own library, which cudart has loaded: for a name where there is no NVML, and to
// know which instance of a divided card is meant.

struct CudaUuid {
  unsigned char bytes[16];
};

#define ACCELNODE_CUDA_DRIVER_FUNCTIONS(X)   \
  X(int, cuDeviceGet, (int*, int))           \
  X(int, cuDeviceGetName, (char*, int, int)) \
  X(int, cuDeviceGetUuid_v2, (CudaUuid*, int))

// ---- NVML

struct nvmlDevice_st;
using nvmlDevice_t = nvmlDevice_st*;
using nvmlReturn_t = int;
constexpr nvmlReturn_t kNvmlSuccess = 0, kNvmlNotSupported = 3;

struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlUtilization {
  unsigned gpu, memory;  // percent
};
constexpr int kNvmlTemperatureGpu = 0;

#define ACCELNODE_NVML_FUNCTIONS(X)                                               \
  X(nvmlReturn_t, nvmlInit_v2, ())                                                \
  X(nvmlReturn_t, nvmlSystemGetDriverVersion, (char*, unsigned))                  \
  X(nvmlReturn_t, nvmlDeviceGetHandleByPciBusId_v2, (const char*, nvmlDevice_t*)) \
  X(nvmlReturn_t, nvmlDeviceGetName, (nvmlDevice_t, char*, unsigned))             \
  X(nvmlReturn_t, nvmlDeviceGetUUID, (nvmlDevice_t, char*, unsigned))

// A figure whose function is missing is not known. Without the last two, no card is divided into
// instances (MIG).
#define ACCELNODE_NVML_OPTIONAL_FUNCTIONS(X)                                       \
  X(nvmlReturn_t, nvmlDeviceGetMemoryInfo, (nvmlDevice_t, NvmlMemory*))            \
  X(nvmlReturn_t, nvmlDeviceGetUtilizationRates, (nvmlDevice_t, NvmlUtilization*)) \
  X(nvmlReturn_t, nvmlDeviceGetPowerUsage, (nvmlDevice_t, unsigned*))              \
  X(nvmlReturn_t, nvmlDeviceGetTemperature, (nvmlDevice_t, int, unsigned*))        \
  X(nvmlReturn_t, nvmlDeviceGetMigMode, (nvmlDevice_t, unsigned*, unsigned*))      \
  X(nvmlReturn_t, nvmlDeviceGetHandleByUUID, (const char*, nvmlDevice_t*))

}  // namespace accelnode::cuda
