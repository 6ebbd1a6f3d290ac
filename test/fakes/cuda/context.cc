// IExecutionContext: shapes and addresses. Its work for a stream is in enqueue.cc.
#include <algorithm>
#include <cstring>
#include <utility>

#include "tensorrt.h"

namespace fake {
namespace {

#define CONTEXT(call, otherwise)                         \
  const Using use(self, Kind::kContext, call);           \
  if (use.object() == nullptr) return otherwise;         \
  [[maybe_unused]] Context& context = *As<Context>(use); \
  [[maybe_unused]] const Logger& logger = context.logger

bool Refuse(const Logger& logger, const std::string& text) {
  logger.Error(text);
  return false;
}

bool SetProfile(Inner* self, int index, void* stream) {
  CONTEXT("setOptimizationProfileAsync", false);
  if (Fails("setOptimizationProfileAsync", logger)) return false;
  if (UsableStream(stream, "setOptimizationProfileAsync") == nullptr) return false;
  if (index < 0 || static_cast<size_t>(index) >= context.engine.plan.profiles.size()) {
    return Refuse(
        logger,
        "IExecutionContext::setOptimizationProfileAsync: Error Code 3: API Usage Error (Parameter "
        "check failed, condition: profileIndex < mEngine.getNbOptimizationProfiles())");
  }
  if (*context.queued > 0)
    Violation("setOptimizationProfileAsync while what was enqueued is not done");
  if (index != context.profile_index) {
    context.shapes.clear();
    context.values.clear();
    context.enqueued_once = false;
  }
  ++context.changes;
  context.profile_index = index;
  return true;
}

int GetProfile(Inner* self) {
  CONTEXT("getOptimizationProfile", -1);
  return context.profile_index;
}

bool SetInputShape(Inner* self, const char* name, const Dims& dims) {
  CONTEXT("setInputShape", false);
  Add(Block().set_shapes);
  if (Fails("setInputShape", logger)) return false;
  bool input = false;
  const Tensor* const tensor = context.engine.plan.Find(name, &input);
  if (tensor == nullptr || !input) {
    Violation(Format("setInputShape of %s, which is no input", name));
    return false;
  }
  if (*context.queued > 0) Violation("setInputShape while what was enqueued is not done");
  if (context.profile_index < 0) {
    Violation("setInputShape before the context has an optimization profile");
  }
  const Shape shape = FromDims(dims);
  const Profile* const profile = context.profile();
  const bool ranged =
      profile != nullptr && profile->count(name) != 0 && !profile->at(name).min.empty();
  const Shape& min = ranged ? profile->at(name).min : tensor->shape;
  const Shape& max = ranged ? profile->at(name).max : tensor->shape;
  bool fits = shape.size() == tensor->shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) fits = min[i] <= shape[i] && shape[i] <= max[i];
  if (!fits) {
    return Refuse(
        logger,
        Format(
            "IExecutionContext::setInputShape: Error Code 3: API Usage Error (Supplied runtime "
            "dimension %s "
            "for input tensor %s invalid: must be between %s and %s of optimization profile %d.)",
            Show(shape).c_str(), name, Show(min).c_str(), Show(max).c_str(),
            context.profile_index));
  }
  if (context.shapes[name] != shape) {
    context.enqueued_once = false;
    ++context.changes;
  }
  context.shapes[name] = shape;
  return true;
}

Dims TensorShape(Inner* self, const char* name) {
  CONTEXT("IExecutionContext::getTensorShape", (Dims{-1, {}}));
  const Tensor* const tensor = context.engine.plan.Find(name);
  if (tensor == nullptr) {
    Violation(Format("IExecutionContext::getTensorShape of %s", name));
    return {-1, {}};
  }
  const auto shapes = context.Shapes();
  const auto found = shapes.find(name);
  return ToDims(found == shapes.end() ? tensor->shape : found->second);
}

Dims TensorStrides(Inner* self, const char* name) {
  Dims dims = TensorShape(self, name);
  int64_t stride = 1;
  for (int i = dims.rank - 1; i >= 0; --i) {
    const int64_t size = dims.d[i];
    dims.d[i] = stride;
    stride *= size;
  }
  return dims;
}

bool SetAddress(Context& context, const char* name, void* address, const char* call) {
  Add(Block().set_addresses);
  const Logger& logger = context.logger;
  if (Fails(call, logger)) return false;
  bool input = false;
  const Tensor* const tensor = context.engine.plan.Find(name, &input);
  if (tensor == nullptr) {
    Violation(Format("%s of %s, which is no input or output", call, name));
    return false;
  }
  if (IsOnHost(context.engine.plan.model, name)) {
    if (*context.queued > 0) Violation(Format("%s of %s while work is queued", call, name));
    context.addresses[name] = address;
    if (input) context.ReadValues(*tensor);
    return true;
  }
  if (address != nullptr) OnDevice(address, 0, context.engine.device, call);
  if (reinterpret_cast<uintptr_t>(address) % 256 != 0 && Find(address) == Where::kDevice) {
    logger.Log(2, "addresses should be aligned to 256 bytes");
  }
  if (context.addresses[name] != address) ++context.changes;
  context.addresses[name] = address;
  return true;
}

bool SetTensorAddress(Inner* self, const char* name, void* address) {
  CONTEXT("setTensorAddress", false);
  return SetAddress(context, name, address, "setTensorAddress");
}

bool SetInputAddress(Inner* self, const char* name, void* address) {
  CONTEXT("setInputTensorAddress", false);
  return SetAddress(context, name, address, "setInputTensorAddress");
}

bool SetOutputAddress(Inner* self, const char* name, void* address) {
  CONTEXT("setOutputTensorAddress", false);
  return SetAddress(context, name, address, "setOutputTensorAddress");
}

const void* GetAddress(Inner* self, const char* name) {
  CONTEXT("getTensorAddress", nullptr);
  return context.addresses[name];
}

bool SetOutputAllocator(Inner* self, const char* name, void* allocator) {
  CONTEXT("setOutputAllocator", false);
  if (Fails("setOutputAllocator", logger)) return false;
  bool input = true;
  if (context.engine.plan.Find(name, &input) == nullptr || input) {
    Violation(Format("setOutputAllocator of %s, which is no output", name));
    return false;
  }
  if (allocator != nullptr) CheckInterface(allocator, "IOutputAllocator");
  context.allocators[name] = allocator;
  return true;
}

int InferTheShapes(Inner* self, int, const char**) {
  CONTEXT("inferShapes", -1);
  if (Fails("inferShapes", logger)) return -1;
  int missing = 0;
  const auto shapes = context.Shapes();
  for (const Tensor& input : context.engine.plan.model.inputs)
    missing += shapes.count(input.name) == 0;
  return missing;
}

bool AllInputsSpecified(Inner* self) {
  CONTEXT("allInputDimensionsSpecified", false);
  const auto shapes = context.Shapes();
  const auto& inputs = context.engine.plan.model.inputs;
  return std::all_of(inputs.begin(), inputs.end(),
                     [&](const Tensor& input) { return shapes.count(input.name) != 0; });
}

int64_t MaxOutputSize(Inner* self, const char* name) {
  CONTEXT("getMaxOutputSize", -1);
  const auto shapes = context.Shapes();
  const auto found = shapes.find(name);
  const Tensor* const tensor = context.engine.plan.Find(name);
  if (tensor == nullptr || found == shapes.end()) return -1;
  return static_cast<int64_t>(Elements(found->second) * SizeOf(tensor->type));
}

void SetMemory(Inner* self, void* memory, int64_t bytes) {
  CONTEXT("setDeviceMemoryV2", );
  if (context.strategy != 2) Violation("setDeviceMemory on a context that has its own");
  if (*context.queued > 0) Violation("setDeviceMemory while what was enqueued is not done");
  if (memory != nullptr)
    OnDevice(memory, static_cast<size_t>(bytes), context.engine.device, "setDeviceMemory");
  ++context.changes;
  context.given = memory;
  context.given_bytes = bytes;
}

void SetMemoryOfAnySize(Inner* self, void* memory) {
  CONTEXT("setDeviceMemory", );
  SetMemory(self, memory, static_cast<int64_t>(context.engine.MemoryFor(-1)));
}

uint64_t UpdateMemorySize(Inner* self) {
  CONTEXT("updateDeviceMemorySizeForShapes", 0);
  if (context.strategy != 2)
    Violation("updateDeviceMemorySizeForShapes on a context that has its own memory");
  return context.engine.MemoryFor(context.profile_index);
}

void SetName(Inner*, const char*) {}
void SetErrorRecorder(Inner* self, void* recorder) {
  CONTEXT("IExecutionContext::setErrorRecorder", );
  context.logger.SetRecorder(recorder);
}
void SetAuxStreams(Inner*, void**, int) {}

void SetProfiler(Inner* self, void* profiler) {
  CONTEXT("setProfiler", );
  if (profiler != nullptr && context.release >= 110000) CheckInterface(profiler, "IProfiler");
  context.profiler = profiler;
}

void SetEmitsProfile(Inner* self, bool emits) {
  CONTEXT("setEnqueueEmitsProfile", );
  context.emits_profile = emits;
}

bool ReportToProfiler(Inner* self) {
  CONTEXT("reportToProfiler", false);
  if (context.profiler == nullptr || context.emits_profile || !context.enqueued_once ||
      *context.queued > 0) {
    Violation("reportToProfiler before there is anything to report, or without a profiler");
    return false;
  }
  Report(context);
  return true;
}

bool SetNvtxVerbosity(Inner*, int) { return true; }
void SetPersistentCacheLimit(Inner*, size_t) {}

bool EnqueueV3(Inner* self, void* handle) {
  CONTEXT("enqueueV3", false);
  return Enqueue(context, handle);
}

const std::vector<Implementation>& Methods() {
  static const std::vector<Implementation> methods = {
      {"setOptimizationProfileAsync", AsMethod(&SetProfile)},
      {"getOptimizationProfile", AsMethod(&GetProfile)},
      {"setInputShape", AsMethod(&SetInputShape)},
      {"getTensorShape", AsMethod(&TensorShape)},
      {"getTensorStrides", AsMethod(&TensorStrides)},
      {"setTensorAddress", AsMethod(&SetTensorAddress)},
      {"setInputTensorAddress", AsMethod(&SetInputAddress)},
      {"setOutputTensorAddress", AsMethod(&SetOutputAddress)},
      {"getTensorAddress", AsMethod(&GetAddress)},
      {"setOutputAllocator", AsMethod(&SetOutputAllocator)},
      {"inferShapes", AsMethod(&InferTheShapes)},
      {"allInputDimensionsSpecified", AsMethod(&AllInputsSpecified)},
      {"getMaxOutputSize", AsMethod(&MaxOutputSize)},
      {"setDeviceMemory", AsMethod(&SetMemoryOfAnySize)},
      {"setDeviceMemoryV2", AsMethod(&SetMemory)},
      {"updateDeviceMemorySizeForShapes", AsMethod(&UpdateMemorySize)},
      {"setName", AsMethod(&SetName)},
      {"setErrorRecorder", AsMethod(&SetErrorRecorder)},
      {"setAuxStreams", AsMethod(&SetAuxStreams)},
      {"setEnqueueEmitsProfile", AsMethod(&SetEmitsProfile)},
      {"setProfiler", AsMethod(&SetProfiler)},
      {"reportToProfiler", AsMethod(&ReportToProfiler)},
      {"setNvtxVerbosity", AsMethod(&SetNvtxVerbosity)},
      {"setPersistentCacheLimit", AsMethod(&SetPersistentCacheLimit)},
      {"enqueueV3", AsMethod(&EnqueueV3)},
  };
  return methods;
}

}  // namespace

