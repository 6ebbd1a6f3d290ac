// The little of ONNX that the doubles read.
#include <algorithm>
#include <cstring>
#include <set>

#include "model.h"

namespace fake {
namespace {

// One message of protobuf's wire format.
class Message {
 public:
  Message(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}

  // Goes to the next field; false at the end, or when it is broken.
  bool Next() {
    if (at_ == end_ || !ok_) return false;
    uint64_t key = Varint();
    field_ = static_cast<int>(key >> 3);
    const auto kind = static_cast<int>(key & 7);
    data_ = nullptr;
    size_ = 0;
    if (kind == 0) {
      number_ = Varint();
    } else if (kind == 1) {
      Take(8);
    } else if (kind == 2) {
      Take(Varint());
    } else if (kind == 5) {
      Take(4);
    } else {
      ok_ = false;
    }
    if (field_ == 0) ok_ = false;
    return ok_;
  }

  bool ok() const { return ok_; }
  int field() const { return field_; }
  uint64_t number() const { return number_; }
  Message message() const { return {data_, size_}; }
  std::string text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  Bytes bytes() const { return Bytes(data_, data_ + size_); }
  bool has_data() const { return data_ != nullptr; }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) break;
      const uint8_t byte = *at_++;
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
    ok_ = false;
    return 0;
  }
  bool AtEnd() const { return at_ == end_; }

 private:
  void Take(uint64_t size) {
    if (size > static_cast<uint64_t>(end_ - at_)) {
      ok_ = false;
      return;
    }
    data_ = at_;
    size_ = size;
    at_ += size;
  }

  const uint8_t *at_, *end_;
  bool ok_ = true;
  int field_ = 0;
  uint64_t number_ = 0;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

int32_t TypeOf(uint64_t onnx) {
  switch (onnx) {
    case 1:
      return kFloat;
    case 2:
      return kUint8;
    case 3:
      return kInt8;
    case 4:
      return kUint16;
    case 5:
      return kInt16;
    case 6:
      return kInt32;
    case 7:
      return kInt64;
    case 9:
      return kBool;
    case 10:
      return kHalf;
    case 11:
      return kDouble;
    case 12:
      return kUint32;
    case 13:
      return kUint64;
    case 16:
      return kBf16;
    default:
      return kNoType;
  }
}

bool ReadValueInfo(Message info, Tensor& tensor) {
  while (info.Next()) {
    if (info.field() == 1) tensor.name = info.text();
    if (info.field() != 2) continue;
    Message type = info.message();
    while (type.Next()) {
      if (type.field() != 1) continue;
      Message kind = type.message();
      while (kind.Next()) {
        if (kind.field() == 1) tensor.type = TypeOf(kind.number());
        if (kind.field() != 2) continue;
        Message shape = kind.message();
        while (shape.Next()) {
          Message dim = shape.message();
          int64_t size = -1;
          while (dim.Next()) {
            if (dim.field() == 1) size = static_cast<int64_t>(dim.number());
          }
          if (!dim.ok()) return false;
          tensor.shape.push_back(size);
        }
        if (!shape.ok()) return false;
      }
      if (!kind.ok()) return false;
    }
    if (!type.ok()) return false;
  }
  return info.ok();
}

template <typename T>
void Append(Bytes& bytes, T value) {
  const auto* const raw = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

bool ReadInitializer(Message proto, Constant& constant) {
  while (proto.Next()) {
    switch (proto.field()) {
      case 1:
        if (proto.has_data()) {
          Message packed = proto.message();
          while (!packed.AtEnd() && packed.ok())
            constant.tensor.shape.push_back(static_cast<int64_t>(packed.Varint()));
        } else {
          constant.tensor.shape.push_back(static_cast<int64_t>(proto.number()));
        }
        break;
      case 2:
        constant.tensor.type = TypeOf(proto.number());
        break;
      case 4:
      case 9:
        constant.bytes = proto.bytes();
        break;
      case 7: {
        Message packed = proto.message();
        while (!packed.AtEnd() && packed.ok())
          Append(constant.bytes, static_cast<int64_t>(packed.Varint()));
        break;
      }
      case 8:
        constant.tensor.name = proto.text();
        break;
      default:
        break;
    }
  }
  return proto.ok();
}

bool ReadNode(Message proto, Node& node) {
  while (proto.Next()) {
    if (proto.field() == 1) node.inputs.push_back(proto.text());
    if (proto.field() == 2) node.outputs.push_back(proto.text());
    if (proto.field() == 3) node.name = proto.text();
    if (proto.field() == 4) node.op = proto.text();
  }
  return proto.ok();
}

bool ReadGraph(Message graph, Model& model) {
  while (graph.Next()) {
    bool ok = true;
    if (graph.field() == 1) ok = ReadNode(graph.message(), model.nodes.emplace_back());
    if (graph.field() == 5) ok = ReadInitializer(graph.message(), model.constants.emplace_back());
    if (graph.field() == 11) ok = ReadValueInfo(graph.message(), model.inputs.emplace_back());
    if (graph.field() == 12) ok = ReadValueInfo(graph.message(), model.outputs.emplace_back());
    if (!ok) return false;
  }
  return graph.ok();
}

void Check(const Model& model, std::vector<ParseError>& errors) {
  std::set<std::string> known;
  for (const Tensor& input : model.inputs) known.insert(input.name);
  for (const Constant& constant : model.constants) known.insert(constant.tensor.name);
  for (size_t i = 0; i < model.nodes.size(); ++i) {
    const Node& node = model.nodes[i];
    const auto index = static_cast<int>(i);
    const std::set<std::string> of_one = {"Identity", "NonZero", "Shape"},
                                of_two = {"Add", "Expand"};
    const size_t inputs = of_two.count(node.op) != 0 ? 2 : 1;
    if (of_one.count(node.op) + of_two.count(node.op) == 0) {
      errors.push_back({8, "No importer registered for op: " + node.op, node.name, node.op, index});
    } else if (node.inputs.size() != inputs || node.outputs.size() != 1) {
      errors.push_back(
          {6, "Assertion failed: wrong number of inputs or outputs", node.name, node.op, index});
    } else {
      for (const std::string& input : node.inputs) {
        if (known.count(input) == 0)
          errors.push_back({5, "Tensor " + input + " was not found", node.name, node.op, index});
      }
    }
    known.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const Tensor& output : model.outputs) {
    if (known.count(output.name) == 0)
      errors.push_back({5, "Output " + output.name + " was not found", "", "", -1});
  }
}

}  // namespace

bool ReadOnnx(const uint8_t* data, size_t size, Model& model, std::vector<ParseError>& errors) {
  Message proto(data, size);
  while (proto.Next()) {
    if (proto.field() == 7 && !ReadGraph(proto.message(), model)) return false;
  }
  if (!proto.ok()) return false;
  // Initializers may be listed among the inputs.
  const auto is_constant = [&](const Tensor& input) {
    return std::any_of(
        model.constants.begin(), model.constants.end(),
        [&](const Constant& constant) { return constant.tensor.name == input.name; });
  };
  model.inputs.erase(std::remove_if(model.inputs.begin(), model.inputs.end(), is_constant),
                     model.inputs.end());
  Check(model, errors);
  return true;
}

}  // namespace fake
