#include "tensorrt_builder.h"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "cuda_memory.h"
#include "tensorrt_allocator.h"
#include "tensorrt_calibrator.h"
#include "tensorrt_config.h"
#include "tensorrt_logger.h"
#include "tensorrt_parse.h"
#include "tensorrt_profiles.h"
#include "tensorrt_timing_cache.h"

namespace accelnode::cuda {
namespace {

// Phases within phases, from any thread.
class ProgressMonitor final : public IProgressMonitor {
 public:
  explicit ProgressMonitor(LoadMonitor& monitor) : monitor_(monitor) {}

  void phaseStart(const char* phase, const char*, int32_t steps) noexcept override {
    Report(phase, 0, steps);
  }
  bool stepComplete(const char* phase, int32_t step) noexcept override {
    Report(phase, step + 1, std::nullopt);
    return !monitor_.Cancelled();
  }
  void phaseFinish(const char* phase) noexcept override {
    Report(phase, std::nullopt, std::nullopt);
  }

 private:
  void Report(const char* phase, std::optional<int32_t> done,
              std::optional<int32_t> total) noexcept {
    if (phase == nullptr) return;
    try {
      std::lock_guard lock(mutex_);
      int32_t& steps = steps_[phase];
      if (total) steps = *total;
      monitor_.Progress(phase, done.value_or(steps), steps);
    } catch (...) {
      // Nobody hears of this step.
    }
  }

  LoadMonitor& monitor_;
  std::mutex mutex_;
  std::map<std::string, int32_t> steps_;
};

void StopIfCancelled(const LoadMonitor& monitor) {
  if (monitor.Cancelled()) throw Error(ErrorCode::CANCELLED, "The load was cancelled.");
}

TrtObject Made(void* object, const LogScope& log, const char* call) {
  TrtObject made(object);
  if (made) return made;
  throw TensorRtError(log, call, std::string("TensorRT refuses ") + call + ".",
                      ErrorCode::VENDOR_FAILURE);
}

void NeedBuilder() {
  if (!HasBuilder()) {
    throw Error(ErrorCode::UNSUPPORTED,
                "This is TensorRT's lean runtime, which loads plans and builds none from ONNX.")
        .WithHint(
            "Give it a plan (a version compatible one), or install the full TensorRT and set "
            "ACCELNODE_CUDA_LIBRARY to its libnvinfer.");
  }
  if (TensorRt().createNvOnnxParser_INTERNAL == nullptr) {
    const std::string name = "libnvonnxparser.so." + std::to_string(g_major);
    throw Error(ErrorCode::UNSUPPORTED, "TensorRT's ONNX parser, " + name + ", was not found.")
        .WithHint("Install it beside libnvinfer, or load a plan.");
  }
}

Error BuildFailed(const LogScope& log, const Precision& precision, bool calibrated) {
  Error error = TensorRtError(log, "IBuilder::buildSerializedNetwork",
                              "TensorRT can't build the model.", ErrorCode::MODEL_UNSUPPORTED);
  if (error.code == ErrorCode::OUT_OF_MEMORY) {
    error.hint = "Set a smaller cuda.workspace, smaller shapes, or free memory on the device.";
  } else if (precision.int8 && !calibrated) {
    error.hint =
        "int8 needs a quantized model (QuantizeLinear and DequantizeLinear nodes), or "
        "cuda.calibration.";
  }
  return error;
}

}  // namespace

Built BuildPlan(const LoadRequest& request, int device) {
  const auto began = std::chrono::steady_clock::now();
  const Value& own = request.options["cuda"];
  LoadMonitor& monitor = *request.monitor;
  NeedBuilder();
  const Precision precision = ChoosePrecision(request.options, device);
  LoadPlugins(own);

  // What TensorRT's objects point at outlives them.
  ErrorRecorder recorder;
  GpuAllocator allocator(recorder, HasPools(device));
  LogScope log(&recorder);
  monitor.Progress("parse", 0, 1);
  const TrtObject builder =
      Made(TensorRt().createInferBuilder_INTERNAL(Logger(), TensorRt().getInferLibVersion()), log,
           "createInferBuilder_INTERNAL");
  Call(builder.get(), method::builder::kSetErrorRecorder, &recorder);
  Call(builder.get(), method::builder::kSetGpuAllocator, &allocator);
  const uint32_t flags =
      IsStronglyTyped(request.options) ? 1u << Pick(network_flag::kStronglyTyped) : 0;
  const TrtObject network = Made(Call(builder.get(), method::builder::kCreateNetworkV2, flags), log,
                                 "IBuilder::createNetworkV2");
  const TrtParser parser = ParseOnnx(network.get(), request.source);
  monitor.Progress("parse", 1, 1);
  StopIfCancelled(monitor);

  ProgressMonitor progress(monitor);
  std::unique_ptr<Calibrator> calibrator;
  const std::vector<NetworkInput> inputs = InputsOf(network.get());
  const TrtObject config = Made(Call(builder.get(), method::builder::kCreateBuilderConfig), log,
                                "IBuilder::createBuilderConfig");
  Configure(config.get(), request.options, precision);
  std::vector<std::vector<int64_t>> tuned;
  const void* profile = AddProfiles(builder.get(), config.get(), inputs, request.options, tuned);
  const Value& calibration = own["calibration"];
  if (precision.int8 && calibration.IsSet()) {
    calibrator = std::make_unique<Calibrator>(calibration, inputs, tuned,
                                              request.source.input_names, device, monitor);
    Call(config.get(), method::config::kSetInt8Calibrator, calibrator.get());
    if (profile != nullptr &&
        !Call(config.get(), method::config::kSetCalibrationProfile, profile)) {
      throw TensorRtError(log, "IBuilderConfig::setCalibrationProfile",
                          "TensorRT refuses the shapes for calibration.",
                          ErrorCode::VENDOR_FAILURE);
    }
  }
  TimingCache timing(config.get(), own.String("timingCache"), own.Bool("ownTimingCache", false));
  Call(config.get(), method::config::kSetProgressMonitor, &progress);
  StopIfCancelled(monitor);

  Built built;
  TrtObject plan(
      Call(builder.get(), method::builder::kBuildSerializedNetwork, network.get(), config.get()));
  // In this order: after a cancel all sorts of things are reported as wrong.
  StopIfCancelled(monitor);
  if (calibrator && calibrator->error()) throw *calibrator->error();
  if (!plan) throw BuildFailed(log, precision, calibrator != nullptr);
  timing.Save();
  built.plan = PlanBytes(std::move(plan));
  built.details["precision"] = precision.name;
  built.details["builtIn"] =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  return built;
}

}  // namespace accelnode::cuda