Context::Context(Engine& engine, int strategy, std::unique_ptr<DeviceBlock> own)
    : Object(Kind::kContext, engine.release, "VExecutionContext", Methods()),
      engine(engine),
      logger(engine.runtime.logger.object(), engine.release),
      strategy(strategy),
      own(std::move(own)),
      queued(std::make_shared<std::atomic<int>>(0)) {
  logger.SetRecorder(engine.logger.recorder());
  ++engine.users;
  if (!std::exchange(engine.had_context, true)) profile_index = 0;
}

void Context::End() {
  if (*queued > 0 && Block().lost == 0)
    Violation("a context was destroyed while what it enqueued is not done");
  if (engine.device != CurrentDevice())
    Violation("a context was destroyed on a thread whose device is not the engine's");
  logger.SetRecorder(nullptr);
  --engine.users;
  own.reset();
}

const Profile* Context::profile() const {
  const auto index = static_cast<size_t>(profile_index);
  return index < engine.plan.profiles.size() ? &engine.plan.profiles[index] : nullptr;
}

std::map<std::string, Shape> Context::Shapes() const {
  std::map<std::string, Shape> known;
  for (const Tensor& input : engine.plan.model.inputs) {
    const auto set = shapes.find(input.name);
    if (set != shapes.end()) {
      known[input.name] = set->second;
    } else if (std::count(input.shape.begin(), input.shape.end(), -1) == 0) {
      known[input.name] = input.shape;
    } else {
      return known;
    }
  }
  return InferShapes(engine.plan.model, std::move(known), values);
}

