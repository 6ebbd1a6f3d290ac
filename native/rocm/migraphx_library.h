// The opened MIGraphX: its functions, and handles that free themselves.
#pragma once

#include <memory>
#include <string>

#include "../backend.h"
#include "migraphx_abi.h"

namespace accelnode::rocm {

struct MigraphxFunctions {
#define X(name, parameters) migraphx_status(*name) parameters = nullptr;
  ACCELNODE_MIGRAPHX_FUNCTIONS(X)
  ACCELNODE_MIGRAPHX_OPTIONAL_FUNCTIONS(X)
#undef X
};

// The one MIGraphX of this process. Only after OpenLibraries has succeeded.
const MigraphxFunctions& Migraphx();
const std::string& MigraphxVersion();  // "2.14.0", or "before 2.7"

// Opens the first usable MIGraphX; where it brings the GPU target, HIP as well.
Runtime OpenLibraries(const OpenRequest& request);

// Objects of MIGraphX's, freed with the last of their class.
#define ACCELNODE_MIGRAPHX_HANDLE(Class, name)                                            \
  struct Destroy##Class {                                                                 \
    void operator()(migraphx_##name* object) const { Migraphx().name##_destroy(object); } \
  };                                                                                      \
  using Class = std::unique_ptr<migraphx_##name, Destroy##Class>
ACCELNODE_MIGRAPHX_HANDLE(Target, target);
ACCELNODE_MIGRAPHX_HANDLE(Program, program);
ACCELNODE_MIGRAPHX_HANDLE(ShapeObject, shape);
ACCELNODE_MIGRAPHX_HANDLE(ShapeList, shapes);
ACCELNODE_MIGRAPHX_HANDLE(Argument, argument);
ACCELNODE_MIGRAPHX_HANDLE(ArgumentList, arguments);
ACCELNODE_MIGRAPHX_HANDLE(Parameters, program_parameters);
ACCELNODE_MIGRAPHX_HANDLE(ParameterShapes, program_parameter_shapes);
ACCELNODE_MIGRAPHX_HANDLE(OnnxOptions, onnx_options);
ACCELNODE_MIGRAPHX_HANDLE(CompileOptions, compile_options);
ACCELNODE_MIGRAPHX_HANDLE(FileOptions, file_options);
ACCELNODE_MIGRAPHX_HANDLE(Int8Options, quantize_int8_options);
#undef ACCELNODE_MIGRAPHX_HANDLE

}  // namespace accelnode::rocm
