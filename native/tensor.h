// What a run works on: shapes, the memory of inputs and outputs, and buffers that a vendor owns.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data_type.h"
#include "value.h"

namespace accelnode {

// A view of contiguous items that somebody else owns.
template <typename T>
class Span {
 public:
  Span() = default;
  Span(T* data, size_t size) : data_(data), size_(size) {}
  template <typename Container>
  Span(Container& items) : data_(items.data()), size_(items.size()) {}

  T* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

// No supported runtime goes beyond 16 dimensions (TensorRT: 8, OpenVINO's CPU plugin: about 12).
// Shapes live inline, so that a run allocates nothing. lib/tensor.ts refuses more.
constexpr size_t kMaxRank = 16;

class Shape {
 public:
  Shape() = default;
  Shape(const int64_t* dims, size_t rank) : rank_(static_cast<uint32_t>(rank)) {
    std::copy_n(dims, rank, dims_.begin());
  }

  size_t rank() const { return rank_; }
  const int64_t* data() const { return dims_.data(); }
  int64_t* data() { return dims_.data(); }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  int64_t operator[](size_t i) const { return dims_[i]; }
  void Resize(size_t rank) { rank_ = static_cast<uint32_t>(rank); }

  uint64_t Elements() const {
    uint64_t elements = 1;
    for (int64_t dim : *this) elements *= static_cast<uint64_t>(dim);
    return elements;
  }
  bool operator==(const Shape& other) const {
    return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
  }
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  std::array<int64_t, kMaxRank> dims_{};
  uint32_t rank_ = 0;
};

constexpr int64_t kDynamic = -1;  // a dimension that is known only when a run begins

// One input or output as the loaded model declares it.
struct TensorInfo {
  std::string name;
  DataType type = DataType::kUnknown;
  bool rank_known = true;
  std::vector<int64_t> shape;  // kDynamic where the run decides
  // Bounds of the dynamic dimensions, where the model or its optimisation profile has them; as
  // long as `shape`, or empty.
  std::vector<int64_t> min, max;
  // How the vendor names the order of the axes ("NCHW"), the scale and zero point of quantised
  // data, ...: facts shown to the user as they are.
  Value details;

  bool IsDynamic() const {
    return !rank_known ||
           std::any_of(shape.begin(), shape.end(), [](int64_t dim) { return dim < 0; });
  }
};

enum class MemoryKind : uint8_t {
  kHost,    // ordinary memory
  kPinned,  // page-locked or otherwise shared with the device; the CPU can read and write it
  kDevice,  // the device's own; `data` is not for the CPU
};

const char* MemoryKindName(MemoryKind kind);
MemoryKind MemoryKindFromName(const std::string& name);  // lib/ has checked the name

// What TFLite's kernels and every vendor's SIMD code are content with. lib/memory.ts aligns to it
// too.
constexpr size_t kHostAlignment = 64;

// Memory that a backend allocated. Freed by the vendor's deleter inside `owner`, with the last
// copy. Without an owner: memory that somebody else keeps, for as long as the call takes.
struct Buffer {
  std::shared_ptr<void> owner;
  void* data = nullptr;    // address: the CPU's for kHost and kPinned, the device's for kDevice
  void* handle = nullptr;  // the vendor's object behind it (rknn_tensor_mem, ov_tensor), if any
  size_t bytes = 0;
  MemoryKind kind = MemoryKind::kHost;
};

// Ordinary memory, for a context whose vendor gives none away; its contents are not set.
Buffer AllocateHost(size_t bytes);

// An input of one run. Borrowed: valid until Context::Run returns.
struct Tensor {
  void* data = nullptr;
  size_t bytes = 0;
  Shape shape;
  const Buffer* buffer = nullptr;  // set when `data` lies in a Buffer of this backend and device
};

// An output of one run.
struct Output {
  bool wanted = true;    // false: the caller does not read it; nothing may be written to `data`
  void* data = nullptr;  // where to write; null: the context makes `allocated`
  size_t bytes = 0;      // room at `data`; after the run the bytes written
  Shape shape;           // expected when `data` is set; after the run the real one
  const Buffer* buffer = nullptr;         // as for Tensor
  MemoryKind memory = MemoryKind::kHost;  // of `allocated`: kHost or kDevice
  Buffer allocated;                       // what the context allocated for the caller to keep
  bool reshaped = false;                  // `data` was the caller's, but `shape` came out otherwise
};

}  // namespace accelnode
