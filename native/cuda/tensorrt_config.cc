#include "tensorrt_config.h"

#include <vector>

#include "cuda_check.h"
#include "cuda_devices.h"
#include "cuda_library.h"
#include "tensorrt_files.h"
#include "tensorrt_logger.h"

namespace accelnode::cuda {
namespace {

constexpr int kFirstWithBf16 = 80;  // compute capability

void SetFlag(const void* config, ByMajor flag, bool on = true) {
  Call(config, on ? method::config::kSetFlag : method::config::kClearFlag, Pick(flag));
}

void SetTacticSources(const void* config, const Value::List& names) {
  struct Source {
    const char* name;
    ByMajor bit;
  };
  constexpr Source kSources[] = {
      {"cublas", tactic_source::kCublas},
      {"cublasLt", tactic_source::kCublasLt},
      {"cudnn", tactic_source::kCudnn},
      {"edgeMaskConvolutions", tactic_source::kEdgeMaskConvolutions},
      {"jitConvolutions", tactic_source::kJitConvolutions},
  };
  uint32_t bits = 0;
  for (const Value& name : names) {
    for (const Source& source : kSources) {
      if (*name.AsString() != source.name) continue;
      const int bit = Pick(source.bit);
      if (bit == kNone) {
        throw Error(ErrorCode::UNSUPPORTED, std::string("TensorRT ") + std::to_string(g_major) +
                                                " has no tactic source \"" + source.name + "\".")
            .WithHint("It has edgeMaskConvolutions and jitConvolutions.");
      }
      bits |= 1u << bit;
    }
  }
  LogScope log;
  if (!Call(config, method::config::kSetTacticSources, bits)) {
    throw TensorRtError(log, "IBuilderConfig::setTacticSources",
                        "TensorRT refuses the tactic sources.", ErrorCode::INVALID_ARGUMENT);
  }
}

void SetHardwareCompatibility(const void* config, const std::string& level) {
  if (level == "none") return;
  const bool same = level == "sameComputeCapability";
  if (same && !AtLeast(10, 9)) {
    throw Error(ErrorCode::UNSUPPORTED,
                "The hardware compatibility \"sameComputeCapability\" needs TensorRT 10.9.");
  }
  Call(config, method::config::kSetHardwareCompatibilityLevel,
       same ? trt::kSameComputeCapability : trt::kAmperePlus);
}

}  // namespace

bool IsStronglyTyped(const Value& options) {
  return g_major >= 11 || options["cuda"].Bool("stronglyTyped", false);
}

Precision ChoosePrecision(const Value& options, int device) {
  const std::string wanted = options.String("precision", "fp32");
  Precision precision{wanted, wanted == "int8"};
  if (IsStronglyTyped(options)) {
    // fp32 is what one gets without asking, so it can't mean more than the model says.
    if (wanted == "fp32" || wanted == "auto") return {"typed", false};
    if (g_major >= 11) {
      throw Error(ErrorCode::UNSUPPORTED,
                  "TensorRT 11 computes in the types that the model has, and has no precision \"" +
                      wanted + "\" to choose.")
          .WithHint(precision.int8
                        ? "Quantize the model (QuantizeLinear and DequantizeLinear nodes), or use "
                          "TensorRT 10, and leave precision out."
                        : "Convert the model itself to " + wanted +
                              ", or use TensorRT 10, and leave precision out.");
    }
    throw Error(ErrorCode::INVALID_ARGUMENT, "A strongly typed network takes no precision \"" +
                                                 wanted + "\": the model's types decide.")
        .WithHint("Leave out either stronglyTyped or precision.");
  }
  if (wanted == "bf16" && ComputeCapability(device) < kFirstWithBf16) {
    throw Error(ErrorCode::UNSUPPORTED,
                "This device does not compute in bf16, which needs compute capability 8.0.")
        .WithHint("Use fp16.");
  }
  return precision;
}

void Configure(const void* config, const Value& options, const Precision& precision) {
  const Value& own = options["cuda"];
  // On by default; but fp32 means fp32.
  SetFlag(config, builder_flag::kTf32, own.Bool("tf32", precision.name == "auto"));
  if (precision.name == "fp16" || precision.name == "auto") {
    SetFlag(config, builder_flag::kFp16);
  }
  if (precision.name == "bf16") SetFlag(config, builder_flag::kBf16);
  if (precision.int8) SetFlag(config, builder_flag::kInt8);

  const struct {
    const char* option;
    ByMajor flag;
  } flags[] = {{"sparseWeights", builder_flag::kSparseWeights},
               {"versionCompatible", builder_flag::kVersionCompatible},
               {"excludeLeanRuntime", builder_flag::kExcludeLeanRuntime},
               {"refittable", builder_flag::kRefit}};
  for (const auto& [option, flag] : flags) {
    if (own.Bool(option, false)) SetFlag(config, flag);
  }

  if (const double* bytes = own["workspace"].AsNumber()) {
    Call(config, method::config::kSetMemoryPoolLimit, trt::kWorkspace, static_cast<size_t>(*bytes));
  }
  if (const double* level = own["optimizationLevel"].AsNumber()) {
    Call(config, method::config::kSetBuilderOptimizationLevel, static_cast<int32_t>(*level));
  }
  if (const double* streams = own["maxAuxStreams"].AsNumber()) {
    Call(config, method::config::kSetMaxAuxStreams, static_cast<int32_t>(*streams));
  }
  if (own["tacticSources"].AsList() != nullptr) {
    SetTacticSources(config, own.Items("tacticSources"));
  }
  SetHardwareCompatibility(config, own.String("hardwareCompatibility", "none"));
  if (options.Bool("profiling", false) || own.Bool("engineInspector", false)) {
    Call(config, method::config::kSetProfilingVerbosity, trt::kDetailed);
  }
  // A version compatible plan brings its plugins along.
  const std::vector<std::string> files = PluginFiles(own);
  if (own.Bool("versionCompatible", false) && !files.empty()) {
    std::vector<const char*> names;
    for (const std::string& file : files) names.push_back(file.c_str());
    Call(config, method::config::kSetPluginsToSerialize,
         static_cast<const char* const*>(names.data()), static_cast<int32_t>(names.size()));
  }
}

}  // namespace accelnode::cuda
