#include "rknn_ports.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "rknn_check.h"

namespace accelnode::rknn {
namespace {

struct TypeRow {
  int32_t number;
  DataType type;
};

constexpr TypeRow kTypes[] = {
    {kTypeFloat32, DataType::kFloat32}, {kTypeFloat16, DataType::kFloat16},
    {kTypeInt8, DataType::kInt8},       {kTypeUint8, DataType::kUint8},
    {kTypeInt16, DataType::kInt16},     {kTypeUint16, DataType::kUint16},
    {kTypeInt32, DataType::kInt32},     {kTypeUint32, DataType::kUint32},
    {kTypeInt64, DataType::kInt64},     {kTypeBool, DataType::kBool},
    {kTypeInt4, DataType::kInt4},       {kTypeBfloat16, DataType::kBFloat16},
};

constexpr int32_t kDefaultType = -1, kRawType = -2;

// What the options ask for: "raw", or the name of a type; kDefaultType when nothing is.
int32_t TypeNamed(const std::string& name) {
  if (name == "raw") return kRawType;
  const DataType type = DataTypeFromName(name);
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row.number;
  }
  return kDefaultType;
}

const char* FormatName(int32_t format) {
  switch (format) {
    case kFormatNchw:
      return "NCHW";
    case kFormatNhwc:
      return "NHWC";
    case kFormatNc1hwc2:
      return "NC1HWC2";
    default:
      return nullptr;
  }
}

// Numbers that only the NPU computes with are floats to callers, unless they want them raw.
bool IsForNpuOnly(const rknn_tensor_attr& attr) {
  return IsQuantized(attr) || attr.type == kTypeFloat16 || attr.type == kTypeBfloat16;
}

Value Facts(const rknn_tensor_attr& attr, int32_t model_type) {
  Value::Map facts;
  if (const char* layout = FormatName(attr.fmt)) facts["layout"] = layout;
  if (attr.type != model_type) facts["modelType"] = DataTypeName(FromRknn(model_type));
  if (attr.qnt_type == kQuantizedAffine) {
    facts["scale"] = static_cast<double>(attr.scale);
    facts["zeroPoint"] = attr.zp;
  } else if (attr.qnt_type == kQuantizedDfp) {
    facts["fractionBits"] = static_cast<int>(attr.fl);
  }
  return facts.empty() ? Value() : Value(std::move(facts));
}

// The same axes in the other order.
std::vector<int64_t> InOtherOrder(const std::vector<int64_t>& dims, int32_t from) {
  if (from == kFormatNhwc) return {dims[0], dims[3], dims[1], dims[2]};
  return {dims[0], dims[2], dims[3], dims[1]};
}

void DescribeNative(const NpuContext& context, bool input, Port& port) {
  const uint32_t index = port.attr.index;
  if (!HasZeroCopy()) {
    throw Error(ErrorCode::UNSUPPORTED,
                "This librknnrt, " + LibraryVersion() + ", can't hand out the NPU's own layout.")
        .WithHint("It needs rknn_mem_sync and memory of no context: update librknnrt.so.");
  }
  port.attr = QueryAttr(context, input ? kQueryNativeInputAttr : kQueryNativeOutputAttr, index);
  port.attr.pass_through = input ? 1 : 0;
  port.model_type = port.attr.type;
  port.native = port.can_zero_copy = true;
}

// Decides what is exchanged, by what the options say of it: { type, layout }.
Port Describe(const NpuContext& context, bool input, uint32_t index, const Value& options) {
  Port port;
  port.is_input = input;
  port.attr = QueryAttr(context, input ? kQueryInputAttr : kQueryOutputAttr, index);
  port.info.name = std::string(port.attr.name, strnlen(port.attr.name, kMaxNameLength));
  const Value& wanted = options[input ? "inputs" : "outputs"][port.info.name];
  const std::string layout = wanted.String("layout");
  port.model_type = port.attr.type;
  int32_t type = TypeNamed(wanted.String("type"));
  if (type == kDefaultType) type = IsForNpuOnly(port.attr) ? kTypeFloat32 : kRawType;
  if (layout == "native") {
    DescribeNative(context, input, port);
    type = kRawType;
  }
  if (type == kRawType) type = port.model_type;
  const bool raw = type == port.model_type;
  port.attr.type = type;
  // librknnrt makes floats of outputs, and what the model has of bytes, also in memory of ours.
  port.can_zero_copy =
      raw || (input ? type == kTypeUint8 && port.attr.fmt == kFormatNhwc : type == kTypeFloat32);
  port.pass_through = raw && IsQuantized(port.attr);
  port.format = port.attr.fmt;
  port.info.shape = DimsOf(port.attr);
  port.info.type = FromRknn(type);
  port.info.details = Facts(port.attr, port.model_type);

  const char* own_layout = FormatName(port.attr.fmt);
  const bool is_own = own_layout != nullptr && layout == own_layout;
  if (layout.empty() || layout == "native" || is_own) return port;
  if (port.attr.n_dims != 4 || (port.attr.fmt != kFormatNhwc && port.attr.fmt != kFormatNchw)) {
    Refuse(port.info.name, "has no axes that " + layout + " could be the order of.",
           "Leave rknn's layout out for it.");
  }
  port.reordered = true;
  port.pass_through = false;
  if (input && raw && IsQuantized(port.attr)) {
    Refuse(port.info.name,
           "is quantized: its raw numbers go in as " + std::string(FormatName(port.attr.fmt)) +
               " only.",
           "Give floats or bytes, or leave rknn's layout out for it.");
  }
  port.format = layout == "NCHW" ? kFormatNchw : kFormatNhwc;
  port.info.shape = InOtherOrder(port.info.shape, port.attr.fmt);
  Value::Map details = *port.info.details.AsMap();
  details["layout"] = layout;
  port.info.details = std::move(details);
  return port;
}

// Options for an input or output that the model does not have would be passed over in silence.
void RefuseUnknown(const Value& wanted, const char* option, const std::vector<Port>& ports) {
  if (wanted.AsMap() == nullptr) return;
  for (const auto& [name, value] : *wanted.AsMap()) {
    const auto is_it = [&name = name](const Port& port) { return port.info.name == name; };
    if (std::any_of(ports.begin(), ports.end(), is_it)) continue;
    std::string names;
    for (const Port& port : ports) names += (names.empty() ? "\"" : ", \"") + port.info.name + "\"";
    throw Error(ErrorCode::INVALID_ARGUMENT, std::string("The option ") + option + " names \"" +
                                                 name + "\", which the model does not have.")
        .WithHint("It has: " + names + ".");
  }
}

}  // namespace

