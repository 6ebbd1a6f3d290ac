#include "datatypes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model.h"

namespace fake {
namespace {

constexpr DataType kTypes[] = {
#include "datatypes.inc"
};

constexpr std::pair<int32_t, const char*> kOfModels[] = {
    {kFloat, "float_type"},   {kHalf, "half_type"},     {kInt8, "int8_type"},
    {kInt32, "int32_type"},   {kBool, "bool_type"},     {kUint8, "uint8_type"},
    {kBf16, "bf16_type"},     {kInt64, "int64_type"},   {kDouble, "double_type"},
    {kInt16, "int16_type"},   {kUint16, "uint16_type"}, {kUint32, "uint32_type"},
    {kUint64, "uint64_type"},
};

}  // namespace

int NumberOf(const DataType& type) {
  return MIGRAPHX_RELEASE < 70100 ? type.until_7_0 : type.from_7_1;
}

const DataType* DataTypeOf(int number) {
  const auto* const found =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [number](const DataType& type) { return NumberOf(type) == number; });
  return found == std::end(kTypes) ? nullptr : found;
}

const DataType& DataTypeOfModel(int32_t type) {
  const auto* const named = std::find_if(std::begin(kOfModels), std::end(kOfModels),
                                         [type](const auto& entry) { return entry.first == type; });
  return *std::find_if(std::begin(kTypes), std::end(kTypes), [named](const DataType& row) {
    return std::strcmp(row.name, named->second) == 0;
  });
}

int32_t ModelTypeOf(const DataType& type) {
  for (const auto& [number, name] : kOfModels) {
    if (std::strcmp(name, type.name) == 0) return number;
  }
  return kNoType;
}

}  // namespace fake
