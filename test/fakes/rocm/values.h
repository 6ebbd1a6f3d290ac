// What the handles hold.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "datatypes.h"
#include "handles.h"
#include "model.h"

namespace fake {

struct DynamicDimension {
  size_t min = 0, max = 0;
  std::set<size_t> optimals;
  bool fixed() const { return min == max; }
};
bool operator==(const DynamicDimension& a, const DynamicDimension& b);

struct ShapeValue {
  const DataType* type = nullptr;
  std::vector<size_t> lengths, strides;
  std::vector<DynamicDimension> dynamic;  // instead, where one of them is not fixed
  size_t Elements() const;
  size_t Bytes() const;
};
bool operator==(const ShapeValue& a, const ShapeValue& b);
std::string Show(const ShapeValue& shape);
// Packed; -1 in `shape` is not allowed.
ShapeValue MakeShape(const DataType& type, const Shape& shape);
// MIGraphX knows no rank 0: it is one element, with stride 0.
ShapeValue MakeScalar(const DataType& type);
ShapeValue MakeTensorShape(const DataType& type, const Shape& shape);

// A place and its shape. What the library owns ends with its last argument, and is then
// overwritten.
struct ArgumentValue {
  ShapeValue shape;
  uint8_t* data = nullptr;
  std::shared_ptr<void> keep;
};
ArgumentValue MakeOwned(const ShapeValue& shape, const Bytes& bytes);

using Parameters = std::map<std::string, ArgumentValue>;

struct OnnxOptions {
  std::map<std::string, std::vector<size_t>> shapes;
  std::map<std::string, std::vector<DynamicDimension>> dynamic;
  size_t default_size = 1;
  std::string external_data;
};

struct CompileOptions {
  bool offload_copy = false, fast_math = true, exhaustive_tune = false;
};

struct Calibration {
  std::vector<Parameters> batches;
  std::set<std::string> ops;
};

using ShapeHandle = HandleOf<ShapeValue, Kind::kShape>;
using ShapesHandle = HandleOf<std::vector<ShapeValue>, Kind::kShapes>;
using DimensionHandle = HandleOf<DynamicDimension, Kind::kDynamicDimension>;
using DimensionsHandle = HandleOf<std::vector<DynamicDimension>, Kind::kDynamicDimensions>;
using OptimalsHandle = HandleOf<std::set<size_t>, Kind::kOptimals>;
using ArgumentHandle = HandleOf<ArgumentValue, Kind::kArgument>;
using ArgumentsHandle = HandleOf<std::vector<ArgumentValue>, Kind::kArguments>;
using ParametersHandle = HandleOf<Parameters, Kind::kParameters>;
using ParameterShapesHandle = HandleOf<std::map<std::string, ShapeValue>, Kind::kParameterShapes>;
using TargetHandle = HandleOf<std::string, Kind::kTarget>;
using OnnxOptionsHandle = HandleOf<OnnxOptions, Kind::kOnnxOptions>;
using FileOptionsHandle = HandleOf<std::string, Kind::kFileOptions>;
using CompileOptionsHandle = HandleOf<CompileOptions, Kind::kCompileOptions>;
using OpNamesHandle = HandleOf<std::set<std::string>, Kind::kOpNames>;
using Int8OptionsHandle = HandleOf<Calibration, Kind::kInt8Options>;
using Fp8OptionsHandle = HandleOf<Calibration, Kind::kFp8Options>;

}  // namespace fake