void Refuse(const std::string& name, const std::string& why, const char* hint) {
  throw Error(ErrorCode::INVALID_ARGUMENT, "\"" + name + "\" " + why).WithHint(hint);
}

DataType FromRknn(int32_t type) {
  for (const TypeRow& row : kTypes) {
    if (row.number == type) return row.type;
  }
  return DataType::kUnknown;
}

bool IsQuantized(const rknn_tensor_attr& attr) { return attr.qnt_type != kQuantizedNone; }

rknn_tensor_attr QueryAttr(const NpuContext& context, int32_t command, uint32_t index) {
  rknn_tensor_attr attr{};
  attr.index = index;
  RKNN_CALL(query, context.get(), command, &attr, sizeof attr);
  return attr;
}

Ports DescribePorts(const NpuContext& context, const Value& options) {
  const Value& own = options["rknn"];
  rknn_input_output_num count{};
  RKNN_CALL(query, context.get(), kQueryInOutNum, &count, sizeof count);
  Ports ports;
  for (uint32_t i = 0; i < count.n_input; ++i) {
    ports.inputs.push_back(Describe(context, true, i, own));
  }
  for (uint32_t i = 0; i < count.n_output; ++i) {
    ports.outputs.push_back(Describe(context, false, i, own));
  }
  RefuseUnknown(own["inputs"], "rknn.inputs", ports.inputs);
  RefuseUnknown(own["outputs"], "rknn.outputs", ports.outputs);
  RefuseUnknown(options["shapes"], "shapes", ports.inputs);
  DescribeShapes(context, options["shapes"], ports);
  return ports;
}

bool Ports::HasNative() const {
  const auto native = [](const Port& port) { return port.native; };
  return std::any_of(inputs.begin(), inputs.end(), native) ||
         std::any_of(outputs.begin(), outputs.end(), native);
}

bool Ports::CanZeroCopy() const {
  const auto can = [](const Port& port) { return port.can_zero_copy; };
  return !IsDynamic() && std::all_of(inputs.begin(), inputs.end(), can) &&
         std::all_of(outputs.begin(), outputs.end(), can);
}

}  // namespace accelnode::rknn
