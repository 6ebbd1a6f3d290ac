#include "data_type.h"

#include <array>

namespace accelnode {
namespace {

struct Row {
  const char* name;
  int bits;
};

constexpr std::array kRows = {
#define X(enumerator, name, bits) Row{name, bits},
    ACCELNODE_DATA_TYPES(X)
#undef X
};

}  // namespace

const char* DataTypeName(DataType type) { return kRows[static_cast<size_t>(type)].name; }

int DataTypeBits(DataType type) { return kRows[static_cast<size_t>(type)].bits; }

DataType DataTypeFromName(const std::string& name) {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (name == kRows[i].name) return static_cast<DataType>(i);
  }
  return DataType::kUnknown;
}

}  // namespace accelnode
