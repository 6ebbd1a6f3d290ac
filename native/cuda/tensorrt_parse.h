// Reading ONNX into a network of TensorRT's.
#pragma once

#include <string>
#include <vector>

#include "../backend.h"
#include "cuda_library.h"

namespace accelnode::cuda {

// The result holds what the network's weights point at, and must outlive the build. Throws
// MODEL_INVALID or MODEL_UNSUPPORTED with all that the parser found wrong.
TrtParser ParseOnnx(const void* network, const ModelSource& source);

struct NetworkInput {
  std::string name;
  DataType type = DataType::kUnknown;
  std::vector<int64_t> dims;  // -1: dynamic
  bool shape_tensor = false;  // its values decide shapes
};
std::vector<NetworkInput> InputsOf(const void* network);

}  // namespace accelnode::cuda
