// MIGraphX's element types. Their numbers shifted by one in 7.1, under the same soname.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fake {

struct DataType {
  const char* name;
  int bytes;
  int until_7_0, from_7_1;  // -1: it is not there
};

constexpr int kTupleNumber = 0;

int NumberOf(const DataType& type);
// Null when there is none.
const DataType* DataTypeOf(int number);
// The types that models here are made of (../gpu/model.h).
const DataType& DataTypeOfModel(int32_t type);
int32_t ModelTypeOf(const DataType& type);

}  // namespace fake
