#include "migraphx_build.h"

#include <algorithm>
#include <utility>

#include "migraphx_calibration.h"
#include "migraphx_words.h"
#include "mxr_header.h"
#include "rocm_devices.h"

namespace accelnode::rocm {
namespace {

// MIGraphX's refusal of a model: what it could not do, and as which code.
Error Refusal(Error error, const std::string& what, ErrorCode code) {
  error.message = what + " " + error.message;
  if (error.code == ErrorCode::VENDOR_FAILURE) error.code = code;
  return error;
}

void StopIfCancelled(const LoadMonitor* monitor) {
  if (monitor != nullptr && monitor->Cancelled()) {
    throw Error(ErrorCode::CANCELLED, "The load was cancelled.");
  }
}

// A phase of the load, for whoever watches it.
class Phase {
 public:
  Phase(LoadMonitor* monitor, const char* name) : monitor_(monitor), name_(name) { Report(0); }
  void Done() { Report(1); }

 private:
  void Report(double done) {
    if (monitor_ != nullptr) monitor_->Progress(name_, done, 1);
  }

  LoadMonitor* const monitor_;
  const char* const name_;
};

template <typename Function>
void Need(Function function, const char* what, const char* release) {
  if (function != nullptr) return;
  throw Error(ErrorCode::UNSUPPORTED, "MIGraphX " + MigraphxVersion() + " has no " + what +
                                          ", which came with ROCm " + release + ".");
}

void SetShapes(migraphx_onnx_options* options, const std::vector<std::string>& names,
               const ShapeSet& shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (shapes[i].empty()) continue;
    std::vector<size_t> dims(shapes[i].begin(), shapes[i].end());
    Call(MIGRAPHX(onnx_options_set_input_parameter_shape), options, names[i].c_str(), dims.data(),
         dims.size());
  }
}

void Quantize(migraphx_program* program, const ModelSource& source, const Recipe& recipe,
              migraphx_target* target, LoadMonitor* monitor) {
  if (recipe.precision == "fp16") Call(MIGRAPHX(quantize_fp16), program);
  if (recipe.precision == "bf16") {
    Need(Migraphx().quantize_bf16, "bf16", "7.0");
    Call(MIGRAPHX(quantize_bf16), program);
  }
  if (recipe.precision != "int8") return;
  if (!recipe.calibrated) {
    throw Error(ErrorCode::UNSUPPORTED,
                "MIGraphX quantizes to int8 only with data to calibrate with.")
        .WithHint(
            "Give rocm.calibration. A model that is quantized already (QuantizeLinear and "
            "DequantizeLinear nodes) needs neither: leave precision out.");
  }
  if (monitor == nullptr) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The model was quantized with data of other shapes, and MIGraphX has no ranges for "
                "these.")
        .WithHint(
            "Load a session for each shape with calibration data of its own, or leave "
            "precision: 'int8' out.");
  }
  const CalibrationData data(program, source.input_names, *monitor);
  Call(MIGRAPHX(quantize_int8), program, target, data.options());
}

// `auto` leaves it to MIGraphX, which computes in the types of the model, as it does for `fp32`.
std::string PrecisionOf(const Value& options) {
  const std::string precision = options.String("precision", "fp32");
  return precision == "auto" ? "fp32" : precision;
}

}  // namespace

Recipe::Recipe(const std::string& id, const Value& options)
    : target(id == kReferenceDevice ? "ref" : "gpu"),
      device(id == kReferenceDevice ? -1 : ResolveDevice(id)),
      precision(PrecisionOf(options)),
      offload_copy(options["rocm"].Bool("offloadCopy", false)),
      fast_math(options["rocm"].Bool("fastMath", true)),
      exhaustive_tune(options["rocm"].Bool("exhaustiveTune", false)),
      calibrated(options["rocm"].Bool("calibrated", false)),
      loop_iterations(static_cast<int64_t>(options["rocm"].Number("loopIterations", 0))) {}

Program ParseOnnx(const ModelSource& source, const Recipe& recipe, const ShapeSet& shapes) {
  const auto options = Make<OnnxOptions>(MIGRAPHX(onnx_options_create));
  SetShapes(options.get(), source.input_names, shapes);
  if (recipe.loop_iterations > 0) {
    Need(Migraphx().onnx_options_set_default_loop_iterations, "limit of loops", "5.1");
    Call(MIGRAPHX(onnx_options_set_default_loop_iterations), options.get(), recipe.loop_iterations);
    if (Migraphx().onnx_options_set_limit_loop_iterations != nullptr) {
      Call(MIGRAPHX(onnx_options_set_limit_loop_iterations), options.get(), recipe.loop_iterations);
    }
  }
  try {
    // A path, where there is one: beside the file lie the weights that are not in it.
    return source.bytes ? Make<Program>(MIGRAPHX(parse_onnx_buffer),
                                        static_cast<const void*>(source.bytes->data()),
                                        source.bytes->size(), options.get())
                        : Make<Program>(MIGRAPHX(parse_onnx), source.path.c_str(), options.get());
  } catch (const Error& error) {
    const bool unreadable = ContainsAny(error.message, {"Failed reading", "Failure opening"});
    throw Refusal(error, "MIGraphX can't take the ONNX model.",
                  unreadable ? ErrorCode::MODEL_INVALID : ErrorCode::MODEL_UNSUPPORTED);
  }
}

