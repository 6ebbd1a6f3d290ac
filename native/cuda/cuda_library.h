// The opened TensorRT and CUDA: their functions, and handles that free themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "../backend.h"
#include "tensorrt_slots.h"

namespace accelnode::cuda {

#define X(result, name, parameters) result(*name) parameters = nullptr;
struct CudartFunctions {
  ACCELNODE_CUDART_FUNCTIONS(X)
  ACCELNODE_CUDART_OPTIONAL_FUNCTIONS(X)
};
struct TensorRtFunctions {
  ACCELNODE_NVINFER_FUNCTIONS(X)
  ACCELNODE_NVINFER_OPTIONAL_FUNCTIONS(X)
  ACCELNODE_ONNX_PARSER_FUNCTIONS(X)
  ACCELNODE_PLUGIN_FUNCTIONS(X)
};
struct NvmlFunctions {
  ACCELNODE_NVML_FUNCTIONS(X)
  ACCELNODE_NVML_OPTIONAL_FUNCTIONS(X)
};
struct DriverFunctions {
  ACCELNODE_CUDA_DRIVER_FUNCTIONS(X)
};
#undef X

// The one TensorRT and CUDA of this process. Only after OpenLibraries has succeeded.
const CudartFunctions& Cudart();
const TensorRtFunctions& TensorRt();
const NvmlFunctions* Nvml();  // null where it is not installed

// Opens the first usable TensorRT and what goes with it.
Runtime OpenLibraries(const OpenRequest& request);

bool HasGraphs();   // can this CUDA record a stream's work?
bool HasBuilder();  // false: the lean runtime
bool AtLeast(int major, int minor);
std::string CudaVersionText(int version);  // 12090: "12.9"
int DriverCudaVersion();                   // 0: not known

// ---- Objects of TensorRT's

// TensorRT reports some failures by a null object, or by one "at" a small offset from null.
inline bool IsNull(const void* object) { return reinterpret_cast<uintptr_t>(object) < 0x10000; }

struct Destroy {
  void operator()(void* object) const;
};
struct DestroyParser {
  void operator()(void* parser) const { plain::Call(parser, method::parser::kDelete); }
};

// Freed with the last of its class. Order: whatever made an object goes after it.
template <typename Deleter>
class Object {
 public:
  Object() = default;
  explicit Object(void* object) : object_(IsNull(object) ? nullptr : object) {}
  void* get() const { return object_.get(); }
  void reset() { object_.reset(); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  std::unique_ptr<void, Deleter> object_;
};
using TrtObject = Object<Destroy>;
using TrtParser = Object<DestroyParser>;

}  // namespace accelnode::cuda
