// Runs: what is checked when they are asked for, and what a stream does when it gets there.
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "device.h"
#include "program.h"

using namespace fake;

namespace {

// Counts the threads in runs of programs that share a context, while it lives.
class InCall {
 public:
  InCall(GpuContext& context, const char* call) : context_(context) {
    if (context_.calls++ > 0)
      Violation(Format("%s while another thread runs a program with the same context", call));
  }
  ~InCall() { --context_.calls; }
  InCall(const InCall&) = delete;
  InCall& operator=(const InCall&) = delete;

 private:
  GpuContext& context_;
};

bool Fits(const ShapeValue& given, const ShapeValue& wanted) {
  if (wanted.dynamic.empty()) return given == wanted;
  if (given.type != wanted.type || given.lengths.size() != wanted.dynamic.size()) return false;
  return std::equal(given.lengths.begin(), given.lengths.end(), wanted.dynamic.begin(),
                    [](size_t length, const DynamicDimension& dimension) {
                      return dimension.min <= length && length <= dimension.max;
                    });
}

void CheckParameters(const Program& program, const Parameters& given) {
  for (const auto& [name, shape] : program.ParameterShapes()) {
    const auto found = given.find(name);
    if (found == given.end()) throw Error{kUnknownError, "Parameter not found: " + name};
    if (!Fits(found->second.shape, shape))
      throw Error{kUnknownError, "Incorrect shape {" + Show(found->second.shape) +
                                     "} for parameter: " + name + " should be: " + Show(shape)};
  }
}

struct Job {
  std::shared_ptr<const Model> model;
  std::shared_ptr<GpuContext> context;  // null: the reference operators
  std::shared_ptr<const GpuMemory> constants;
  bool device_memory = false;  // are the parameters there?
  Parameters parameters;
  std::vector<OutputPlace> places;
  std::string call;

  // The bytes of a parameter; null, and a violation, where they can't be used.
  uint8_t* Reach(const std::string& name, std::shared_ptr<void>& keep) const {
    const ArgumentValue& argument = parameters.at(name);
    const size_t bytes = argument.shape.Bytes();
    if (!device_memory) return OnHost(argument.data, bytes, call + ": " + name);
    const Place place = OnDevice(argument.data, bytes, context->device, call + ": " + name);
    keep = std::shared_ptr<void>(place.keep, place.data);
    return place.data;
  }
};

// Looks at the addresses at once, for the mistakes that can be told then.
bool CanReachAll(const Job& job) {
  std::shared_ptr<void> keep;
  const auto reaches = [&](const std::string& name) { return job.Reach(name, keep) != nullptr; };
  const auto& inputs = job.model->inputs;
  if (!std::all_of(inputs.begin(), inputs.end(),
                   [&](const Tensor& input) { return reaches(input.name); }))
    return false;
  return !job.device_memory ||
         std::all_of(job.places.begin(), job.places.end(), [&](const OutputPlace& place) {
           return place.kind != OutputPlace::kParameter || reaches(place.name);
         });
}

std::map<std::string, Value> Evaluate(const Job& job) {
  if (const int milliseconds = Slowness(*job.model))
    usleep(static_cast<useconds_t>(milliseconds) * 1000);
  std::map<std::string, Value> values;
  for (const Tensor& input : job.model->inputs) {
    const ShapeValue& shape = job.parameters.at(input.name).shape;
    std::shared_ptr<void> keep;
    const uint8_t* const data = job.Reach(input.name, keep);
    if (data == nullptr) return {};
    values[input.name] = {ModelShape(input, shape), Bytes(data, data + shape.Bytes())};
  }
  return Compute(*job.model, std::move(values));
}

// When the stream gets there.
std::map<std::string, Value> Perform(const Job& job) {
  const std::lock_guard<std::mutex> working(job.context->working);
  Control& block = Block();
  WaitWhile(block.hold, block.held);
  auto values = Evaluate(job);
  if (!job.device_memory || values.empty()) return values;
  for (size_t i = 0; i < job.places.size(); ++i) {
    if (job.places[i].kind != OutputPlace::kParameter) continue;
    std::shared_ptr<void> keep;
    const Bytes& bytes = values.at(job.model->outputs[i].name).bytes;
    uint8_t* const data = job.Reach(job.places[i].name, keep);
    if (data != nullptr) std::copy(bytes.begin(), bytes.end(), data);
  }
  return values;
}

// The results of a run whose memory is the library's.
std::vector<ArgumentValue> Own(const std::vector<ShapeValue>& shapes, const Model& model,
                               const std::map<std::string, Value>& values) {
  std::vector<ArgumentValue> results;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const auto found = values.find(model.outputs[i].name);
    results.push_back(MakeOwned(
        shapes[i], found == values.end() ? Bytes(shapes[i].Bytes()) : found->second.bytes));
  }
  return results;
}

std::vector<ArgumentValue> RunOnHost(const Job& job, const std::vector<ShapeValue>& shapes) {
  auto results =
      Own(shapes, *job.model, CanReachAll(job) ? Evaluate(job) : std::map<std::string, Value>{});
  // An output that is an input is not copied.
  for (size_t i = 0; i < job.places.size(); ++i) {
    if (job.places[i].kind == OutputPlace::kInput)
      results[i] = job.parameters.at(job.places[i].name);
  }
  return results;
}

