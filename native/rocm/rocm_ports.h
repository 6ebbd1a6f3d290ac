// Inputs and outputs of a session: from what lib/ has read of the ONNX model and the option
// `shapes`, or from a compiled program.
#pragma once

#include <vector>

#include "../backend.h"
#include "migraphx_build.h"

namespace accelnode::rocm {

struct Ports {
  std::vector<TensorInfo> inputs, outputs;
  // The shapes to compile for first: what the model fixes, and `opt` of the option. Where neither
  // tells, a dimension is 1, and `open` is set.
  ShapeSet chosen;
  bool open = false;
  bool dynamic = false;  // some input's shape may change from run to run
  bool fixed = false;    // the model itself fixes all of them, and so its outputs
};

// Throws INVALID_ARGUMENT when the option does not fit the model.
Ports PortsOfOnnx(const ModelSource& source, const Value& options);
Ports PortsOfProgram(const CompiledProgram& program, const std::vector<std::string>& output_names);

// What a program of these inputs tells of the outputs.
void Complete(Ports& ports, const CompiledProgram& program);

// Checks that a program which was compiled before is one of this model's, and takes over the shapes
// that it was compiled for where the load leaves them open. Throws MODEL_INVALID.
void Adopt(Ports& ports, const CompiledProgram& program);

// The shape that the model gives an output, where it holds: MIGraphX has no scalars, and is free
// with dimensions of 1.
std::vector<int64_t> DimsOf(const Layout& layout, const TensorInfo& info);

}  // namespace accelnode::rocm
