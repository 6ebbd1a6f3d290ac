// Between MIGraphX's types and ours.
#pragma once

#include <string>

#include "../tensor.h"
#include "migraphx_abi.h"

namespace accelnode::rocm {

// ROCm 7.1 put a type before all others, under the same library name. So the numbers are chosen by
// what the library says of one of them. Throws when it is neither.
void ChooseNumbering();

DataType FromMigraphx(int type);  // kUnknown for those that no tensor of ours has

// What is to be known of a static shape of MIGraphX's. A scalar is told as one dimension of stride
// 0.
struct Layout {
  DataType type = DataType::kUnknown;
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;  // in elements
  bool dynamic = false;          // then there are no dims

  uint64_t Elements() const;
  bool IsPacked() const;  // in the order of the dimensions, without gaps
  // Bytes from the first element to the end of the last one, in whatever order they lie.
  size_t SpanBytes() const;
};

Layout LayoutOf(const migraphx_shape* shape);

// Brings `elements` that lie by `layout` into the order of its dimensions.
void Pack(const Layout& layout, const void* from, void* to);

std::string ShapeText(const std::vector<int64_t>& dims);  // "[1, 3, 224, 224]"

}  // namespace accelnode::rocm
