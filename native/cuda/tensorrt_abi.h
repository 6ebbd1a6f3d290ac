// TensorRT 10 and 11 in our own declarations: types, enumerators, the exported C functions, and the
// interfaces that we implement and TensorRT calls. What we call is in tensorrt_slots.h.
//
// Linux only (Itanium C++ ABI). The order of the virtual functions below IS the layout. None of
// them may let an exception out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda_abi.h"

namespace accelnode::cuda {

constexpr int kMaxDims = 8;

struct Dims {
  int32_t nbDims = 0;
  int64_t d[kMaxDims] = {};
};
static_assert(sizeof(Dims) == 72 && offsetof(Dims, d) == 8);

// ---- Enumerators. Where 10 and 11 differ, both are in tensorrt_slots.h.

namespace trt {
constexpr int32_t kFloat = 0, kHalf = 1, kInt8 = 2, kInt32 = 3, kBool = 4, kUint8 = 5, kFp8 = 6,
                  kBf16 = 7, kInt64 = 8, kInt4 = 9;                  // DataType
constexpr int32_t kInput = 1, kOutput = 2;                           // TensorIOMode
constexpr int32_t kLocationHost = 1;                                 // TensorLocation
constexpr int32_t kLinear = 0;                                       // TensorFormat
constexpr int32_t kMin = 0, kOpt = 1, kMax = 2;                      // OptProfileSelector
constexpr int32_t kWorkspace = 0;                                    // MemoryPoolType
constexpr int32_t kLayerNamesOnly = 0, kDetailed = 2;                // ProfilingVerbosity
constexpr int32_t kAllocateStatic = 0, kUserManaged = 2;             // …AllocationStrategy
constexpr int32_t kJson = 1;                                         // LayerInformationFormat
constexpr int32_t kAmperePlus = 1, kSameComputeCapability = 2;       // HardwareCompatibility…
constexpr int32_t kEntropyCalibration2 = 2, kMinMaxCalibration = 3;  // CalibrationAlgoType
constexpr int32_t kSeverityError = 1, kSeverityWarning = 2;          // ILogger::Severity
constexpr int32_t kInvalidArgument = 3, kFailedAllocation = 5;       // ErrorCode
constexpr int32_t kFirstUnsupported = 7, kLastUnsupported = 13;      // the parser's ErrorCode
}  // namespace trt

// ---- Exported functions

#define ACCELNODE_NVINFER_FUNCTIONS(X)    \
  X(int32_t, getInferLibVersion, ())      \
  X(int32_t, getInferLibMajorVersion, ()) \
  X(int32_t, getInferLibMinorVersion, ()) \
  X(int32_t, getInferLibPatchVersion, ()) \
  X(void*, createInferRuntime_INTERNAL, (void*, int32_t))

// The lean runtime has no builder.
#define ACCELNODE_NVINFER_OPTIONAL_FUNCTIONS(X)           \
  X(void*, createInferBuilder_INTERNAL, (void*, int32_t)) \
  X(void*, getPluginRegistry, ())

#define ACCELNODE_ONNX_PARSER_FUNCTIONS(X)                       \
  X(void*, createNvOnnxParser_INTERNAL, (void*, void*, int32_t)) \
  X(int32_t, getNvOnnxParserVersion, ())

#define ACCELNODE_PLUGIN_FUNCTIONS(X) X(bool, initLibNvInferPlugins, (void*, const char*))

// ---- What we implement

struct InterfaceInfo {
  const char* kind;
  int32_t major, minor;
};

// The head of all interfaces but 10's ILogger and IProfiler: slots 0 to 3.
class Versioned {
 public:
  virtual int32_t getAPILanguage() const noexcept { return 0; }  // C++
  virtual InterfaceInfo getInterfaceInfo() const noexcept = 0;
  virtual ~Versioned() = default;
};

class ILogger10 {
 public:
  virtual void log(int32_t severity, const char* text) noexcept = 0;
  virtual ~ILogger10() = default;
};

class ILogger11 : public Versioned {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return {"ILogger", 1, 0}; }
  virtual void log(int32_t severity, const char* text) noexcept = 0;
};

class IProfiler10 {
 public:
  virtual void reportLayerTime(const char* layer, float milliseconds) noexcept = 0;
  virtual ~IProfiler10() = default;
};

class IProfiler11 : public Versioned {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return {"IProfiler", 1, 0}; }
  virtual void reportLayerTime(const char* layer, float milliseconds) noexcept = 0;
};

class IProgressMonitor : public Versioned {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return {"IProgressMonitor", 1, 0}; }
  virtual void phaseStart(const char* phase, const char* parent, int32_t steps) noexcept = 0;
  virtual bool stepComplete(const char* phase, int32_t step) noexcept = 0;
  virtual void phaseFinish(const char* phase) noexcept = 0;
};

class IErrorRecorder : public Versioned {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return {"IErrorRecorder", 1, 0}; }
  virtual int32_t getNbErrors() const noexcept = 0;
  virtual int32_t getErrorCode(int32_t index) const noexcept = 0;
  virtual const char* getErrorDesc(int32_t index) const noexcept = 0;
  virtual bool hasOverflowed() const noexcept = 0;
  virtual void clear() noexcept = 0;
  virtual bool reportError(int32_t code, const char* description) noexcept = 0;
  virtual int32_t incRefCount() noexcept = 0;
  virtual int32_t decRefCount() noexcept = 0;
};

class IGpuAllocator : public Versioned {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return {"IGpuAllocator", 1, 0}; }
  virtual void* allocate(uint64_t size, uint64_t alignment, uint32_t flags) noexcept = 0;
  virtual void* reallocate(void* memory, uint64_t alignment, uint64_t size) noexcept = 0;
  virtual bool deallocate(void* memory) noexcept = 0;
  virtual void* allocateAsync(uint64_t size, uint64_t alignment, uint32_t flags,
                              cudaStream_t stream) noexcept = 0;
  virtual bool deallocateAsync(void* memory, cudaStream_t stream) noexcept = 0;
};

class IOutputAllocator : public Versioned {
 public:
  InterfaceInfo getInterfaceInfo() const noexcept override { return {"IOutputAllocator", 1, 0}; }
  virtual void* reallocateOutput(const char* tensor, void* current, uint64_t size,
                                 uint64_t alignment) noexcept = 0;
  virtual void* reallocateOutputAsync(const char* tensor, void* current, uint64_t size,
                                      uint64_t alignment, cudaStream_t stream) noexcept = 0;
  virtual void notifyShape(const char* tensor, const Dims& dims) noexcept = 0;
};

// 10 only. Whoever implements it names the kind that goes with getAlgorithm.
class IInt8Calibrator : public Versioned {
 public:
  virtual int32_t getBatchSize() const noexcept = 0;
  virtual bool getBatch(void* bindings[], const char* names[], int32_t count) noexcept = 0;
  virtual const void* readCalibrationCache(size_t& length) noexcept = 0;
  virtual void writeCalibrationCache(const void* cache, size_t length) noexcept = 0;
  virtual int32_t getAlgorithm() noexcept = 0;
};

}  // namespace accelnode::cuda
