#include "tensorrt_types.h"

#include <algorithm>

namespace accelnode::cuda {

DataType FromTensorRt(int32_t type) {
  switch (type) {
    case trt::kFloat:
      return DataType::kFloat32;
    case trt::kHalf:
      return DataType::kFloat16;
    case trt::kInt8:
      return DataType::kInt8;
    case trt::kInt32:
      return DataType::kInt32;
    case trt::kBool:
      return DataType::kBool;
    case trt::kUint8:
      return DataType::kUint8;
    case trt::kFp8:
      return DataType::kFloat8E4M3;
    case trt::kBf16:
      return DataType::kBFloat16;
    case trt::kInt64:
      return DataType::kInt64;
    case trt::kInt4:
      return DataType::kInt4;
    default:
      return DataType::kUnknown;
  }
}

Shape ToShape(const Dims& dims) {
  return Shape(dims.d, static_cast<size_t>(std::clamp(dims.nbDims, 0, kMaxDims)));
}

bool IsKnown(const Dims& dims) {
  return dims.nbDims >= 0 &&
         std::all_of(dims.d, dims.d + dims.nbDims, [](int64_t dim) { return dim >= 0; });
}

std::string ShapeText(const int64_t* dims, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i) text += (i == 0 ? "" : ", ") + std::to_string(dims[i]);
  return text + "]";
}

}  // namespace accelnode::cuda
