// What enqueueV3 checks, and what the stream does when it gets there.
#include <unistd.h>

#include <algorithm>

#include "tensorrt.h"

namespace fake {
namespace {

bool Refuse(const Logger& logger, const std::string& text) {
  logger.Error(text);
  return false;
}

// The blocks of device memory that are at work, and whose.
std::map<void*, Context*>& BusyMemory() {
  static auto& busy = *new std::map<void*, Context*>;
  return busy;
}

// Are the values of an input that decides shapes those that the context was told, and in bounds?
bool HasValues(Context& context, const Tensor& input) {
  const Shape told = context.values[input.name];
  context.ReadValues(input);
  const Shape& now = context.values[input.name];
  if (now != told) Violation("enqueueV3 after other values were put where " + input.name + " lies");
  const Shape* const bounds = context.profile()->at(input.name).values;
  for (size_t i = 0; i < now.size(); ++i) {
    if (bounds[0][i] <= now[i] && now[i] <= bounds[2][i]) continue;
    return Refuse(
        context.logger,
        Format("IExecutionContext::enqueueV3: Error Code 7: Internal Error (The values %s of the "
               "shape input %s are not between %s and %s of optimization profile %d.)",
               Show(now).c_str(), input.name.c_str(), Show(bounds[0]).c_str(),
               Show(bounds[2]).c_str(), context.profile_index));
  }
  return true;
}

// What is wrong with the context, in TensorRT's words where it would refuse, or as a violation.
bool IsReady(Context& context, Stream& stream, bool capturing) {
  const Logger& logger = context.logger;
  const Plan& plan = context.engine.plan;
  if (context.engine.device != CurrentDevice())
    Violation("enqueueV3 on a thread whose device is not the engine's");
  if (context.strategy == 2 && (context.given == nullptr ||
                                context.given_bytes < static_cast<int64_t>(context.engine.MemoryFor(
                                                          context.profile_index)))) {
    Violation("enqueueV3 without enough device memory given to the context");
    return false;
  }
  if (*context.queued > 0 && context.stream != &stream) {
    Violation("enqueueV3 on a second stream while the first is not done with the context");
  }
  if (capturing && !context.enqueued_once) {
    Violation("capture of an enqueueV3 with no enqueueV3 of the same shapes before");
  }
  const auto shapes = context.Shapes();
  for (const auto* list : {&plan.model.inputs, &plan.model.outputs}) {
    for (const Tensor& tensor : *list) {
      const auto shape = shapes.find(tensor.name);
      if (shape == shapes.end()) {
        return Refuse(logger,
                      "IExecutionContext::enqueueV3: Error Code 7: Internal Error (Shape of " +
                          tensor.name + " is not known)");
      }
      const bool dependent = std::count(shape->second.begin(), shape->second.end(), -1) != 0;
      if (dependent || context.allocators[tensor.name] != nullptr) {
        if (context.allocators[tensor.name] == nullptr) {
          Violation("enqueueV3 without an allocator for " + tensor.name +
                    ", whose shape depends on data");
          return false;
        }
        if (capturing)
          return Refuse(logger,
                        "IExecutionContext::enqueueV3: Error Code 9: Data-dependent shapes can not "
                        "be captured");
        continue;
      }
      void* const address = context.addresses[tensor.name];
      if (address == nullptr) {
        Violation("enqueueV3 without an address for " + tensor.name);
        return Refuse(
            logger,
            "IExecutionContext::enqueueV3: Error Code 3: API Usage Error (Parameter check failed, "
            "condition: mContext.profileObliviousBindings.at(profileObliviousIndex) || "
            "getPtrOrNull(mOutputAllocators, profileObliviousIndex). Address is not set for "
            "tensor " +
                tensor.name + ".)");
      }
      const size_t bytes = Elements(shape->second) * SizeOf(tensor.type);
      if (IsOnHost(plan.model, tensor.name)) {
        if (OnHost(address, bytes, "enqueueV3: " + tensor.name) == nullptr) return false;
        if (list == &plan.model.outputs) continue;
        if (!HasValues(context, tensor)) return false;
        continue;
      }
      if (OnDevice(address, bytes, stream.device, "enqueueV3: " + tensor.name).data == nullptr)
        return false;
    }
  }
  return true;
}

struct Job {
  Context* context;
  int device;
  std::map<std::string, Shape> shapes, values;
  std::map<std::string, void*> addresses;
  std::shared_ptr<std::atomic<int>> queued;
  void* memory;
  int64_t changes;  // of the context when this was captured; -1: it was not
};

std::map<std::string, Value> ComputeJob(const Job& job, const Model& model) {
  std::map<std::string, Value> values;
  for (const Tensor& input : model.inputs) {
    const Shape& shape = job.shapes.at(input.name);
    const size_t bytes = Elements(shape) * SizeOf(input.type);
    const auto numbers = job.values.find(input.name);
    if (numbers != job.values.end()) {
      const auto* const raw = reinterpret_cast<const uint8_t*>(numbers->second.data());
      values[input.name] = {shape, Bytes(raw, raw + bytes)};
      continue;
    }
    const Place place = OnDevice(job.addresses.at(input.name), bytes, job.device,
                                 "the work of enqueueV3: " + input.name);
    if (place.data == nullptr) return {};
    values[input.name] = {shape, Bytes(place.data, place.data + bytes)};
  }
  return Compute(model, std::move(values));
}

void Write(const Job& job, const Tensor& output, const Value& value) {
  if (IsOnHost(job.context->engine.plan.model, output.name)) {
    uint8_t* const host = OnHost(job.addresses.at(output.name), value.bytes.size(),
                                 "the work of enqueueV3: " + output.name);
    if (host != nullptr) std::copy(value.bytes.begin(), value.bytes.end(), host);
    return;
  }
  const Place place = OnDevice(job.addresses.at(output.name), value.bytes.size(), job.device,
                               "the work of enqueueV3: " + output.name);
  if (place.data != nullptr) std::copy(value.bytes.begin(), value.bytes.end(), place.data);
}

// When the stream gets there.
void Perform(const Job& job) {
  Context& context = *job.context;
  {
    const Lock lock(Mutex());
    if (job.changes >= 0 && job.changes != context.changes)
      Violation("a graph was replayed after its context was told other shapes or addresses");
    if (!context.alive) Violation("the work of enqueueV3 was done after its context was destroyed");
    Context*& busy = BusyMemory()[job.memory];
    if (busy != nullptr && busy != &context)
      Violation("two contexts work in the same device memory at once");
    busy = &context;
  }
  Control& block = Block();
  WaitWhile(block.hold, block.held);
  const Model& model = context.engine.plan.model;
  if (const int milliseconds = Slowness(model))
    usleep(static_cast<useconds_t>(milliseconds) * 1000);
  const auto values = ComputeJob(job, model);
  for (const Tensor& output : model.outputs) {
    const bool written = !values.empty() && context.allocators[output.name] == nullptr;
    if (written) Write(job, output, values.at(output.name));
  }
  const Lock lock(Mutex());
  BusyMemory()[job.memory] = nullptr;
}

constexpr size_t kSizes = 512;  // of device memory, for how large they are

// Outputs that the caller allocates when their size is known: TensorRT waits for that.
bool AllocateOutputs(Context& context, Stream& stream, Job& job, void* handle) {
  const Model& model = context.engine.plan.model;
  const bool any =
      std::any_of(model.outputs.begin(), model.outputs.end(),
                  [&](const Tensor& output) { return context.allocators[output.name] != nullptr; });
  if (!any) return true;
  const DeviceBlock sizes(kSizes, context.engine.runtime.allocator, handle);
  if (!sizes.ok()) {
    return Refuse(context.logger, "IExecutionContext::enqueueV3: " + OutOfMemoryWords(kSizes));
  }
  if (Synchronize(stream) != 0) return false;
  const auto values = ComputeJob(job, model);
  if (values.empty()) return false;
  for (const Tensor& output : model.outputs) {
    void* const allocator = context.allocators[output.name];
    if (allocator == nullptr) continue;
    const Value& value = values.at(output.name);
    const uint64_t bytes = std::max<size_t>(value.bytes.size(), 1);
    const int reallocate = SlotOf("IOutputAllocator", context.release, "reallocateOutputAsync");
    void* const memory =
        CallBack<void*>(allocator, reallocate, output.name.c_str(), context.addresses[output.name],
                        bytes, uint64_t{256}, handle);
    if (memory == nullptr) {
      return Refuse(context.logger, "IExecutionContext::enqueueV3: " + OutOfMemoryWords(bytes));
    }
    const Dims dims = ToDims(value.shape);
    CallBack<void>(allocator, SlotOf("IOutputAllocator", context.release, "notifyShape"),
                   output.name.c_str(), &dims);
    if (OnDevice(memory, value.bytes.size(), stream.device, "enqueueV3: " + output.name).data ==
        nullptr)
      return false;
    job.addresses[output.name] = memory;
    Enqueue(stream, {"enqueueV3", [job, output, value] { Write(job, output, value); }, 0});
  }
  return true;
}

}  // namespace

void Report(const Context& context) {
  const int slot = SlotOf("IProfiler", context.release, "reportLayerTime");
  for (const Node& node : context.engine.plan.model.nodes) {
    CallBack<void>(context.profiler, slot, node.name.c_str(), 0.5F);
  }
}

bool Enqueue(Context& context, void* handle) {
  const Logger& logger = context.logger;
  NeedCurrentDevice("enqueueV3");
  if (Fails("enqueueV3", logger)) return false;
  Stream* const stream = UsableStream(handle, "enqueueV3");
  if (stream == nullptr) return false;
  const bool capturing = IsCapturing(handle);
  if (!IsReady(context, *stream, capturing)) return false;
  Add(Block().enqueues);
  void* const memory = context.strategy == 2 ? context.given : context.own->address();
  Job job{&context,          stream->device, context.Shapes(), context.values,
          context.addresses, context.queued, memory,           capturing ? context.changes : -1};
  if (!AllocateOutputs(context, *stream, job, handle)) return false;
  context.stream = stream;
  context.enqueued_once = true;
  if (!capturing) ++*context.queued;
  // Whatever becomes of the operation, done or given up, it is no longer queued.
  const std::shared_ptr<void> end =
      capturing ? nullptr
                : std::shared_ptr<void>(nullptr, [queued = context.queued](void*) { --*queued; });
  if (Enqueue(*stream, {"enqueueV3", [job, end] { Perform(job); }, 0.5}) != 0) return false;
  // A profiler that is not asked for later makes the call wait.
  if (context.profiler != nullptr && context.emits_profile && !capturing) {
    Synchronize(*stream);
    Report(context);
  }
  return true;
}

}  // namespace fake
