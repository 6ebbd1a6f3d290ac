#include "migraphx_types.h"

#include <array>
#include <cstring>

#include "migraphx_words.h"

namespace accelnode::rocm {
namespace {

// In the order of their numbers, from that of `bool` on.
constexpr std::array kTypes = {
    DataType::kBool,    DataType::kFloat16,    DataType::kFloat32,    DataType::kFloat64,
    DataType::kUint8,   DataType::kInt8,       DataType::kUint16,     DataType::kInt16,
    DataType::kInt32,   DataType::kInt64,      DataType::kUint32,     DataType::kUint64,
    DataType::kUnknown, DataType::kFloat8E4M3, DataType::kFloat8E5M2, DataType::kBFloat16,
};

int g_first = 1;  // the number of `bool`

}  // namespace

void ChooseNumbering() {
  // 3 is float up to 7.0 and half from 7.1 on.
  size_t length = 1, bytes = 0;
  const auto shape = Make<ShapeObject>(MIGRAPHX(shape_create), 3, &length, length);
  Call(MIGRAPHX(shape_bytes), &bytes, shape.get());
  if (bytes != 2 && bytes != 4) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                "its element types are numbered in an unknown way: number 3 has " +
                    std::to_string(bytes) + " bytes");
  }
  g_first = bytes == 4 ? 1 : 2;
}

DataType FromMigraphx(int type) {
  const int at = type - g_first;
  return at < 0 || at >= static_cast<int>(kTypes.size()) ? DataType::kUnknown
                                                         : kTypes[static_cast<size_t>(at)];
}

uint64_t Layout::Elements() const {
  uint64_t elements = 1;
  for (const int64_t dim : dims) elements *= static_cast<uint64_t>(dim);
  return elements;
}

bool Layout::IsPacked() const {
  int64_t expected = 1;
  for (size_t d = dims.size(); d-- > 0;) {
    if (dims[d] != 1 && strides[d] != expected) return Elements() == 0;
    expected *= dims[d];
  }
  return true;
}

size_t Layout::SpanBytes() const {
  if (Elements() == 0) return 0;
  int64_t last = 0;
  for (size_t d = 0; d < dims.size(); ++d) last += (dims[d] - 1) * strides[d];
  return ByteSize(type, static_cast<uint64_t>(last) + 1);
}

namespace {

// MIGraphX computes sizes without a sign: those that would be negative are huge.
void CheckSize(const Layout& layout) {
  constexpr uint64_t kMost = uint64_t{1} << 48;  // no address space has more
  uint64_t elements = 1;
  for (const int64_t dim : layout.dims) {
    const auto size = static_cast<uint64_t>(dim);
    if (size == 0) return;
    if (size <= kMost / elements) {
      elements *= size;
      continue;
    }
    throw Error(
        ErrorCode::MODEL_UNSUPPORTED,
        "MIGraphX computes a tensor of the impossible shape " + ShapeText(layout.dims) + ".")
        .WithHint("A Slice that ends before it begins, for one, is empty only for ONNX.");
  }
}

}  // namespace

Layout LayoutOf(const migraphx_shape* shape) {
  Layout layout;
  int type = 0;
  Call(MIGRAPHX(shape_type), &type, shape);
  layout.type = FromMigraphx(type);
  if (Migraphx().shape_dynamic != nullptr) Call(MIGRAPHX(shape_dynamic), &layout.dynamic, shape);
  if (layout.dynamic) return layout;
  const size_t* numbers = nullptr;
  size_t rank = 0;
  Call(MIGRAPHX(shape_lengths), &numbers, &rank, shape);
  layout.dims.assign(numbers, numbers + rank);
  Call(MIGRAPHX(shape_strides), &numbers, &rank, shape);
  layout.strides.assign(numbers, numbers + rank);
  CheckSize(layout);
  const bool scalar = rank == 1 && layout.dims[0] == 1 && layout.strides[0] == 0;
  if (scalar) layout.dims = layout.strides = {};
  return layout;
}

void Pack(const Layout& layout, const void* from, void* to) {
  const size_t size = ByteSize(layout.type, 1);
  const size_t rank = layout.dims.size();
  std::vector<int64_t> index(rank, 0);
  auto* out = static_cast<uint8_t*>(to);
  int64_t at = 0;
  for (uint64_t left = layout.Elements(); left > 0; --left) {
    std::memcpy(out, static_cast<const uint8_t*>(from) + static_cast<size_t>(at) * size, size);
    out += size;
    for (size_t d = rank; d-- > 0;) {
      at += layout.strides[d];
      if (++index[d] < layout.dims[d]) break;
      at -= layout.strides[d] * layout.dims[d];
      index[d] = 0;
    }
  }
}

std::string ShapeText(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(dims[i]);
  return text + "]";
}

}  // namespace accelnode::rocm
