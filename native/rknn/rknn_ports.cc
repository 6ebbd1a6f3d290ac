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

std::vector<int64_t> DimsOf(const rknn_tensor_attr& attr) {
  return {attr.dims, attr.dims + std::min<size_t>(attr.n_dims, kMaxDims)};
}

// The same axes in the other order.
std::vector<int64_t> InOtherOrder(const std::vector<int64_t>& dims, int32_t from) {
  if (from == kFormatNhwc) return {dims[0], dims[3], dims[1], dims[2]};
  return {dims[0], dims[2], dims[3], dims[1]};
}

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

size_t BytesOf(const rknn_tensor_attr& attr) {
  uint64_t elements = 1;
  for (int64_t dim : DimsOf(attr)) elements *= static_cast<uint64_t>(dim);
  return ByteSize(FromRknn(attr.type), elements);
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

void Refuse(const std::string& name, const std::string& why, const char* hint) {
  throw Error(ErrorCode::INVALID_ARGUMENT, "\"" + name + "\" " + why).WithHint(hint);
}

void DescribeNative(const NpuContext& context, bool input, Port& port) {
  const uint32_t index = port.attr.index;
  if (!HasZeroCopy()) {
    throw Error(ErrorCode::UNSUPPORTED, "This librknnrt, " + LibraryVersion() +
                                            ", can't hand out the NPU's own layout.")
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
    Refuse(port.info.name, "is quantized: its raw numbers go in as " +
                               std::string(FormatName(port.attr.fmt)) + " only.",
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

// Null where the model has one shape only.
std::unique_ptr<rknn_input_range> QueryRange(const NpuContext& context, uint32_t index) {
  auto range = std::make_unique<rknn_input_range>();
  range->index = index;
  const int status =
      Api().query(context.get(), kQueryInputDynamicRange, range.get(), sizeof(rknn_input_range));
  if (status == kParamInvalid) return nullptr;
  Check(status, "rknn_query");
  if (range->shape_number < 2 || range->shape_number > kMaxDynamicShapes) return nullptr;
  return range;
}

// What the option `shapes` allows for an input: [[min, max, opt], …]; all, where it says nothing.
bool Allows(const Value& bounds, const Shape& shape) {
  if (bounds.AsList() == nullptr) return true;
  const Value::List& dims = *bounds.AsList();
  if (dims.size() != shape.rank()) return false;
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto at = [&](size_t which) { return *(*dims[i].AsList())[which].AsNumber(); };
    const auto dim = static_cast<double>(shape[i]);
    if (at(0) >= 0 && (dim < at(0) || dim > at(1))) return false;
  }
  return true;
}

// The sets of shapes that the model has, of those inputs that have several; empty where it has one.
std::vector<std::vector<Shape>> QueryShapes(const NpuContext& context,
                                            const std::vector<Port>& inputs) {
  std::vector<std::vector<Shape>> sets;
  if (Api().set_input_shapes == nullptr) return sets;
  for (const Port& port : inputs) {
    const std::unique_ptr<rknn_input_range> range = QueryRange(context, port.attr.index);
    if (!range) return {};
    sets.resize(range->shape_number);
    for (size_t set = 0; set < sets.size(); ++set) {
      Shape shape;
      shape.Resize(std::min<size_t>(range->n_dims, kMaxDims));
      std::copy_n(range->dyn_range[set], shape.rank(), shape.data());
      sets[set].push_back(shape);
    }
  }
  return sets;
}

// The bounds of an input, over all sets.
void DescribeBounds(const std::vector<std::vector<Shape>>& sets, size_t index, TensorInfo& info) {
  const Shape& first = sets.front()[index];
  info.min = info.max = {first.begin(), first.end()};
  for (const std::vector<Shape>& set : sets) {
    for (size_t i = 0; i < info.min.size(); ++i) {
      info.min[i] = std::min(info.min[i], set[index][i]);
      info.max[i] = std::max(info.max[i], set[index][i]);
    }
  }
  info.shape = info.min;
  for (size_t i = 0; i < info.min.size(); ++i) {
    if (info.min[i] != info.max[i]) info.shape[i] = kDynamic;
  }
  if (!info.IsDynamic()) {
    info.min.clear();
    info.max.clear();
  }
}

void DescribeShapes(const NpuContext& context, const Value& wanted, Ports& ports) {
  std::vector<std::vector<Shape>> sets = QueryShapes(context, ports.inputs);
  const bool dynamic = !sets.empty();
  if (!dynamic) {
    sets.emplace_back();
    for (const Port& port : ports.inputs) {
      sets[0].emplace_back(port.info.shape.data(), port.info.shape.size());
    }
  }
  const auto is_refused = [&](const std::vector<Shape>& set) {
    for (size_t i = 0; i < set.size(); ++i) {
      if (!Allows(wanted[ports.inputs[i].info.name], set[i])) return true;
    }
    return false;
  };
  sets.erase(std::remove_if(sets.begin(), sets.end(), is_refused), sets.end());
  if (sets.empty()) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The model was not converted for the shapes that the option shapes asks for.")
        .WithHint("Leave shapes out, or convert the model for them.");
  }
  if (!dynamic) return;
  for (size_t i = 0; i < ports.inputs.size(); ++i) {
    Port& port = ports.inputs[i];
    if (port.native || port.reordered) {
      Refuse(port.info.name, "has several shapes, and so only the model's own layout.",
             "Leave rknn's layout out for it.");
    }
    DescribeBounds(sets, i, port.info);
  }
  // librknnrt tells the shapes of outputs only for those of inputs that are set.
  for (Port& port : ports.outputs) {
    if (port.native || port.reordered) {
      Refuse(port.info.name, "has several shapes, and so only the model's own layout.",
             "Leave rknn's layout out for it.");
    }
    std::fill(port.info.shape.begin(), port.info.shape.end(), kDynamic);
  }
  ports.shape_sets = std::move(sets);
}

}  // namespace

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

void SetDims(rknn_tensor_attr& attr, const Shape& shape) {
  attr.n_dims = static_cast<uint32_t>(shape.rank());
  std::copy(shape.begin(), shape.end(), attr.dims);
  attr.n_elems = static_cast<uint32_t>(shape.Elements());
  attr.size = static_cast<uint32_t>(BytesOf(attr));
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

bool Port::IsDirect() const {
  return can_zero_copy && !reordered && RowsOf(attr).count == 1;
}

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
