// MIGraphX's C interface in our own declarations: only what is called. Every function returns a
// status and gives its result by the first parameter. Element types are in migraphx_types.h, as
// their numbers depend on the release.
#pragma once

#include <cstddef>
#include <cstdint>

namespace accelnode::rocm {

using migraphx_status = int;
constexpr migraphx_status kMigraphxSuccess = 0;

struct migraphx_target;
struct migraphx_program;
struct migraphx_shape;
struct migraphx_shapes;
struct migraphx_argument;
struct migraphx_arguments;
struct migraphx_program_parameters;
struct migraphx_program_parameter_shapes;
struct migraphx_onnx_options;
struct migraphx_compile_options;
struct migraphx_file_options;
struct migraphx_quantize_int8_options;

// What run_async must be told that its stream is.
constexpr const char* kHipStreamType = "ihipStream_t";

// X(name without its prefix, parameters)
#define ACCELNODE_MIGRAPHX_FUNCTIONS(X)                                                            \
  X(target_create, (migraphx_target**, const char*))                                               \
  X(target_destroy, (migraphx_target*))                                                            \
  X(shape_create, (migraphx_shape**, int, size_t*, size_t))                                        \
  X(shape_destroy, (migraphx_shape*))                                                              \
  X(shape_type, (int*, const migraphx_shape*))                                                     \
  X(shape_lengths, (const size_t**, size_t*, const migraphx_shape*))                               \
  X(shape_strides, (const size_t**, size_t*, const migraphx_shape*))                               \
  X(shape_bytes, (size_t*, const migraphx_shape*))                                                 \
  X(shapes_size, (size_t*, migraphx_shapes*))                                                      \
  X(shapes_get, (const migraphx_shape**, migraphx_shapes*, size_t))                                \
  X(shapes_destroy, (migraphx_shapes*))                                                            \
  X(argument_create, (migraphx_argument**, const migraphx_shape*, void*))                          \
  X(argument_destroy, (migraphx_argument*))                                                        \
  X(argument_shape, (const migraphx_shape**, const migraphx_argument*))                            \
  X(argument_buffer, (char**, const migraphx_argument*))                                           \
  X(arguments_size, (size_t*, migraphx_arguments*))                                                \
  X(arguments_get, (const migraphx_argument**, migraphx_arguments*, size_t))                       \
  X(arguments_destroy, (migraphx_arguments*))                                                      \
  X(program_parameters_create, (migraphx_program_parameters**))                                    \
  X(program_parameters_add, (migraphx_program_parameters*, const char*, const migraphx_argument*)) \
  X(program_parameters_destroy, (migraphx_program_parameters*))                                    \
  X(program_parameter_shapes_size, (size_t*, migraphx_program_parameter_shapes*))                  \
  X(program_parameter_shapes_names, (const char**, migraphx_program_parameter_shapes*))            \
  X(program_parameter_shapes_get,                                                                  \
    (const migraphx_shape**, migraphx_program_parameter_shapes*, const char*))                     \
  X(program_parameter_shapes_destroy, (migraphx_program_parameter_shapes*))                        \
  X(onnx_options_create, (migraphx_onnx_options**))                                                \
  X(onnx_options_destroy, (migraphx_onnx_options*))                                                \
  X(onnx_options_set_input_parameter_shape,                                                        \
    (migraphx_onnx_options*, const char*, size_t*, size_t))                                        \
  X(compile_options_create, (migraphx_compile_options**))                                          \
  X(compile_options_destroy, (migraphx_compile_options*))                                          \
  X(compile_options_set_offload_copy, (migraphx_compile_options*, bool))                           \
  X(compile_options_set_fast_math, (migraphx_compile_options*, bool))                              \
  X(file_options_create, (migraphx_file_options**))                                                \
  X(file_options_destroy, (migraphx_file_options*))                                                \
  X(quantize_int8_options_create, (migraphx_quantize_int8_options**))                              \
  X(quantize_int8_options_destroy, (migraphx_quantize_int8_options*))                              \
  X(quantize_int8_options_add_calibration_data,                                                    \
    (migraphx_quantize_int8_options*, migraphx_program_parameters*))                               \
  X(quantize_int8, (migraphx_program*, migraphx_target*, migraphx_quantize_int8_options*))         \
  X(quantize_fp16, (migraphx_program*))                                                            \
  X(parse_onnx, (migraphx_program**, const char*, migraphx_onnx_options*))                         \
  X(parse_onnx_buffer, (migraphx_program**, const void*, size_t, migraphx_onnx_options*))          \
  X(load, (migraphx_program**, const char*, migraphx_file_options*))                               \
  X(save, (migraphx_program*, const char*, migraphx_file_options*))                                \
  X(program_create, (migraphx_program**))                                                          \
  X(program_destroy, (migraphx_program*))                                                          \
  X(program_assign_to, (migraphx_program*, const migraphx_program*))                               \
  X(program_compile, (migraphx_program*, migraphx_target*, migraphx_compile_options*))             \
  X(program_get_parameter_shapes, (migraphx_program_parameter_shapes**, migraphx_program*))        \
  X(program_get_output_shapes, (migraphx_shapes**, migraphx_program*))                             \
  X(program_run, (migraphx_arguments**, migraphx_program*, migraphx_program_parameters*))          \
  X(program_run_async,                                                                             \
    (migraphx_arguments**, migraphx_program*, migraphx_program_parameters*, void*, const char*))

// Not in every release; what needs them says which release it takes.
#define ACCELNODE_MIGRAPHX_OPTIONAL_FUNCTIONS(X)                                 \
  X(shape_dynamic, (bool*, const migraphx_shape*))                               \
  X(compile_options_set_exhaustive_tune_flag, (migraphx_compile_options*, bool)) \
  X(onnx_options_set_default_loop_iterations, (migraphx_onnx_options*, int64_t)) \
  X(onnx_options_set_limit_loop_iterations, (migraphx_onnx_options*, int64_t))   \
  X(quantize_bf16, (migraphx_program*))

}  // namespace accelnode::rocm
