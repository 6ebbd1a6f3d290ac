// Where the elements of a tensor lie: gaps between rows, and the order of axes.
#include <algorithm>
#include <cstring>

#include "rknn_ports.h"

namespace accelnode::rknn {
namespace {

// Elements of `bytes` each, from [n, rows, columns] to [n, columns, rows].
void Transpose(const uint8_t* from, uint8_t* to, size_t n, size_t rows, size_t columns,
               size_t bytes) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t row = 0; row < rows; ++row) {
      for (size_t column = 0; column < columns; ++column) {
        std::memcpy(to + (column * rows + row) * bytes, from + (row * columns + column) * bytes,
                    bytes);
      }
    }
    from += rows * columns * bytes;
    to += rows * columns * bytes;
  }
}

void CopyRows(const uint8_t* from, size_t from_pitch, uint8_t* to, size_t to_pitch,
              size_t row_bytes, size_t rows) {
  for (size_t i = 0; i < rows; ++i) {
    std::memcpy(to, from, row_bytes);
    from += from_pitch;
    to += to_pitch;
  }
}

size_t ElementBytes(const rknn_tensor_attr& attr) {
  return std::max<size_t>(1, static_cast<size_t>(DataTypeBits(FromRknn(attr.type))) / 8);
}

// Rows that the NPU wants to begin further apart than the elements are: of `row` bytes, `pitch`
// bytes apart. One row where it does not.
struct Rows {
  size_t count = 1, row = 0, pitch = 0;
};

Rows RowsOf(const rknn_tensor_attr& attr) {
  const size_t bytes = BytesOf(attr);
  Rows rows{1, bytes, bytes};
  const bool nhwc = attr.fmt == kFormatNhwc;
  if (attr.n_dims != 4 || attr.w_stride == 0 || (!nhwc && attr.fmt != kFormatNchw)) return rows;
  const size_t width = attr.dims[nhwc ? 2 : 3];
  const size_t pixel = ElementBytes(attr) * (nhwc ? attr.dims[3] : 1);
  if (attr.w_stride <= width || width == 0) return rows;
  rows.row = width * pixel;
  rows.pitch = attr.w_stride * pixel;
  rows.count = bytes / rows.row;
  return rows;
}

}  // namespace

std::vector<int64_t> DimsOf(const rknn_tensor_attr& attr) {
  return {attr.dims, attr.dims + std::min<size_t>(attr.n_dims, kMaxDims)};
}

size_t BytesOf(const rknn_tensor_attr& attr) {
  uint64_t elements = 1;
  for (int64_t dim : DimsOf(attr)) elements *= static_cast<uint64_t>(dim);
  return ByteSize(FromRknn(attr.type), elements);
}

void SetDims(rknn_tensor_attr& attr, const Shape& shape) {
  attr.n_dims = static_cast<uint32_t>(shape.rank());
  std::copy(shape.begin(), shape.end(), attr.dims);
  attr.n_elems = static_cast<uint32_t>(shape.Elements());
  attr.size = static_cast<uint32_t>(BytesOf(attr));
}

bool Port::IsDirect() const { return can_zero_copy && !reordered && RowsOf(attr).count == 1; }

size_t Port::BytesInMemory() const {
  const Rows rows = RowsOf(attr);
  return std::max<size_t>(rows.count * rows.pitch, attr.size_with_stride);
}

void Port::Scatter(const void* from, void* to) const {
  const Rows rows = RowsOf(attr);
  const auto* source = static_cast<const uint8_t*>(from);
  std::vector<uint8_t> ordered;
  if (reordered) {
    ordered.resize(BytesOf(attr));
    Reorder(from, ordered.data());
    source = ordered.data();
  }
  CopyRows(source, rows.row, static_cast<uint8_t*>(to), rows.pitch, rows.row, rows.count);
}

void Port::Gather(const void* from, void* to) const {
  const Rows rows = RowsOf(attr);
  const auto* source = static_cast<const uint8_t*>(from);
  if (!reordered) {
    return CopyRows(source, rows.pitch, static_cast<uint8_t*>(to), rows.row, rows.row, rows.count);
  }
  std::vector<uint8_t> packed(BytesOf(attr));
  CopyRows(source, rows.pitch, packed.data(), rows.row, rows.row, rows.count);
  Reorder(packed.data(), to);
}

// Inputs from `format` to attr.fmt, outputs from attr.fmt to `format`: either is a transposition.
void Port::Reorder(const void* from, void* to) const {
  const std::vector<int64_t> dims = DimsOf(attr);
  const bool model_is_nhwc = attr.fmt == kFormatNhwc;
  const auto n = static_cast<size_t>(dims[0]);
  const auto channels = static_cast<size_t>(dims[model_is_nhwc ? 3 : 1]);
  const size_t pixels = n * channels == 0 ? 0 : BytesOf(attr) / ElementBytes(attr) / n / channels;
  // The caller's order is the other one; `from` has the model's for outputs, the caller's for
  // inputs, and the two have swapped their last axes.
  const bool from_is_nhwc = is_input ? !model_is_nhwc : model_is_nhwc;
  const size_t rows = from_is_nhwc ? pixels : channels;
  const size_t columns = from_is_nhwc ? channels : pixels;
  Transpose(static_cast<const uint8_t*>(from), static_cast<uint8_t*>(to), n, rows, columns,
            ElementBytes(attr));
}

}  // namespace accelnode::rknn
