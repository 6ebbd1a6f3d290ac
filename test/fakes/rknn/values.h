// Elements of tensors: their types, and how the NPU quantizes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fake {

struct Quantization {
  int64_t kind = 0;
  int zero_point = 0;
  double scale = 1;
  int fraction_bits = 0;
};

size_t TypeBytes(int type);  // 0 for a type that the double does not have

// Numbers as they are in memory, to what they mean and back. Numbers that are not quantized mean
// themselves.
std::vector<double> Decode(const uint8_t* bytes, size_t count, int type, const Quantization& how);
std::vector<uint8_t> Encode(const std::vector<double>& values, int type, const Quantization& how);

}  // namespace fake
