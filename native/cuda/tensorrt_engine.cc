#include "tensorrt_engine.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "cuda_check.h"
#include "cuda_devices.h"
#include "cuda_memory.h"
#include "tensorrt_builder.h"
#include "tensorrt_context.h"
#include "tensorrt_files.h"
#include "tensorrt_graph_contexts.h"
#include "tensorrt_logger.h"
#include "tensorrt_types.h"

namespace accelnode::cuda {
namespace {

bool ContainsAny(const std::string& text, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return text.find(word) != text.npos; });
}

// A plan is bound to the TensorRT and the kind of device that built it. What does not fit is told
// only in the log, in words that differ from release to release.
Error PlanRefused(const LogScope& log) {
  Error error = TensorRtError(log, "IRuntime::deserializeCudaEngine", "The plan can't be loaded.",
                              ErrorCode::MODEL_INVALID);
  if (error.code != ErrorCode::MODEL_INVALID) return error;
  if (ContainsAny(error.message, {"ost code", "HostCode"})) {
    error.code = ErrorCode::UNSUPPORTED;
    error.hint =
        "A version compatible plan brings code of its own. If you trust where it comes from, load "
        "it with { cuda: { versionCompatible: true } }.";
  } else if (ContainsAny(error.message,
                         {"ersion", "ncompatible", "not compatible", "latform", "ompute capability",
                          "different device", "different GPU"})) {
    error.code = ErrorCode::RUNTIME_INCOMPATIBLE;
    error.hint =
        "A plan fits the TensorRT version and the kind of GPU that it was built with: "
        "build it again from the ONNX model.";
  } else {
    error.hint = "The file is damaged or no plan of TensorRT's.";
  }
  return error;
}

TrtObject Deserialize(const TrtObject& runtime, RuntimeServices& services, const PlanBytes& plan,
                      const Value& options) {
  LogScope log(&services.recorder);
  Call(runtime.get(), method::runtime::kSetErrorRecorder, &services.recorder);
  Call(runtime.get(), method::runtime::kSetGpuAllocator, &services.allocator);
  // Such a plan brings code of its own, which TensorRT runs only when told to trust it.
  if (options.Bool("versionCompatible", false)) {
    Call(runtime.get(), method::runtime::kSetEngineHostCodeAllowed, true);
  }
  TrtObject engine(
      Call(runtime.get(), method::runtime::kDeserializeCudaEngine, plan.data(), plan.size()));
  if (!engine) throw PlanRefused(log);
  Call(engine.get(), method::engine::kSetErrorRecorder, &services.recorder);
  return engine;
}

std::vector<int64_t> ToVector(const Dims& dims) {
  return {dims.d, dims.d + std::clamp(dims.nbDims, 0, kMaxDims)};
}

Value ToValue(const std::vector<int64_t>& numbers) {
  return Value::List(numbers.begin(), numbers.end());
}

Value::Map ToValue(const EngineFacts::Bounds& bounds) {
  return {{"min", ToValue(bounds.min)}, {"opt", ToValue(bounds.opt)}, {"max", ToValue(bounds.max)}};
}

}  // namespace

std::unique_ptr<Model> LoadModel(const LoadRequest& request) {
  const int device = ResolveDevice(request.device);
  const std::string refusal = BelowFloor(ComputeCapability(device));
  if (!refusal.empty()) throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, refusal);
  UseDevice(device);
  LogScope log;
  const Value& own = request.options["cuda"];

  PlanBytes plan;
  Value::Map details;
  if (request.source.format == "onnx") {
    Built built = BuildPlan(request, device);
    plan = std::move(built.plan);
    details = std::move(built.details);
  } else {
    LoadPlugins(own);
    plan = PlanBytes(ReadModelBytes(request.source));
    details["loadedFrom"] = "plan";
  }

  request.monitor->Progress("deserialize", 0, 1);
  auto services = std::make_unique<RuntimeServices>(device);
  TrtObject runtime(
      TensorRt().createInferRuntime_INTERNAL(Logger(), TensorRt().getInferLibVersion()));
  if (!runtime) {
    throw TensorRtError(log, "createInferRuntime_INTERNAL", "TensorRT gives no runtime.",
                        ErrorCode::VENDOR_FAILURE);
  }
  TrtObject engine = Deserialize(runtime, *services, plan, own);
  plan = {};
  request.monitor->Progress("deserialize", 1, 1);
  return std::make_unique<TensorRtModel>(std::move(services), std::move(runtime), std::move(engine),
                                         device, request.options, std::move(details));
}

RuntimeServices::RuntimeServices(int device) : allocator(recorder, HasPools(device)) {}

