// The operators: Identity, Add and Expand with numpy's broadcasting, NonZero, Shape.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "model.h"

namespace fake {
namespace {

std::optional<Shape> Broadcast(const Shape& a, const Shape& b) {
  const size_t rank = std::max(a.size(), b.size());
  Shape shape(rank);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t left = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const int64_t right = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (left == right || right == 1) {
      shape[i] = left;
    } else if (left == 1) {
      shape[i] = right;
    } else if (left < 0 || right < 0) {
      shape[i] = std::max(left, right);
    } else {
      return std::nullopt;
    }
  }
  return shape;
}

// Index of an element of `shape` in a tensor of `from` that is stretched to it.
size_t SourceIndex(size_t index, const Shape& shape, const Shape& from) {
  size_t source = 0, stride = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t axis = shape.size() - 1 - i;
    const auto size = static_cast<size_t>(shape[axis]);
    const size_t at = index % size;
    index /= size;
    if (i >= from.size()) continue;
    const auto from_size = static_cast<size_t>(from[from.size() - 1 - i]);
    source += (from_size == 1 ? 0 : at) * stride;
    stride *= from_size;
  }
  return source;
}

template <typename T>
void AddAs(const Value& a, const Value& b, Value& sum) {
  const uint64_t count = Elements(sum.shape);
  sum.bytes.resize(count * sizeof(T));
  for (size_t i = 0; i < count; ++i) {
    T left, right;
    std::memcpy(&left, a.bytes.data() + SourceIndex(i, sum.shape, a.shape) * sizeof(T), sizeof(T));
    std::memcpy(&right, b.bytes.data() + SourceIndex(i, sum.shape, b.shape) * sizeof(T), sizeof(T));
    left = static_cast<T>(left + right);
    std::memcpy(sum.bytes.data() + i * sizeof(T), &left, sizeof(T));
  }
}

Value NonZero(const Value& value, size_t size) {
  std::vector<size_t> found;
  for (size_t i = 0; i < value.bytes.size() / size; ++i) {
    const uint8_t* const element = value.bytes.data() + i * size;
    if (std::any_of(element, element + size, [](uint8_t byte) { return byte != 0; }))
      found.push_back(i);
  }
  const size_t rank = value.shape.size();
  std::vector<int64_t> places(rank * found.size());
  for (size_t n = 0; n < found.size(); ++n) {
    size_t rest = found[n];
    for (size_t axis = rank; axis-- > 0;) {
      const auto length = static_cast<size_t>(value.shape[axis]);
      places[axis * found.size() + n] = static_cast<int64_t>(rest % length);
      rest /= length;
    }
  }
  Value result;
  result.shape = {static_cast<int64_t>(rank), static_cast<int64_t>(found.size())};
  result.bytes.resize(places.size() * sizeof(int64_t));
  if (!places.empty()) std::memcpy(result.bytes.data(), places.data(), result.bytes.size());
  return result;
}

Value Expand(const Value& value, const Shape& wanted, size_t size) {
  Value result;
  result.shape = Broadcast(value.shape, wanted).value_or(value.shape);
  result.bytes.resize(Elements(result.shape) * size);
  for (size_t i = 0; i < result.bytes.size() / size; ++i) {
    const size_t from = SourceIndex(i, result.shape, value.shape);
    std::memcpy(result.bytes.data() + i * size, value.bytes.data() + from * size, size);
  }
  return result;
}

Value FromNumbers(const Shape& numbers) {
  const auto* const raw = reinterpret_cast<const uint8_t*>(numbers.data());
  return {{static_cast<int64_t>(numbers.size())},
          Bytes(raw, raw + numbers.size() * sizeof(int64_t))};
}

Shape ToNumbers(const Value& value) {
  Shape numbers(value.bytes.size() / sizeof(int64_t));
  if (!numbers.empty()) std::memcpy(numbers.data(), value.bytes.data(), value.bytes.size());
  return numbers;
}

}  // namespace

size_t SizeOf(int32_t type) {
  switch (type) {
    case kInt64:
    case kUint64:
    case kDouble:
      return 8;
    case kFloat:
    case kInt32:
    case kUint32:
      return 4;
    case kHalf:
    case kBf16:
    case kInt16:
    case kUint16:
      return 2;
    default:
      return 1;
  }
}

