// What the doubles compute: models read from ONNX, with a handful of operators on tensors in
// memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace fake {

using Shape = std::vector<int64_t>;
using Bytes = std::vector<uint8_t>;

// Element types, by TensorRT's numbers. It has none of those from kDouble on.
enum Type : int32_t {
  kFloat = 0,
  kHalf = 1,
  kInt8 = 2,
  kInt32 = 3,
  kBool = 4,
  kUint8 = 5,
  kBf16 = 7,
  kInt64 = 8,
  kDouble = 100,
  kInt16,
  kUint16,
  kUint32,
  kUint64,
  kNoType = -1
};
size_t SizeOf(int32_t type);
uint64_t Elements(const Shape& shape);

struct Tensor {
  std::string name;
  int32_t type = kNoType;
  Shape shape;  // -1: dynamic
};

struct Constant {
  Tensor tensor;
  Bytes bytes;
};

struct Node {
  std::string name, op;
  std::vector<std::string> inputs, outputs;
};

struct Model {
  std::vector<Tensor> inputs, outputs;
  std::vector<Node> nodes;
  std::vector<Constant> constants;
};

// ONNX

struct ParseError {
  int code = 0;  // nvonnxparser::ErrorCode
  std::string text, node, op;
  int index = -1;
};

// False: it is no ONNX. What is wrong with a node is an error of its own.
bool ReadOnnx(const uint8_t* data, size_t size, Model& model, std::vector<ParseError>& errors);

// Computing

// Do the values of this input decide shapes? Such tensors are in host memory, as are shapes that
// are outputs.
bool DecidesShapes(const Model& model, const std::string& input);
bool IsOnHost(const Model& model, const std::string& tensor);
// The shapes of all tensors, from those of the inputs, and the values of those inputs that decide
// shapes; -1 where only the data tells. Empty when shapes do not go together.
std::map<std::string, Shape> InferShapes(const Model& model, std::map<std::string, Shape> shapes,
                                         const std::map<std::string, Shape>& values = {});
// The types of all tensors.
std::map<std::string, int32_t> InferTypes(const Model& model);

struct Value {
  Shape shape;
  Bytes bytes;
};
// The values of all tensors, from those of the inputs.
std::map<std::string, Value> Compute(const Model& model, std::map<std::string, Value> values);
// Milliseconds that a node called "slow 30" takes, in truth.
int Slowness(const Model& model);

}  // namespace fake