TensorRtModel::TensorRtModel(std::unique_ptr<RuntimeServices> services, TrtObject runtime,
                             TrtObject engine, int device, const Value& options, Value::Map details)
    : services_(std::move(services)),
      runtime_(std::move(runtime)),
      engine_(std::move(engine)),
      shares_memory_(options["cuda"].Bool("sharedMemory", false)) {
  const Value& own = options["cuda"];
  facts_.device = device;
  facts_.integrated = IsIntegrated(device);
  facts_.profiling = options.Bool("profiling", false);
  DescribeTensors();
  DescribeProfiles();
  facts_.graphs = own.Bool("graphs", false) && CanRecord();
  context_bytes_ = Call(engine_.get(), method::engine::kGetDeviceMemorySize);
  if (shares_memory_) facts_.shared_memory = AllocateDevice(context_bytes_, device);

  details["tensorrt"] = std::to_string(TensorRt().getInferLibMajorVersion()) + "." +
                        std::to_string(TensorRt().getInferLibMinorVersion()) + "." +
                        std::to_string(TensorRt().getInferLibPatchVersion());
  details["device"] = std::to_string(device);
  details["deviceMemory"] = static_cast<double>(context_bytes_);
  details["auxStreams"] = Call(engine_.get(), method::engine::kGetNbAuxStreams);
  details["graphs"] = facts_.graphs;
  details["profiles"] = ProfilesValue();
  if (own.Bool("engineInspector", false)) details["layers"] = LayerInformation();
  details_ = std::move(details);
}

TensorRtModel::~TensorRtModel() { TryUseDevice(facts_.device); }

void TensorRtModel::DescribeTensors() {
  const void* engine = engine_.get();
  const int32_t count = Call(engine, method::engine::kGetNbIOTensors);
  for (int32_t i = 0; i < count; ++i) {
    const char* name = Call(engine, method::engine::kGetIOTensorName, i);
    if (name == nullptr) throw Error(ErrorCode::MODEL_INVALID, "The plan has an unnamed tensor.");
    TensorInfo info;
    info.name = name;
    info.type = FromTensorRt(Call(engine, method::engine::kGetTensorDataType, name));
    if (info.type == DataType::kUnknown) {
      throw Error(ErrorCode::MODEL_UNSUPPORTED,
                  "\"" + info.name + "\" is of an element type that accelnode does not know.")
          .WithHint("Build the plan with a cast to float16 or float32 there.");
    }
    info.shape = ToVector(Call(engine, method::engine::kGetTensorShape, name));
    if (Call(engine, method::engine::kGetTensorFormat, name) != trt::kLinear) {
      throw Error(ErrorCode::MODEL_UNSUPPORTED,
                  "\"" + info.name + "\" is in one of TensorRT's vectorised formats.")
          .WithHint("Build the plan with linear inputs and outputs.");
    }
    const bool host = Call(engine, method::engine::kGetTensorLocation, name) == trt::kLocationHost;
    const bool input = Call(engine, method::engine::kGetTensorIOMode, name) == trt::kInput;
    (input ? facts_.inputs : facts_.outputs).push_back(std::move(info));
    (input ? facts_.host_inputs : facts_.host_outputs).push_back(host);
  }
  if (facts_.outputs.empty()) throw Error(ErrorCode::MODEL_INVALID, "The plan has no outputs.");
}

void TensorRtModel::DescribeProfiles() {
  const void* engine = engine_.get();
  const int32_t count = Call(engine, method::engine::kGetNbOptimizationProfiles);
  for (int32_t profile = 0; profile < count; ++profile) {
    auto& bounds = facts_.profiles.emplace_back();
    for (size_t i = 0; i < facts_.inputs.size(); ++i) {
      const TensorInfo& input = facts_.inputs[i];
      const auto ask = [&](int32_t which) {
        return input.IsDynamic() ? ToVector(Call(engine, method::engine::kGetProfileShape,
                                                 input.name.c_str(), profile, which))
                                 : input.shape;
      };
      const EngineFacts::Bounds dims{ask(trt::kMin), ask(trt::kOpt), ask(trt::kMax)};
      const size_t rank = input.shape.size();
      bounds.push_back(
          {dims, facts_.host_inputs[i] ? ValueBounds(input, profile) : EngineFacts::Bounds()});
      if (dims.min.size() != rank || dims.max.size() != rank) {
        throw Error(ErrorCode::MODEL_INVALID,
                    "The plan has no bounds for the input \"" + input.name + "\".");
      }
    }
  }
  // What some profile takes, for the caller to know.
  for (size_t i = 0; i < facts_.inputs.size(); ++i) {
    TensorInfo& input = facts_.inputs[i];
    if (!input.IsDynamic()) continue;
    for (const auto& bounds : facts_.profiles) {
      const EngineFacts::Bounds& dims = bounds[i].dims;
      if (input.min.empty()) {
        input.min = dims.min;
        input.max = dims.max;
        continue;
      }
      for (size_t d = 0; d < input.shape.size(); ++d) {
        input.min[d] = std::min(input.min[d], dims.min[d]);
        input.max[d] = std::max(input.max[d], dims.max[d]);
      }
    }
  }
}

