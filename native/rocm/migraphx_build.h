// From an ONNX model, or a compiled one, to a program that can run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../backend.h"
#include "migraphx_program.h"

namespace accelnode::rocm {

// The shape of each input, in the model's order; empty where MIGraphX is not to be told.
using ShapeSet = std::vector<std::vector<int64_t>>;

// How programs of one session are compiled.
struct Recipe {
  Recipe(const std::string& device, const Value& options);

  std::string target;  // "gpu" or "ref"
  int device = -1;     // HIP's number; -1: none
  std::string precision;
  bool offload_copy, fast_math, exhaustive_tune;
  bool calibrated;          // is there data for int8?
  int64_t loop_iterations;  // 0: MIGraphX's default

  // Are programs given host memory, and do they copy to the device by themselves, if there is one?
  bool OnHost() const { return device < 0 || offload_copy; }
};

// All of these on the calling thread, whose device must be the recipe's.

// An ONNX model that MIGraphX has read, with these shapes.
Program ParseOnnx(const ModelSource& source, const Recipe& recipe, const ShapeSet& shapes);

// Parses, quantizes and compiles, which can take minutes. `monitor`: of the load; null when a run
// needs the program. Then there is no calibration data, and int8 is refused.
std::unique_ptr<CompiledProgram> Compile(const ModelSource& source, const Recipe& recipe,
                                         const ShapeSet& shapes, LoadMonitor* monitor);

// A compiled model, from a file. Throws RUNTIME_INCOMPATIBLE when it was compiled for something
// else.
std::unique_ptr<CompiledProgram> LoadCompiled(const std::string& path, const Recipe& recipe,
                                              const std::vector<std::string>& input_names);

// Throws RUNTIME_INCOMPATIBLE when a compiled model that the caller gave copies by itself, which
// the recipe does not say: it would take addresses of the device for the host's.
void CheckCopies(const CompiledProgram& program, const Recipe& recipe);

}  // namespace accelnode::rocm
