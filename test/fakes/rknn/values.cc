#include "values.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "rknn_abi.h"

namespace fake {
namespace {

template <typename T>
T Load(const uint8_t* bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes + i * sizeof value, sizeof value);
  return value;
}

template <typename T>
void Store(uint8_t* bytes, size_t i, T value) {
  std::memcpy(bytes + i * sizeof value, &value, sizeof value);
}

double FromHalf(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const double fraction = bits & 1023;
  const double size = exponent == 31  ? (fraction > 0 ? NAN : INFINITY)
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

uint16_t ToHalf(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return 0x7e00;
  const double size = std::fabs(value);
  if (size == 0) return sign;
  if (size >= 65520) return static_cast<uint16_t>(sign | 0x7c00);
  int exponent = 0;
  std::frexp(size, &exponent);  // size = f * 2^exponent, f in [0.5, 1)
  exponent = std::max(exponent, -13);
  const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(size, 11 - exponent)));
  // What rounds up to the next power of two carries over to the exponent by itself.
  return static_cast<uint16_t>(sign | ((static_cast<uint32_t>(exponent + 13) << 10) + units));
}

uint16_t ToBfloat(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double FromBfloat(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

double Number(const uint8_t* bytes, size_t i, int type) {
  switch (type) {
    case abi::RKNN_TENSOR_FLOAT32:
      return Load<float>(bytes, i);
    case abi::RKNN_TENSOR_FLOAT16:
      return FromHalf(Load<uint16_t>(bytes, i));
    case abi::RKNN_TENSOR_BFLOAT16:
      return FromBfloat(Load<uint16_t>(bytes, i));
    case abi::RKNN_TENSOR_INT8:
      return Load<int8_t>(bytes, i);
    case abi::RKNN_TENSOR_UINT8:
    case abi::RKNN_TENSOR_BOOL:
      return Load<uint8_t>(bytes, i);
    case abi::RKNN_TENSOR_INT16:
      return Load<int16_t>(bytes, i);
    case abi::RKNN_TENSOR_UINT16:
      return Load<uint16_t>(bytes, i);
    case abi::RKNN_TENSOR_INT32:
      return Load<int32_t>(bytes, i);
    case abi::RKNN_TENSOR_UINT32:
      return Load<uint32_t>(bytes, i);
    default:
      return static_cast<double>(Load<int64_t>(bytes, i));
  }
}

template <typename T>
void StoreClamped(uint8_t* bytes, size_t i, double value) {
  const double least = static_cast<double>(std::numeric_limits<T>::min());
  const double most = static_cast<double>(std::numeric_limits<T>::max());
  Store(bytes, i, static_cast<T>(std::clamp(std::nearbyint(value), least, most)));
}

void SetNumber(uint8_t* bytes, size_t i, int type, double value) {
  switch (type) {
    case abi::RKNN_TENSOR_FLOAT32:
      return Store(bytes, i, static_cast<float>(value));
    case abi::RKNN_TENSOR_FLOAT16:
      return Store(bytes, i, ToHalf(value));
    case abi::RKNN_TENSOR_BFLOAT16:
      return Store(bytes, i, ToBfloat(static_cast<float>(value)));
    case abi::RKNN_TENSOR_INT8:
      return StoreClamped<int8_t>(bytes, i, value);
    case abi::RKNN_TENSOR_UINT8:
    case abi::RKNN_TENSOR_BOOL:
      return StoreClamped<uint8_t>(bytes, i, value);
    case abi::RKNN_TENSOR_INT16:
      return StoreClamped<int16_t>(bytes, i, value);
    case abi::RKNN_TENSOR_UINT16:
      return StoreClamped<uint16_t>(bytes, i, value);
    case abi::RKNN_TENSOR_INT32:
      return StoreClamped<int32_t>(bytes, i, value);
    case abi::RKNN_TENSOR_UINT32:
      return StoreClamped<uint32_t>(bytes, i, value);
    default:
      return Store(bytes, i, static_cast<int64_t>(value));
  }
}

}  // namespace

size_t TypeBytes(int type) {
  switch (type) {
    case abi::RKNN_TENSOR_INT8:
    case abi::RKNN_TENSOR_UINT8:
    case abi::RKNN_TENSOR_BOOL:
      return 1;
    case abi::RKNN_TENSOR_FLOAT16:
    case abi::RKNN_TENSOR_BFLOAT16:
    case abi::RKNN_TENSOR_INT16:
    case abi::RKNN_TENSOR_UINT16:
      return 2;
    case abi::RKNN_TENSOR_FLOAT32:
    case abi::RKNN_TENSOR_INT32:
    case abi::RKNN_TENSOR_UINT32:
      return 4;
    case abi::RKNN_TENSOR_INT64:
      return 8;
    default:
      return 0;
  }
}

std::vector<double> Decode(const uint8_t* bytes, size_t count, int type, const Quantization& how) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = Number(bytes, i, type);
    if (how.kind == abi::RKNN_TENSOR_QNT_AFFINE_ASYMMETRIC) {
      values[i] = (values[i] - how.zero_point) * how.scale;
    } else if (how.kind == abi::RKNN_TENSOR_QNT_DFP) {
      values[i] = std::ldexp(values[i], -how.fraction_bits);
    }
  }
  return values;
}

std::vector<uint8_t> Encode(const std::vector<double>& values, int type, const Quantization& how) {
  std::vector<uint8_t> bytes(values.size() * TypeBytes(type));
  for (size_t i = 0; i < values.size(); ++i) {
    double value = values[i];
    if (how.kind == abi::RKNN_TENSOR_QNT_AFFINE_ASYMMETRIC) {
      value = value / how.scale + how.zero_point;
    } else if (how.kind == abi::RKNN_TENSOR_QNT_DFP) {
      value = std::ldexp(value, how.fraction_bits);
    }
    SetNumber(bytes.data(), i, type, value);
  }
  return bytes;
}

}  // namespace fake
