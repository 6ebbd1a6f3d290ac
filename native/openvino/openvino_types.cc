#include "openvino_types.h"

#include <array>

namespace accelnode::openvino {
namespace {

constexpr ov_element_type kNone = -1;

struct Row {
  DataType type;
  ov_element_type number[3];  // before 2024.2; 2024.2 to 2025.0; from 2025.1
};

constexpr std::array kRows = {
    Row{DataType::kBool, {2, 2, 1}},          Row{DataType::kBFloat16, {3, 3, 2}},
    Row{DataType::kFloat16, {4, 4, 3}},       Row{DataType::kFloat32, {5, 5, 4}},
    Row{DataType::kFloat64, {6, 6, 5}},       Row{DataType::kInt4, {7, 7, 6}},
    Row{DataType::kInt8, {8, 8, 7}},          Row{DataType::kInt16, {9, 9, 8}},
    Row{DataType::kInt32, {10, 10, 9}},       Row{DataType::kInt64, {11, 11, 10}},
    Row{DataType::kUint4, {13, 15, 14}},      Row{DataType::kUint8, {14, 17, 16}},
    Row{DataType::kUint16, {15, 18, 17}},     Row{DataType::kUint32, {16, 19, 18}},
    Row{DataType::kUint64, {17, 20, 19}},     Row{DataType::kFloat8E4M3, {19, 22, 21}},
    Row{DataType::kFloat8E5M2, {20, 23, 22}}, Row{DataType::kString, {kNone, 24, 23}},
};

size_t g_era = 2;

size_t EraOf(const Version& version) {
  if (version < Version{2024, 2}) return 0;
  if (version < Version{2025, 1}) return 1;
  return 2;
}

// Throws unless the library takes `number` for `type`. The bytes of eight elements tell
// neighbouring types apart well enough to notice a shift.
void CheckNumber(DataType type, ov_element_type number, const Version& version) {
  const std::string library =
      "this OpenVINO (" + std::to_string(version.year) + "." + std::to_string(version.minor) + ")";
  int64_t dims[] = {8};
  TensorHandle tensor;
  size_t bytes = 0;
  try {
    OV_CALL(ov_tensor_create, number, ov_shape{1, dims}, Out(tensor));
    OV_CALL(ov_tensor_get_byte_size, tensor.get(), &bytes);
  } catch (Error& error) {
    error.message = library + " makes no tensor of " + DataTypeName(type) + " (number " +
                    std::to_string(number) + "): " + error.message;
    throw;
  }
  if (bytes == ByteSize(type, 8)) return;
  throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
              library + " numbers its element types in a way that accelnode does not know (" +
                  DataTypeName(type) + " is not " + std::to_string(number) + ")");
}

}  // namespace

void ChooseElementTypes(const Version& version) {
  g_era = EraOf(version);
  for (const Row& row : kRows) {
    if (DataTypeBits(row.type) > 0) CheckNumber(row.type, row.number[g_era], version);
  }
}

ov_element_type ToOpenvino(DataType type) {
  for (const Row& row : kRows) {
    if (row.type == type) return row.number[g_era];
  }
  return kNone;
}

DataType FromOpenvino(ov_element_type number) {
  for (const Row& row : kRows) {
    if (row.number[g_era] == number) return row.type;
  }
  return DataType::kUnknown;
}

}  // namespace accelnode::openvino