// Not what TensorRT computes on the CPU meanwhile, nor where it tells the time of each layer.
bool TensorRtModel::CanRecord() const {
  const auto any = [](const std::vector<bool>& of) {
    return std::find(of.begin(), of.end(), true) != of.end();
  };
  return HasGraphs() && !facts_.profiling && !any(facts_.host_inputs) && !any(facts_.host_outputs);
}

// Empty when the input's values decide nothing.
EngineFacts::Bounds TensorRtModel::ValueBounds(const TensorInfo& input, int32_t profile) const {
  if (input.IsDynamic()) return {};  // how many there are is not known
  const size_t count = Shape(input.shape.data(), input.shape.size()).Elements();
  const auto ask = [&](int32_t which) -> std::vector<int64_t> {
    const auto copy = [count](const auto* values) {
      return values ? std::vector<int64_t>(values, values + count) : std::vector<int64_t>();
    };
    const char* name = input.name.c_str();
    if (AtLeast(10, 11)) {
      return copy(
          Call(engine_.get(), method::engine::kGetProfileTensorValuesV2, name, profile, which));
    }
    return copy(Call(engine_.get(), method::engine::kGetProfileTensorValues, name, profile, which));
  };
  EngineFacts::Bounds bounds{ask(trt::kMin), ask(trt::kOpt), ask(trt::kMax)};
  if (bounds.min.size() != bounds.max.size()) return {};
  return bounds;
}

Value TensorRtModel::ProfilesValue() const {
  Value::List profiles;
  for (const auto& bounds : facts_.profiles) {
    Value::List inputs;
    for (size_t i = 0; i < bounds.size(); ++i) {
      const bool values = !bounds[i].values.min.empty();
      if (!facts_.inputs[i].IsDynamic() && !values) continue;
      Value::Map input = ToValue(bounds[i].dims);
      input["name"] = facts_.inputs[i].name;
      if (values) input["values"] = ToValue(bounds[i].values);
      inputs.emplace_back(std::move(input));
    }
    profiles.emplace_back(std::move(inputs));
  }
  return profiles;
}

std::string TensorRtModel::LayerInformation() const {
  LogScope log(&services_->recorder);
  const TrtObject inspector(Call(engine_.get(), method::engine::kCreateEngineInspector));
  const char* text =
      inspector ? Call(inspector.get(), method::inspector::kGetEngineInformation, trt::kJson)
                : nullptr;
  if (text == nullptr) {
    throw TensorRtError(log, "IEngineInspector::getEngineInformation",
                        "The engine can't be inspected.", ErrorCode::VENDOR_FAILURE);
  }
  return text;
}

std::unique_ptr<Context> TensorRtModel::NewContext(int) {
  const bool dynamic = std::any_of(facts_.inputs.begin(), facts_.inputs.end(),
                                   [](const TensorInfo& input) { return input.IsDynamic(); });
  if (!facts_.graphs || !dynamic) return MakeContext(facts_.shared_memory.data);
  Buffer memory = shares_memory_ ? Buffer() : AllocateDevice(context_bytes_, facts_.device);
  return std::make_unique<GraphContexts>(std::move(memory), facts_.own_bytes, [this](void* own) {
    return MakeContext(shares_memory_ ? facts_.shared_memory.data : own);
  });
}

// `memory`: for what lies between layers; null: the context gets its own.
std::unique_ptr<TensorRtContext> TensorRtModel::MakeContext(void* memory) {
  UseDevice(facts_.device);
  std::lock_guard lock(making_);
  LogScope log(&services_->recorder);
  TrtObject context(Call(engine_.get(), method::engine::kCreateExecutionContext,
                         memory ? trt::kUserManaged : trt::kAllocateStatic));
  if (!context) {
    throw TensorRtError(log, "ICudaEngine::createExecutionContext",
                        "The engine gives no execution context.", ErrorCode::VENDOR_FAILURE);
  }
  if (memory != nullptr) Call(context.get(), method::context::kSetDeviceMemory, memory);
  return std::make_unique<TensorRtContext>(std::move(context), facts_);
}

int TensorRtModel::PreferredLanes() const {
  // One computes while another copies; those that share memory take turns anyway.
  return shares_memory_ ? 1 : 2;
}

Value TensorRtModel::Memory() const {
  // Measured: what TensorRT allocated through us, and what we did. Not among it is what CUDA itself
  // takes for kernels and streams.
  return Value::Map{
      {"device", static_cast<double>(services_->allocator.bytes() + facts_.shared_memory.bytes +
                                     facts_.own_bytes.load())}};
}

void TensorRtModel::Export(const std::string& path) {
  UseDevice(facts_.device);
  std::lock_guard lock(making_);
  LogScope log(&services_->recorder);
  const TrtObject plan(Call(engine_.get(), method::engine::kSerialize));
  if (!plan) {
    throw TensorRtError(log, "ICudaEngine::serialize", "The engine can't be written.",
                        ErrorCode::VENDOR_FAILURE);
  }
  WriteFile(path, Call(plan.get(), method::host_memory::kData),
            Call(plan.get(), method::host_memory::kSize));
}

}  // namespace accelnode::cuda
