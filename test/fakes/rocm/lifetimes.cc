// The functions that all kinds of handles have: destroy and assign_to.
#include "program.h"
#include "values.h"

using namespace fake;

#define MIGRAPHX_HANDLES(X)                          \
  X(shape, ShapeHandle)                              \
  X(shapes, ShapesHandle)                            \
  X(dynamic_dimension, DimensionHandle)              \
  X(dynamic_dimensions, DimensionsHandle)            \
  X(optimals, OptimalsHandle)                        \
  X(argument, ArgumentHandle)                        \
  X(arguments, ArgumentsHandle)                      \
  X(program_parameters, ParametersHandle)            \
  X(program_parameter_shapes, ParameterShapesHandle) \
  X(target, TargetHandle)                            \
  X(onnx_options, OnnxOptionsHandle)                 \
  X(file_options, FileOptionsHandle)                 \
  X(compile_options, CompileOptionsHandle)           \
  X(quantize_op_names, OpNamesHandle)                \
  X(quantize_int8_options, Int8OptionsHandle)        \
  X(quantize_fp8_options, Fp8OptionsHandle)

#define X(name, Type)                                                                         \
  EXPORT int migraphx_##name##_destroy(void* handle) {                                        \
    return Call("migraphx_" #name "_destroy").Free([&] { Destroy(handle, Type::kOf); });      \
  }                                                                                           \
  EXPORT int migraphx_##name##_assign_to(void* output, const void* input) {                   \
    return Call("migraphx_" #name "_assign_to")([&] { Of<Type>(output) = Of<Type>(input); }); \
  }
MIGRAPHX_HANDLES(X)
#undef X

EXPORT int migraphx_program_destroy(void* program) {
  return Call("migraphx_program_destroy").Free([&] { Destroy(program, Kind::kProgram); });
}

EXPORT int migraphx_program_assign_to(void* output, const void* input) {
  return Call("migraphx_program_assign_to")([&] {
    const Program& from = Of<ProgramHandle>(input);
    Of<ProgramHandle>(output) = from;
    if (from.compiled) Add(Block().clones);
  });
}
