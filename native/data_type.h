// Element types of tensors, under the names that ONNX and onnxruntime users know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace accelnode {

// Enumerator, name, bits per element. Four-bit types are packed, two to a byte. lib/data-type.ts
// repeats the names for TypeScript; a test compares. A model can report `string` and `unknown`,
// but no run can take them.
#define ACCELNODE_DATA_TYPES(X)   \
  X(kFloat32, "float32", 32)      \
  X(kFloat16, "float16", 16)      \
  X(kBFloat16, "bfloat16", 16)    \
  X(kFloat64, "float64", 64)      \
  X(kInt8, "int8", 8)             \
  X(kUint8, "uint8", 8)           \
  X(kInt16, "int16", 16)          \
  X(kUint16, "uint16", 16)        \
  X(kInt32, "int32", 32)          \
  X(kUint32, "uint32", 32)        \
  X(kInt64, "int64", 64)          \
  X(kUint64, "uint64", 64)        \
  X(kBool, "bool", 8)             \
  X(kInt4, "int4", 4)             \
  X(kUint4, "uint4", 4)           \
  X(kFloat8E4M3, "float8e4m3", 8) \
  X(kFloat8E5M2, "float8e5m2", 8) \
  X(kString, "string", 0)         \
  X(kUnknown, "unknown", 0)

enum class DataType : uint8_t {
#define X(enumerator, name, bits) enumerator,
  ACCELNODE_DATA_TYPES(X)
#undef X
};

const char* DataTypeName(DataType type);
DataType DataTypeFromName(const std::string& name);  // kUnknown when there is no such type
int DataTypeBits(DataType type);

// Bytes that `elements` packed elements take.
inline size_t ByteSize(DataType type, uint64_t elements) {
  return static_cast<size_t>((elements * static_cast<uint64_t>(DataTypeBits(type)) + 7) / 8);
}

}  // namespace accelnode
