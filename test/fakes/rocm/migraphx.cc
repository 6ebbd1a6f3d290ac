// The functions of programs: parsing, quantizing, compiling, and what they say of themselves.
#include <fstream>
#include <iterator>

#include "device.h"
#include "program.h"

using namespace fake;

namespace {

// Quantizing comes before compiling: after it, it does nothing useful.
Program& Quantizable(void* program, const char* call) {
  Program& value = Of<ProgramHandle>(program);
  if (value.attempted) Violation(Format("%s after the program was compiled", call));
  return value;
}

// Reads all that there is, as the real one runs the program on it.
double SumOf(const ArgumentValue& argument) {
  const size_t bytes = argument.shape.Bytes();
  const uint8_t* const data = OnHost(argument.data, bytes, "calibration data");
  if (data == nullptr) return 0;
  double sum = 0;
  if (ModelTypeOf(*argument.shape.type) == kFloat) {
    const auto* const floats = reinterpret_cast<const float*>(data);
    for (size_t i = 0; i < argument.shape.Elements(); ++i) sum += floats[i];
  } else {
    for (size_t i = 0; i < bytes; ++i) sum += data[i];
  }
  return sum;
}

void Calibrate(const Program& program, const std::string& target, const Calibration& calibration) {
  if (target == "gpu") {
    NeedDevice("Copy to gpu failed");
    NeedCurrentDevice("quantizing with calibration data");
  }
  if (calibration.batches.empty()) Violation("quantizing to 8 bits with no calibration data");
  double sum = 0;
  for (const Parameters& batch : calibration.batches) {
    for (const auto& [name, shape] : program.inputs) {
      const auto found = batch.find(name);
      if (found == batch.end()) {
        Violation("calibration data without " + name);
      } else if (!(found->second.shape == shape)) {
        Violation("calibration data for " + name + " of shape {" + Show(found->second.shape) +
                  "} where {" + Show(shape) + "} is needed, which aborts");
      } else {
        sum += SumOf(found->second);
      }
    }
  }
  Block().calibration_batches = static_cast<int64_t>(calibration.batches.size());
  Block().calibration_sum = static_cast<int64_t>(sum);
}

}  // namespace

EXPORT int migraphx_program_create(void** out) {
  return Call("migraphx_program_create")([&] { *out = Make<ProgramHandle>({}); });
}

EXPORT int migraphx_parse_onnx(void** out, const char* path, void* options) {
  return Call("migraphx_parse_onnx")([&] {
    const std::string failure = std::string("PARSE_FROM: Failed reading onnx file: ") + path;
    OnnxOptions parse = Of<OnnxOptionsHandle>(options);
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error{kUnknownError, failure};
    std::string onnx(std::istreambuf_iterator<char>(file), {});
    *out = Make<ProgramHandle>(Parse(std::move(onnx), parse, failure));
    Add(Block().parses);
  });
}

EXPORT int migraphx_parse_onnx_buffer(void** out, const void* data, size_t size, void* options) {
  return Call("migraphx_parse_onnx_buffer")([&] {
    *out = Make<ProgramHandle>(Parse(std::string(static_cast<const char*>(data), size),
                                     Of<OnnxOptionsHandle>(options), "Failed reading onnx file."));
    Add(Block().parses);
  });
}

EXPORT int migraphx_quantize_fp16(void* program) {
  return Call("migraphx_quantize_fp16")(
      [&] { Quantizable(program, "migraphx_quantize_fp16").precision = "fp16"; });
}

EXPORT int migraphx_quantize_bf16(void* program) {
  return Call("migraphx_quantize_bf16")(
      [&] { Quantizable(program, "migraphx_quantize_bf16").precision = "bf16"; });
}

EXPORT int migraphx_quantize_fp16_with_op_names(void* program, void* names) {
  return Call("migraphx_quantize_fp16_with_op_names")([&] {
    Of<OpNamesHandle>(names);
    Quantizable(program, "migraphx_quantize_fp16_with_op_names").precision = "fp16";
  });
}

EXPORT int migraphx_quantize_bf16_with_op_names(void* program, void* names) {
  return Call("migraphx_quantize_bf16_with_op_names")([&] {
    Of<OpNamesHandle>(names);
    Quantizable(program, "migraphx_quantize_bf16_with_op_names").precision = "bf16";
  });
}

EXPORT int migraphx_quantize_int8(void* program, void* target, void* options) {
  return Call("migraphx_quantize_int8")([&] {
    Program& value = Quantizable(program, "migraphx_quantize_int8");
    const Calibration& calibration = Of<Int8OptionsHandle>(options);
    const std::set<std::string> all = {"convolution", "dot"};
    if (!calibration.ops.empty() && calibration.ops != all)
      throw Error{kUnknownError, "QUANTIZE_INT8: only support DOT and CONVOLUTION operation"};
    Calibrate(value, Of<TargetHandle>(target), calibration);
    value.precision = "int8";
  });
}

EXPORT int migraphx_quantize_fp8(void* program, void* target, void* options) {
  return Call("migraphx_quantize_fp8")([&] {
    Program& value = Quantizable(program, "migraphx_quantize_fp8");
    Calibrate(value, Of<TargetHandle>(target), Of<Fp8OptionsHandle>(options));
    value.precision = "fp8";
  });
}

EXPORT int migraphx_program_compile(void* program, void* target, void* options) {
  return Call("migraphx_program_compile")([&] {
    Compile(Of<ProgramHandle>(program), Of<TargetHandle>(target),
            Of<CompileOptionsHandle>(options));
  });
}

EXPORT int migraphx_program_get_parameter_shapes(void** out, void* program) {
  return Call("migraphx_program_get_parameter_shapes")(
      [&] { *out = Make<ParameterShapesHandle>(Of<ProgramHandle>(program).ParameterShapes()); });
}

EXPORT int migraphx_program_get_output_shapes(void** out, void* program) {
  return Call("migraphx_program_get_output_shapes")(
      [&] { *out = Make<ShapesHandle>(Of<ProgramHandle>(program).outputs); });
}

// Nobody frees it, and it does not end with the program.
EXPORT int migraphx_program_experimental_get_context(void** out, const void* program) {
  return Call("migraphx_program_experimental_get_context")([&] {
    const Program& value = Of<ProgramHandle>(program);
    if (value.context == nullptr) Violation("the context of a program that is not the GPU's");
    *out = const_cast<void*>(Lend<ContextHandle>(value.context, Find(program, Kind::kProgram)));
  });
}

EXPORT int migraphx_context_finish(const void* context) {
  return Call("migraphx_context_finish")([&] {
    const auto& value = Of<ContextHandle>(context);
    if (Block().lost != 0) Abandon(*value->stream);
    NeedDevice("Failed to wait");
    Synchronize(*value->stream);
  });
}

EXPORT int migraphx_context_get_queue(void** out, void* context) {
  return Call("migraphx_context_get_queue")([&] { *out = Of<ContextHandle>(context)->stream; });
}