uint64_t Elements(const Shape& shape) {
  uint64_t count = 1;
  for (const int64_t dim : shape) count *= static_cast<uint64_t>(std::max<int64_t>(dim, 0));
  return count;
}

bool DecidesShapes(const Model& model, const std::string& input) {
  return std::any_of(model.nodes.begin(), model.nodes.end(), [&](const Node& node) {
    return node.op == "Expand" && node.inputs[1] == input;
  });
}

bool IsOnHost(const Model& model, const std::string& tensor) {
  return DecidesShapes(model, tensor) ||
         std::any_of(model.nodes.begin(), model.nodes.end(), [&](const Node& node) {
           return node.op == "Shape" && node.outputs[0] == tensor;
         });
}

std::map<std::string, Shape> InferShapes(const Model& model, std::map<std::string, Shape> shapes,
                                         const std::map<std::string, Shape>& values) {
  for (const Constant& constant : model.constants)
    shapes[constant.tensor.name] = constant.tensor.shape;
  for (const Node& node : model.nodes) {
    const Shape first = shapes[node.inputs[0]];
    Shape& shape = shapes[node.outputs[0]];
    if (node.op == "Identity") {
      shape = first;
    } else if (node.op == "NonZero") {
      shape = {static_cast<int64_t>(first.size()), -1};
    } else if (node.op == "Shape") {
      shape = {static_cast<int64_t>(first.size())};
    } else if (node.op == "Expand" && values.count(node.inputs[1]) == 0) {
      const auto rank = static_cast<size_t>(shapes[node.inputs[1]].at(0));
      shape.assign(std::max(rank, first.size()), -1);
    } else if (node.op == "Expand") {
      const auto wide = Broadcast(first, values.at(node.inputs[1]));
      if (!wide) return {};
      shape = *wide;
    } else {
      const auto sum = Broadcast(first, shapes[node.inputs[1]]);
      if (!sum) return {};
      shape = *sum;
    }
  }
  return shapes;
}

std::map<std::string, int32_t> InferTypes(const Model& model) {
  std::map<std::string, int32_t> types;
  for (const Tensor& input : model.inputs) types[input.name] = input.type;
  for (const Constant& constant : model.constants)
    types[constant.tensor.name] = constant.tensor.type;
  for (const Node& node : model.nodes) {
    const int32_t type = types[node.inputs[0]];
    const bool counts = node.op == "NonZero" || node.op == "Shape";
    types[node.outputs[0]] = counts ? static_cast<int32_t>(kInt64) : type;
  }
  return types;
}

std::map<std::string, Value> Compute(const Model& model, std::map<std::string, Value> values) {
  const auto types = InferTypes(model);
  for (const Constant& constant : model.constants)
    values[constant.tensor.name] = {constant.tensor.shape, constant.bytes};
  for (const Node& node : model.nodes) {
    const Value first = values[node.inputs[0]];
    const int32_t type = types.at(node.inputs[0]);
    Value& result = values[node.outputs[0]];
    if (node.op == "Identity") {
      result = first;
    } else if (node.op == "NonZero") {
      result = NonZero(first, SizeOf(type));
    } else if (node.op == "Shape") {
      result = FromNumbers(first.shape);
    } else if (node.op == "Expand") {
      result = Expand(first, ToNumbers(values[node.inputs[1]]), SizeOf(type));
    } else {
      const Value second = values[node.inputs[1]];
      result.shape = Broadcast(first.shape, second.shape).value_or(first.shape);
      if (type == kFloat) AddAs<float>(first, second, result);
      if (type == kInt32) AddAs<int32_t>(first, second, result);
      if (type == kInt64) AddAs<int64_t>(first, second, result);
    }
  }
  return values;
}

int Slowness(const Model& model) {
  int milliseconds = 0;
  for (const Node& node : model.nodes) {
    int own = 0;
    if (std::sscanf(node.name.c_str(), "slow %d", &own) == 1) milliseconds += own;
  }
  return milliseconds;
}

}  // namespace fake
