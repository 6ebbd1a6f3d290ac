// Targets and the options of parsing, quantizing, compiling and files.
#include <dlfcn.h>

#include "values.h"

using namespace fake;

namespace {

// A target is a library beside this one; that of the GPU needs HIP.
void LoadTarget(const std::string& name) {
  if (name == "ref") return;
  static const bool loaded = dlopen("libmigraphx_gpu.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  if (name == "gpu" && loaded) return;
  throw Error{kUnknownError, "Dynamic loading or symbol lookup failed with libmigraphx_" + name +
                                 ".so: cannot open shared object file: No such file or directory"};
}

}  // namespace

EXPORT int migraphx_target_create(void** out, const char* name) {
  return Call("migraphx_target_create")([&] {
    LoadTarget(name);
    *out = Make<TargetHandle>(name);
  });
}

// ---- Parsing

EXPORT int migraphx_onnx_options_create(void** out) {
  return Call("migraphx_onnx_options_create")([&] { *out = Make<OnnxOptionsHandle>({}); });
}

EXPORT int migraphx_onnx_options_set_input_parameter_shape(void* options, const char* name,
                                                           size_t* lengths, size_t rank) {
  return Call("migraphx_onnx_options_set_input_parameter_shape")(
      [&] { Of<OnnxOptionsHandle>(options).shapes[name] = {lengths, lengths + rank}; });
}

EXPORT int migraphx_onnx_options_set_dyn_input_parameter_shape(void* options, const char* name,
                                                               void* dimensions) {
  return Call("migraphx_onnx_options_set_dyn_input_parameter_shape")(
      [&] { Of<OnnxOptionsHandle>(options).dynamic[name] = Of<DimensionsHandle>(dimensions); });
}

EXPORT int migraphx_onnx_options_set_default_dim_value(void* options, size_t value) {
  return Call("migraphx_onnx_options_set_default_dim_value")(
      [&] { Of<OnnxOptionsHandle>(options).default_size = value; });
}

EXPORT int migraphx_onnx_options_set_default_loop_iterations(void* options, int64_t) {
  return Call("migraphx_onnx_options_set_default_loop_iterations")(
      [&] { Of<OnnxOptionsHandle>(options); });
}

EXPORT int migraphx_onnx_options_set_limit_loop_iterations(void* options, int64_t) {
  return Call("migraphx_onnx_options_set_limit_loop_iterations")(
      [&] { Of<OnnxOptionsHandle>(options); });
}

EXPORT int migraphx_onnx_options_set_external_data_path(void* options, const char* path) {
  return Call("migraphx_onnx_options_set_external_data_path")(
      [&] { Of<OnnxOptionsHandle>(options).external_data = path; });
}

// ---- Quantizing

EXPORT int migraphx_quantize_op_names_create(void** out) {
  return Call("migraphx_quantize_op_names_create")([&] { *out = Make<OpNamesHandle>({}); });
}

EXPORT int migraphx_quantize_op_names_add(void* names, const char* name) {
  return Call("migraphx_quantize_op_names_add")([&] { Of<OpNamesHandle>(names).insert(name); });
}

EXPORT int migraphx_quantize_int8_options_create(void** out) {
  return Call("migraphx_quantize_int8_options_create")([&] { *out = Make<Int8OptionsHandle>({}); });
}

EXPORT int migraphx_quantize_int8_options_add_op_name(void* options, const char* name) {
  return Call("migraphx_quantize_int8_options_add_op_name")(
      [&] { Of<Int8OptionsHandle>(options).ops.insert(name); });
}

EXPORT int migraphx_quantize_int8_options_add_calibration_data(void* options, void* data) {
  return Call("migraphx_quantize_int8_options_add_calibration_data")(
      [&] { Of<Int8OptionsHandle>(options).batches.push_back(Of<ParametersHandle>(data)); });
}

EXPORT int migraphx_quantize_fp8_options_create(void** out) {
  return Call("migraphx_quantize_fp8_options_create")([&] { *out = Make<Fp8OptionsHandle>({}); });
}

EXPORT int migraphx_quantize_fp8_options_add_calibration_data(void* options, void* data) {
  return Call("migraphx_quantize_fp8_options_add_calibration_data")(
      [&] { Of<Fp8OptionsHandle>(options).batches.push_back(Of<ParametersHandle>(data)); });
}

// ---- Compiling

EXPORT int migraphx_compile_options_create(void** out) {
  return Call("migraphx_compile_options_create")([&] { *out = Make<CompileOptionsHandle>({}); });
}

EXPORT int migraphx_compile_options_set_offload_copy(void* options, bool value) {
  return Call("migraphx_compile_options_set_offload_copy")(
      [&] { Of<CompileOptionsHandle>(options).offload_copy = value; });
}

EXPORT int migraphx_compile_options_set_fast_math(void* options, bool value) {
  return Call("migraphx_compile_options_set_fast_math")(
      [&] { Of<CompileOptionsHandle>(options).fast_math = value; });
}

EXPORT int migraphx_compile_options_set_exhaustive_tune_flag(void* options, bool value) {
  return Call("migraphx_compile_options_set_exhaustive_tune_flag")(
      [&] { Of<CompileOptionsHandle>(options).exhaustive_tune = value; });
}

// ---- Files

EXPORT int migraphx_file_options_create(void** out) {
  return Call("migraphx_file_options_create")([&] { *out = Make<FileOptionsHandle>("msgpack"); });
}

EXPORT int migraphx_file_options_set_file_format(void* options, const char* format) {
  return Call("migraphx_file_options_set_file_format")(
      [&] { Of<FileOptionsHandle>(options) = format; });
}