// With offload_copy the program waits for its own end.
std::vector<ArgumentValue> RunWithCopies(const Job& job, Stream& stream,
                                         const std::vector<ShapeValue>& shapes) {
  if (!CanReachAll(job)) return Own(shapes, *job.model, {});
  std::map<std::string, Value> values;
  if (Enqueue(stream, {job.call, [&] { values = Perform(job); }, 0.5}) != 0)
    throw Error{kUnknownError, "Gpu copy failed: invalid resource handle"};
  Synchronize(stream);
  for (const auto& [name, argument] : job.parameters)
    Add(Block().h2d_bytes, static_cast<int64_t>(argument.shape.Bytes()));
  for (const ShapeValue& shape : shapes)
    Add(Block().d2h_bytes, static_cast<int64_t>(shape.Bytes()));
  return Own(shapes, *job.model, values);
}

std::vector<ArgumentValue> RunOnDevice(Job job, const Program& program, ProgramHandle& handle,
                                       Stream& stream, const std::vector<ShapeValue>& shapes) {
  if (*handle.queued > 0 && handle.stream != &stream)
    Violation(job.call + " on a second stream while the first is not done with the program");
  handle.stream = &stream;
  if (CanReachAll(job)) {
    // What waits on the context's own stream must not keep the context.
    if (&stream == job.context->stream)
      job.context = std::shared_ptr<GpuContext>(std::shared_ptr<void>(), job.context.get());
    ++*handle.queued;
    // Whatever becomes of the operation, done or given up, it is no longer queued.
    const std::shared_ptr<void> end(nullptr, [queued = handle.queued](void*) { --*queued; });
    if (Enqueue(stream, {job.call, [job, end] { Perform(job); }, 0.5}) != 0)
      throw Error{kUnknownError, "Failed to launch kernel: invalid resource handle"};
  }
  std::vector<ArgumentValue> results;
  for (size_t i = 0; i < job.places.size(); ++i) {
    const OutputPlace& place = job.places[i];
    uint8_t* const data = place.kind == OutputPlace::kConstant
                              ? job.constants->address() + program.constant_offsets.at(place.name)
                              : job.parameters.at(place.name).data;
    results.push_back({shapes[i], data, nullptr});
  }
  return results;
}

std::map<std::string, ShapeValue> ShapesOf(const Parameters& parameters) {
  std::map<std::string, ShapeValue> shapes;
  for (const auto& [name, argument] : parameters) shapes[name] = argument.shape;
  return shapes;
}

// `stream`: null for the program's own.
std::vector<ArgumentValue> Run(void* pointer, void* given, Stream* stream, const char* call) {
  auto& handle = static_cast<ProgramHandle&>(Find(pointer, Kind::kProgram));
  const Program& program = handle.value;
  if (program.model == nullptr) throw Error{kUnknownError, "an empty program"};
  const Parameters& parameters = Of<ParametersHandle>(given);
  Add(Block().runs);
  if (!program.compiled)
    Violation(Format("%s of a program that is not compiled: reference operators compute", call));
  CheckParameters(program, parameters);
  const auto shapes = program.OutputShapes(ShapesOf(parameters));
  Job job{program.model,
          program.context,
          program.constants,
          program.TakesDeviceMemory(),
          {},
          program.places,
          call};
  for (const auto& [name, shape] : program.ParameterShapes())
    job.parameters[name] = parameters.at(name);
  if (program.context == nullptr) return RunOnHost(job, shapes);

  const InCall in_call(*program.context, call);
  NeedDevice("Failed to launch kernel");
  NeedCurrentDevice(call);
  Stream& own = *program.context->stream;
  if (!program.TakesDeviceMemory()) return RunWithCopies(job, own, shapes);
  return RunOnDevice(job, program, handle, stream == nullptr ? own : *stream, shapes);
}

}  // namespace

EXPORT int migraphx_program_run(void** out, void* program, void* parameters) {
  return Call("migraphx_program_run")([&] {
    *out = Make<ArgumentsHandle>(Run(program, parameters, nullptr, "migraphx_program_run"));
  });
}

EXPORT int migraphx_program_run_async(void** out, void* program, void* parameters, void* stream,
                                      const char* name) {
  // It computes on a stream of its own, which the caller's waits for only when all is enqueued.
  const auto begin = [&] { Run(program, parameters, nullptr, "migraphx_program_run_async"); };
  return Call("migraphx_program_run_async").Midway(begin, [&] {
    if (std::strcmp(name, "ihipStream_t") != 0)
      throw Error{kUnknownError,
                  std::string("any_ptr: type mismatch: ") + name + " != ihipStream_t"};
    Stream* const usable = UsableStream(stream, "migraphx_program_run_async");
    if (usable == nullptr) throw Error{kUnknownError, "Failed to record: invalid resource handle"};
    Add(Block().async_runs);
    *out = Make<ArgumentsHandle>(Run(program, parameters, usable, "migraphx_program_run_async"));
  });
}
