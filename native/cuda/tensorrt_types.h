// Between TensorRT's types and ours.
#pragma once

#include <string>

#include "../tensor.h"
#include "tensorrt_abi.h"

namespace accelnode::cuda {

DataType FromTensorRt(int32_t type);

template <typename Numbers>
Dims ToDims(const Numbers& numbers) {
  Dims dims;
  for (const auto number : numbers) dims.d[dims.nbDims++] = static_cast<int64_t>(number);
  return dims;
}

Shape ToShape(const Dims& dims);
bool IsKnown(const Dims& dims);  // has a rank, and no dimension of -1

std::string ShapeText(const int64_t* dims, size_t rank);  // "[1, 3, 224, 224]"

}  // namespace accelnode::cuda
