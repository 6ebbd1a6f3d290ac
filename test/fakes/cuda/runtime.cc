// IRuntime, ICudaEngine, IHostMemory and what looks into an engine.
#include <algorithm>
#include <cstring>

#include "tensorrt.h"

namespace fake {
namespace {

// ---- IHostMemory

void* Data(Inner* self) {
  const Using use(self, Kind::kHostMemory, "IHostMemory::data");
  return use.object() == nullptr ? nullptr : As<HostMemory>(use)->bytes.data();
}

size_t Size(Inner* self) {
  const Using use(self, Kind::kHostMemory, "IHostMemory::size");
  return use.object() == nullptr ? 0 : As<HostMemory>(use)->bytes.size();
}

// ---- IRuntime

void* Deserialize(Inner* self, const void* data, size_t size) {
  const Using use(self, Kind::kRuntime, "deserializeCudaEngine");
  return use.object() == nullptr ? nullptr : NewEngine(*As<Runtime>(use), data, size);
}

void SetRuntimeAllocator(Inner* self, void* allocator) {
  const Using use(self, Kind::kRuntime, "IRuntime::setGpuAllocator");
  if (use.object() == nullptr) return;
  if (allocator != nullptr) CheckInterface(allocator, "IGpuAllocator");
  As<Runtime>(use)->allocator = allocator;
}

void SetRuntimeRecorder(Inner* self, void* recorder) {
  const Using use(self, Kind::kRuntime, "IRuntime::setErrorRecorder");
  if (use.object() != nullptr) As<Runtime>(use)->logger.SetRecorder(recorder);
}

bool SetMaxThreads(Inner*, int threads) { return threads > 0; }
void SetHostCodeAllowed(Inner* self, bool allowed) {
  const Using use(self, Kind::kRuntime, "setEngineHostCodeAllowed");
  if (use.object() != nullptr) As<Runtime>(use)->host_code_allowed = allowed;
}

// ---- ICudaEngine

#define ENGINE(call, otherwise)                  \
  const Using use(self, Kind::kEngine, call);    \
  if (use.object() == nullptr) return otherwise; \
  [[maybe_unused]] Engine& engine = *As<Engine>(use)

void SetEngineRecorder(Inner* self, void* recorder) {
  ENGINE("ICudaEngine::setErrorRecorder", );
  engine.logger.SetRecorder(recorder);
}

void* Serialize(Inner* self) {
  ENGINE("serialize", nullptr);
  if (Fails("serialize", engine.logger)) return nullptr;
  return Public(new HostMemory(engine.release, WritePlan(engine.plan)));
}

void* CreateContext(Inner* self, int strategy) {
  ENGINE("createExecutionContext", nullptr);
  if (strategy < 0 || strategy > 2) Violation("createExecutionContext with an unknown strategy");
  return NewContext(engine, strategy);
}

void* CreateContextWithoutMemory(Inner* self) {
  ENGINE("createExecutionContextWithoutDeviceMemory", nullptr);
  return NewContext(engine, 2);
}

void* CreateRuntimeConfig(Inner* self) {
  ENGINE("createRuntimeConfig", nullptr);
  if (Fails("createRuntimeConfig", engine.logger)) return nullptr;
  return Public(new RuntimeConfig(engine));
}

void* CreateContextWithConfig(Inner* self, void* given) {
  ENGINE("createExecutionContextWithRuntimeConfig", nullptr);
  Object* const config =
      FromPublic(given, Kind::kRuntimeConfig, "createExecutionContextWithRuntimeConfig");
  return config == nullptr ? nullptr
                           : NewContext(engine, static_cast<RuntimeConfig*>(config)->strategy);
}

int64_t MemorySize(Inner* self) {
  ENGINE("getDeviceMemorySize", 0);
  return static_cast<int64_t>(engine.MemoryFor(-1));
}

int64_t MemorySizeForProfile(Inner* self, int profile) {
  ENGINE("getDeviceMemorySizeForProfile", 0);
  return static_cast<int64_t>(engine.MemoryFor(profile));
}

const char* Name(Inner* self) {
  ENGINE("ICudaEngine::getName", "");
  return "double";
}

int NbLayers(Inner* self) {
  ENGINE("getNbLayers", 0);
  return static_cast<int>(engine.plan.model.nodes.size());
}

int NbProfiles(Inner* self) {
  ENGINE("getNbOptimizationProfiles", 0);
  return static_cast<int>(engine.plan.profiles.size());
}

int NbIo(Inner* self) {
  ENGINE("getNbIOTensors", 0);
  return static_cast<int>(engine.plan.model.inputs.size() + engine.plan.model.outputs.size());
}

const char* IoName(Inner* self, int index) {
  ENGINE("getIOTensorName", nullptr);
  const Model& model = engine.plan.model;
  const auto at = static_cast<size_t>(index);
  if (index < 0 || at >= model.inputs.size() + model.outputs.size()) return nullptr;
  const Tensor& tensor =
      at < model.inputs.size() ? model.inputs[at] : model.outputs[at - model.inputs.size()];
  return tensor.name.c_str();
}

const Tensor* Known(const Engine& engine, const char* name, const char* call,
                    bool* input = nullptr) {
  const Tensor* const tensor = name == nullptr ? nullptr : engine.plan.Find(name, input);
  if (tensor == nullptr) Violation(Format("%s of a tensor that the engine does not have", call));
  return tensor;
}

int IoMode(Inner* self, const char* name) {
  ENGINE("getTensorIOMode", 0);
  bool input = false;
  return Known(engine, name, "getTensorIOMode", &input) == nullptr ? 0 : input ? 1 : 2;
}

Dims EngineShape(Inner* self, const char* name) {
  ENGINE("ICudaEngine::getTensorShape", (Dims{-1, {}}));
  const Tensor* const tensor = Known(engine, name, "ICudaEngine::getTensorShape");
  return tensor == nullptr ? Dims{-1, {}} : ToDims(tensor->shape);
}

int DataType(Inner* self, const char* name) {
  ENGINE("getTensorDataType", 0);
  const Tensor* const tensor = Known(engine, name, "getTensorDataType");
  return tensor == nullptr ? 0 : tensor->type;
}

int Location(Inner* self, const char* name) {
  ENGINE("getTensorLocation", 0);
  const Tensor* const tensor = Known(engine, name, "getTensorLocation");
  return tensor != nullptr && IsOnHost(engine.plan.model, tensor->name) ? 1 : 0;
}

bool IsShapeIo(Inner* self, const char* name) {
  ENGINE("isShapeInferenceIO", false);
  const Tensor* const tensor = Known(engine, name, "isShapeInferenceIO");
  return tensor != nullptr && IsOnHost(engine.plan.model, tensor->name);
}

int TensorFormat(Inner* self, const char* name) {
  ENGINE("getTensorFormat", 0);
  Known(engine, name, "getTensorFormat");
  return 0;
}

const char* FormatDesc(Inner* self, const char* name) {
  ENGINE("getTensorFormatDesc", "");
  Known(engine, name, "getTensorFormatDesc");
  return "Row major linear FP32 format (kLINEAR)";
}

int BytesPerComponent(Inner* self, const char* name) {
  ENGINE("getTensorBytesPerComponent", 0);
  const Tensor* const tensor = Known(engine, name, "getTensorBytesPerComponent");
  return tensor == nullptr ? 0 : static_cast<int>(SizeOf(tensor->type));
}

int ComponentsPerElement(Inner* self, const char* name) {
  ENGINE("getTensorComponentsPerElement", 0);
  Known(engine, name, "getTensorComponentsPerElement");
  return -1;
}

int VectorizedDim(Inner* self, const char* name) {
  ENGINE("getTensorVectorizedDim", 0);
  Known(engine, name, "getTensorVectorizedDim");
  return -1;
}

Dims ProfileShape(Inner* self, const char* name, int profile, int which) {
  ENGINE("getProfileShape", (Dims{-1, {}}));
  bool input = false;
  const Tensor* const tensor = Known(engine, name, "getProfileShape", &input);
  const bool known = tensor != nullptr && input && profile >= 0 &&
                     static_cast<size_t>(profile) < engine.plan.profiles.size();
  if (!known || which < 0 || which > 2) {
    Violation("getProfileShape of what is no input, or no profile of the engine");
    return Dims{-1, {}};
  }
  const Profile& ranges = engine.plan.profiles[static_cast<size_t>(profile)];
  const auto range = ranges.find(name);
  if (range == ranges.end() || range->second.min.empty()) return ToDims(tensor->shape);
  return ToDims(which == 0   ? range->second.min
                : which == 1 ? range->second.opt
                             : range->second.max);
}

// Null where the values decide nothing.
const Range* RangeOfValues(const Engine& engine, const char* name, int profile, int which) {
  if (Known(engine, name, "getProfileTensorValues") == nullptr) return nullptr;
  const auto& profiles = engine.plan.profiles;
  if (profile < 0 || static_cast<size_t>(profile) >= profiles.size() || which < 0 || which > 2) {
    Violation("getProfileTensorValues of no profile of the engine");
    return nullptr;
  }
  const auto range = profiles[static_cast<size_t>(profile)].find(name);
  const bool decides = DecidesShapes(engine.plan.model, name);
  return decides && range != profiles[static_cast<size_t>(profile)].end() ? &range->second
                                                                          : nullptr;
}

const int32_t* ProfileValues(Inner* self, const char* name, int profile, int which) {
  ENGINE("getProfileTensorValues", nullptr);
  const Range* const range = RangeOfValues(engine, name, profile, which);
  if (range == nullptr) return nullptr;
  auto& narrow = engine.narrow[which][range];
  narrow.assign(range->values[which].begin(), range->values[which].end());
  return narrow.data();
}

const int64_t* ProfileValuesV2(Inner* self, const char* name, int profile, int which) {
  ENGINE("getProfileTensorValuesV2", nullptr);
  const Range* const range = RangeOfValues(engine, name, profile, which);
  return range == nullptr ? nullptr : range->values[which].data();
}

int AuxStreams(Inner* self) {
  ENGINE("getNbAuxStreams", 0);
  return engine.plan.aux_streams;
}

int HardwareCompatibility(Inner* self) {
  ENGINE("getHardwareCompatibilityLevel", 0);
  return engine.plan.hardware;
}

int Verbosity(Inner* self) {
  ENGINE("getProfilingVerbosity", 0);
  return engine.plan.verbosity;
}

bool Refittable(Inner* self) {
  ENGINE("isRefittable", false);
  return engine.plan.refittable;
}

void* CreateInspector(Inner* self) {
  ENGINE("createEngineInspector", nullptr);
  if (Fails("createEngineInspector", engine.logger)) return nullptr;
  return Public(new Inspector(engine));
}

const std::vector<Implementation>& EngineMethods() {
  static const std::vector<Implementation> methods = {
      {"serialize", AsMethod(&Serialize)},
      {"createExecutionContext", AsMethod(&CreateContext)},
      {"createExecutionContextWithoutDeviceMemory", AsMethod(&CreateContextWithoutMemory)},
      {"createExecutionContextWithRuntimeConfig", AsMethod(&CreateContextWithConfig)},
      {"createRuntimeConfig", AsMethod(&CreateRuntimeConfig)},
      {"getDeviceMemorySize", AsMethod(&MemorySize)},
      {"getDeviceMemorySizeV2", AsMethod(&MemorySize)},
      {"getDeviceMemorySizeForProfile", AsMethod(&MemorySizeForProfile)},
      {"getDeviceMemorySizeForProfileV2", AsMethod(&MemorySizeForProfile)},
      {"getName", AsMethod(&Name)},
      {"getNbLayers", AsMethod(&NbLayers)},
      {"getNbOptimizationProfiles", AsMethod(&NbProfiles)},
      {"getNbIOTensors", AsMethod(&NbIo)},
      {"getIOTensorName", AsMethod(&IoName)},
      {"getTensorIOMode", AsMethod(&IoMode)},
      {"getTensorShape", AsMethod(&EngineShape)},
      {"getTensorDataType", AsMethod(&DataType)},
      {"getTensorLocation", AsMethod(&Location)},
      {"isShapeInferenceIO", AsMethod(&IsShapeIo)},
      {"getTensorFormat", AsMethod(&TensorFormat)},
      {"getTensorFormatDesc", AsMethod(&FormatDesc)},
      {"getTensorBytesPerComponent", AsMethod(&BytesPerComponent)},
      {"getTensorComponentsPerElement", AsMethod(&ComponentsPerElement)},
      {"getTensorVectorizedDim", AsMethod(&VectorizedDim)},
      {"getProfileShape", AsMethod(&ProfileShape)},
      {"getProfileTensorValues", AsMethod(&ProfileValues)},
      {"getProfileTensorValuesV2", AsMethod(&ProfileValuesV2)},
      {"getNbAuxStreams", AsMethod(&AuxStreams)},
      {"getHardwareCompatibilityLevel", AsMethod(&HardwareCompatibility)},
      {"getProfilingVerbosity", AsMethod(&Verbosity)},
      {"isRefittable", AsMethod(&Refittable)},
      {"setErrorRecorder", AsMethod(&SetEngineRecorder)},
      {"createEngineInspector", AsMethod(&CreateInspector)},
  };
  return methods;
}

}  // namespace

int ReleaseOf(int major) {
  const auto asked = static_cast<int>(Block().version);
  if (asked / 10000 == major) return asked;
  return major == 10 ? 101501 : 110100;
}

HostMemory::HostMemory(int release, Bytes bytes)
    : Object(Kind::kHostMemory, release, "VHostMemory",
             {{"data", AsMethod(&Data)}, {"size", AsMethod(&Size)}}),
      bytes(std::move(bytes)) {}

Runtime::Runtime(int release, Logger logger)
    : Object(Kind::kRuntime, release, "VRuntime",
             {{"deserializeCudaEngine(const void *, unsigned long)", AsMethod(&Deserialize)},
              {"setGpuAllocator", AsMethod(&SetRuntimeAllocator)},
              {"setErrorRecorder", AsMethod(&SetRuntimeRecorder)},
              {"setMaxThreads", AsMethod(&SetMaxThreads)},
              {"setEngineHostCodeAllowed", AsMethod(&SetHostCodeAllowed)}}),
      logger(logger) {}

void Runtime::End() {
  if (engines > 0) Violation("a runtime was destroyed before its engines");
  logger.SetRecorder(nullptr);
}

Engine::Engine(Runtime& runtime, Plan plan, std::unique_ptr<DeviceBlock> weights)
    : Object(Kind::kEngine, runtime.release, "VCudaEngine", EngineMethods()),
      runtime(runtime),
      logger(runtime.logger.object(), runtime.release),
      plan(std::move(plan)),
      device(CurrentDevice()),
      weights(std::move(weights)) {
  logger.SetRecorder(runtime.logger.recorder());
  ++runtime.engines;
}

void Engine::End() {
  if (users > 0) Violation("an engine was destroyed before its contexts");
  if (device != CurrentDevice())
    Violation("an engine was destroyed on a thread whose device is not its own");
  logger.SetRecorder(nullptr);
  --runtime.engines;
  weights.reset();
}

size_t Engine::MemoryFor(int profile) const {
  size_t bytes = 0;
  for (size_t i = 0; i < std::max<size_t>(plan.profiles.size(), 1); ++i) {
    if (profile >= 0 && static_cast<size_t>(profile) != i) continue;
    size_t own = 0;
    for (const Tensor& input : plan.model.inputs) {
      const auto range =
          i < plan.profiles.size() ? plan.profiles[i].find(input.name) : Profile::const_iterator{};
      const bool ranged =
          i < plan.profiles.size() && range != plan.profiles[i].end() && !range->second.max.empty();
      own += Elements(ranged ? range->second.max : input.shape) * SizeOf(input.type);
    }
    bytes = std::max(bytes, own);
  }
  return (bytes + 1023) / 512 * 512;
}

void* NewEngine(Runtime& runtime, const void* data, size_t size) {
  NeedCurrentDevice("deserializeCudaEngine");
  Add(Block().deserializations);
  if (Fails("deserializeCudaEngine", runtime.logger)) return nullptr;
  Plan plan;
  const auto sm = static_cast<int>(Block().sm == 0 ? 90 : Block().sm);
  const std::string refusal =
      ReadPlan(static_cast<const uint8_t*>(data), size, runtime.release, sm, plan);
  if (!refusal.empty()) {
    runtime.logger.Error("IRuntime::deserializeCudaEngine: " + refusal);
    return nullptr;
  }
  if (plan.brings_code && !runtime.host_code_allowed) {
    runtime.logger.Error(
        "IRuntime::deserializeCudaEngine: Error Code 4: API Usage Error (Engine has host code, and "
        "host code is not allowed: call IRuntime::setEngineHostCodeAllowed.)");
    return nullptr;
  }
  size_t bytes = 4096;
  for (const Constant& constant : plan.model.constants) bytes += constant.bytes.size();
  auto weights = std::make_unique<DeviceBlock>(bytes, runtime.allocator);
  if (!weights->ok()) {
    runtime.logger.Error("IRuntime::deserializeCudaEngine: " + OutOfMemoryWords(bytes));
    return nullptr;
  }
  return Public(new Engine(runtime, std::move(plan), std::move(weights)));
}

}  // namespace fake