std::unique_ptr<CompiledProgram> Compile(const ModelSource& source, const Recipe& recipe,
                                         const ShapeSet& shapes, LoadMonitor* monitor) {
  Phase parse(monitor, "parse");
  Program program = ParseOnnx(source, recipe, shapes);
  parse.Done();
  StopIfCancelled(monitor);
  try {
    const auto target = Make<Target>(MIGRAPHX(target_create), recipe.target.c_str());
    Phase quantize(monitor, "quantize");
    Quantize(program.get(), source, recipe, target.get(), monitor);
    quantize.Done();
    StopIfCancelled(monitor);

    const auto options = Make<CompileOptions>(MIGRAPHX(compile_options_create));
    Call(MIGRAPHX(compile_options_set_offload_copy), options.get(), recipe.offload_copy);
    Call(MIGRAPHX(compile_options_set_fast_math), options.get(), recipe.fast_math);
    if (recipe.exhaustive_tune) {
      Need(Migraphx().compile_options_set_exhaustive_tune_flag, "exhaustive tuning", "5.6");
      Call(MIGRAPHX(compile_options_set_exhaustive_tune_flag), options.get(), true);
    }
    Phase compile(monitor, "compile");
    Call(MIGRAPHX(program_compile), program.get(), target.get(), options.get());
    compile.Done();
  } catch (const Error& error) {
    Error refusal =
        Refusal(error, "MIGraphX can't compile the model.", ErrorCode::MODEL_UNSUPPORTED);
    if (ContainsAny(error.message,
                    {"no kernel image", "invalid device function", "NoBinaryForGpu"})) {
      refusal.hint = kUnsupportedGpu;
    }
    throw refusal;
  }
  return std::make_unique<CompiledProgram>(std::move(program), source.input_names);
}

std::unique_ptr<CompiledProgram> LoadCompiled(const std::string& path, const Recipe& recipe,
                                              const std::vector<std::string>& input_names) {
  const MxrHeader header = ReadMxrHeader(path);
  if (header.targets.empty()) {
    throw Error(ErrorCode::MODEL_INVALID,
                "The model was saved before it was compiled: it would run on the CPU.")
        .WithHint("Save it after compiling, or give the ONNX model.");
  }
  if (header.targets != std::vector<std::string>{recipe.target}) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, "The model was compiled for MIGraphX's target \"" +
                                                     header.targets.front() + "\", not for \"" +
                                                     recipe.target + "\".")
        .WithHint("Compile the ONNX model for this device.");
  }
  if (header.version != MigraphxVersion()) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, "The model was compiled by MIGraphX " +
                                                     header.version + ", and this is " +
                                                     MigraphxVersion() + ".")
        .WithHint("Compile the ONNX model again.");
  }
  try {
    const auto options = Make<FileOptions>(MIGRAPHX(file_options_create));
    return std::make_unique<CompiledProgram>(
        Make<Program>(MIGRAPHX(load), path.c_str(), options.get()), input_names);
  } catch (const Error& error) {
    const bool other = ContainsAny(error.message, {"version", "gfx", "no kernel image"});
    throw Refusal(error, "MIGraphX can't load the compiled model.",
                  other ? ErrorCode::RUNTIME_INCOMPATIBLE : ErrorCode::MODEL_INVALID);
  }
}

void CheckCopies(const CompiledProgram& program, const Recipe& recipe) {
  const ParameterList& parameters = program.parameters();
  if (recipe.OnHost() || !parameters.output_memory().empty()) return;
  // One that does not copy has memory for each output, unless it is an input. (Or a constant, but
  // not all of them are in a model that is of any use.)
  const auto is_input = [&](const Layout& output) {
    return std::any_of(parameters.inputs().begin(), parameters.inputs().end(),
                       [&](const Parameter& input) {
                         return input.shape != nullptr && input.layout.type == output.type &&
                                input.layout.dims == output.dims;
                       });
  };
  if (std::all_of(program.outputs().begin(), program.outputs().end(), is_input)) return;
  throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
              "The model was compiled to copy inputs and outputs by itself.")
      .WithHint("Load it with rocm.offloadCopy: true.");
}

}  // namespace accelnode::rocm