void Context::ReadValues(const Tensor& input) {
  void* const address = addresses[input.name];
  Shape now(address == nullptr ? 0 : Elements(input.shape));
  const size_t bytes = now.size() * sizeof(int64_t);
  const uint8_t* const host = OnHost(address, bytes, "the values of " + input.name);
  if (host == nullptr || address == nullptr) {
    values.erase(input.name);
    return;
  }
  std::memcpy(now.data(), host, bytes);
  if (values[input.name] != now) enqueued_once = false;
  values[input.name] = now;
}

void* NewContext(Engine& engine, int strategy) {
  const Logger& logger = engine.logger;
  NeedCurrentDevice("createExecutionContext");
  if (engine.device != CurrentDevice())
    Violation("createExecutionContext on a thread whose device is not the engine's");
  if (Fails("createExecutionContext", logger)) return nullptr;
  const size_t bytes = strategy == 2 ? 0 : engine.MemoryFor(-1);
  auto own = std::make_unique<DeviceBlock>(bytes, engine.runtime.allocator);
  if (!own->ok()) {
    logger.Error("ICudaEngine::createExecutionContext: " + OutOfMemoryWords(bytes));
    return nullptr;
  }
  return Public(new Context(engine, strategy, std::move(own)));
}

}  // namespace fake
