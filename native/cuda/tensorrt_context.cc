#include "tensorrt_context.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cuda_check.h"
#include "tensorrt_types.h"

namespace accelnode::cuda {
namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

bool Refuse(const LogScope& log, const char* call, const std::string& what,
            ErrorCode code = ErrorCode::VENDOR_FAILURE) {
  throw TensorRtError(log, call, what, code);
}

Error Lost() {
  return Error(ErrorCode::DEVICE_LOST, "The device failed in an earlier run of this session.")
      .WithHint("Nothing more can be computed on it in this process: start a new one.");
}

}  // namespace

TensorRtContext::TensorRtContext(TrtObject context, EngineFacts& facts)
    : facts_(facts),
      stream_(MakeStream()),
      begun_(MakeEvent()),
      uploaded_(MakeEvent()),
      computed_(MakeEvent()),
      done_(MakeEvent()),
      context_(std::move(context)) {
  inputs_.reserve(facts.inputs.size());
  outputs_.reserve(facts.outputs.size());
  bool on_host = false;
  for (size_t i = 0; i < facts.inputs.size(); ++i) {
    inputs_.emplace_back(facts.inputs[i], facts.host_inputs[i], facts.device);
    dynamic_ |= facts.inputs[i].IsDynamic();
    on_host |= facts.host_inputs[i];
  }
  for (size_t i = 0; i < facts.outputs.size(); ++i) {
    outputs_.emplace_back(facts.outputs[i], facts.host_outputs[i], facts.device);
    on_host |= facts.host_outputs[i];
  }
  graphs_ = facts.graphs && !on_host && !facts.profiling;
  LogScope log;
  profile_ = Call(context_.get(), method::context::kGetOptimizationProfile);
  // Only the first context of an engine has one from the start.
  if (profile_ < 0 && !facts.profiles.empty()) {
    profile_ = 0;
    Call(context_.get(), method::context::kSetOptimizationProfileAsync, 0, stream_.get()) ||
        Refuse(log, "IExecutionContext::setOptimizationProfileAsync",
               "The context takes no optimisation profile.");
    Synchronize();
  }
  if (facts.profiling) {
    Call(context_.get(), method::context::kSetProfiler, profiler_.ForTensorRt(g_major));
    // Reported when asked for: by itself, each run would wait in the middle.
    Call(context_.get(), method::context::kSetEnqueueEmitsProfile, false);
  }
  ++facts_.contexts;
}

TensorRtContext::~TensorRtContext() {
  TryUseDevice(facts_.device);  // for the members' destructors
  --facts_.contexts;
  facts_.own_bytes -= counted_bytes_;
}

void TensorRtContext::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  if (facts_.lost) throw Lost();
  UseDevice(facts_.device);
  std::unique_lock<std::mutex> turn;
  if (facts_.shared_memory.owner) turn = std::unique_lock(facts_.turn);
  if (cancelled_) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  try {
    Launch(inputs, outputs, stats);
  } catch (const Error& error) {
    // What was enqueued may still use the caller's memory.
    Cudart().cudaStreamSynchronize(stream_.get());
    Cudart().cudaGetLastError();
    Forget();
    if (error.code == ErrorCode::DEVICE_LOST) facts_.lost = true;
    throw;
  } catch (...) {
    Cudart().cudaStreamSynchronize(stream_.get());
    Forget();
    throw;
  }
}

void TensorRtContext::Launch(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  copies_in_ = copies_out_ = false;
  if (dynamic_) SelectProfile(inputs);
  for (size_t i = 0; i < inputs.size(); ++i) BindInput(inputs_[i], inputs[i], stats);
  if (copies_in_) CUDA_CALL(cudaEventRecord, uploaded_.get(), stream_.get());
  if (shapes_changed_) LearnOutputShapes();
  for (size_t i = 0; i < outputs.size(); ++i) BindOutput(outputs_[i], outputs[i]);
  // A single event marks both the end of the copies and the begin of the computation.
  if (!copies_in_) CUDA_CALL(cudaEventRecord, uploaded_.get(), stream_.get());
  Enqueue();
  CUDA_CALL(cudaEventRecord, computed_.get(), stream_.get());
  for (size_t i = 0; i < outputs.size(); ++i) Download(outputs_[i], outputs[i], stats);
  if (copies_out_) CUDA_CALL(cudaEventRecord, done_.get(), stream_.get());
  Synchronize();
  if (DownloadDependent(outputs, stats)) Synchronize();
  for (size_t i = 0; i < outputs.size(); ++i) Finish(outputs_[i], outputs[i], stats);
  ReadTimes(stats);
  CountMemory();
  ran_ = true;
}

// ---- Inputs

void TensorRtContext::SelectProfile(Span<const Tensor> inputs) {
  bool same = true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    same = same && inputs_[i].shape_told && inputs_[i].shape == inputs[i].shape;
  }
  if (same || Fits(static_cast<size_t>(profile_), inputs)) return;
  for (size_t profile = 0; profile < facts_.profiles.size(); ++profile) {
    if (!Fits(profile, inputs)) continue;
    LogScope log;
    Forget();
    Call(context_.get(), method::context::kSetOptimizationProfileAsync,
         static_cast<int32_t>(profile), stream_.get()) ||
        Refuse(log, "IExecutionContext::setOptimizationProfileAsync",
               "The optimisation profile can't be changed.");
    profile_ = static_cast<int>(profile);
    return;
  }
  std::string given, ranges;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = inputs_[i].info;
    if (!info.IsDynamic()) continue;
    given += (given.empty() ? "" : ", ") + ("\"" + info.name + "\" ") +
             ShapeText(inputs[i].shape.data(), inputs[i].shape.rank());
    for (const auto& bounds : facts_.profiles) {
      ranges += (ranges.empty() ? "" : "; ") + ("\"" + info.name + "\" ") +
                ShapeText(bounds[i].min.data(), bounds[i].min.size()) + " to " +
                ShapeText(bounds[i].max.data(), bounds[i].max.size());
    }
  }
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "The engine was not built for these shapes: " + given + ".")
      .WithHint("Its optimisation profiles take " + ranges + ".");
}

bool TensorRtContext::Fits(size_t profile, Span<const Tensor> inputs) const {
  if (profile >= facts_.profiles.size()) return false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const EngineFacts::Bounds& bounds = facts_.profiles[profile][i];
    const Shape& shape = inputs[i].shape;
    for (size_t d = 0; d < shape.rank(); ++d) {
      if (shape[d] < bounds.min[d] || shape[d] > bounds.max[d]) return false;
    }
  }
  return true;
}

void TensorRtContext::BindInput(Port& port, const Tensor& input, RunStats& stats) {
  if (port.info.IsDynamic() && !(port.shape_told && port.shape == input.shape)) {
    LogScope log;
    const Dims dims = ToDims(input.shape);
    Call(context_.get(), method::context::kSetInputShape, port.info.name.c_str(), &dims) ||
        Refuse(log, "IExecutionContext::setInputShape",
               "TensorRT refuses the shape of \"" + port.info.name + "\".",
               ErrorCode::INVALID_ARGUMENT);
    port.shape = input.shape;
    port.shape_told = true;
    changed_ = shapes_changed_ = true;
  }
  void* address = PlaceInput(port, input, stats);
  if (port.on_host) {
    // Its values decide shapes, so TensorRT must look at them again.
    port.address = nullptr;
    shapes_changed_ = true;
  }
  Tell(port, address);
}

void* TensorRtContext::PlaceInput(Port& port, const Tensor& input, RunStats& stats) {
  const MemoryKind kind = input.buffer ? input.buffer->kind : MemoryKind::kHost;
  const auto aligned = [](const void* address) {
    return reinterpret_cast<uintptr_t>(address) % kDeviceAlignment == 0;
  };
  const auto stage = [&] {
    void* staging = port.staging.AtLeast(input.bytes);
    if (input.bytes > 0) std::memcpy(staging, input.data, input.bytes);
    stats.copied_bytes += input.bytes;
    return staging;
  };
  if (port.on_host) {
    if (kind != MemoryKind::kDevice) return input.bytes > 0 ? input.data : stage();
    void* staging = port.staging.AtLeast(input.bytes);
    Copy(staging, input.data, input.bytes);
    Synchronize();
    return staging;
  }
  if (kind == MemoryKind::kDevice && input.bytes > 0 && aligned(input.data)) return input.data;
  if (facts_.integrated && kind != MemoryKind::kDevice) {
    const bool as_it_is = kind == MemoryKind::kPinned && input.bytes > 0 && aligned(input.data);
    return MappedAddress(as_it_is ? input.data : stage());
  }
  void* memory = port.memory.AtLeast(input.bytes);
  const void* from = kind == MemoryKind::kHost ? stage() : input.data;
  if (input.bytes == 0) return memory;
  if (!std::exchange(copies_in_, true)) {
    CUDA_CALL(cudaEventRecord, begun_.get(), stream_.get());
  }
  Copy(memory, from, input.bytes);
  if (kind != MemoryKind::kDevice) stats.h2d_bytes += input.bytes;
  return memory;
}

// ---- Outputs

void TensorRtContext::LearnOutputShapes() {
  LogScope log;
  for (Port& port : outputs_) {
    const char* name = port.info.name.c_str();
    const Dims dims = Call(context_.get(), method::context::kGetTensorShape, name);
    if (dims.nbDims < 0) {
      Refuse(log, "IExecutionContext::getTensorShape",
             "TensorRT can't tell the shape of \"" + port.info.name + "\".");
    }
    if (IsKnown(dims)) {
      port.shape = ToShape(dims);
      port.bytes = ByteSize(port.info.type, port.shape.Elements());
      port.shape_told = true;
      continue;
    }
    port.shape_told = false;
    if (port.allocator) continue;
    port.allocator = std::make_unique<Allocator>(port.memory, facts_.device);
    graphs_ = false;  // nothing may be allocated in one
    Call(context_.get(), method::context::kSetOutputAllocator, name, port.allocator.get()) ||
        Refuse(log, "IExecutionContext::setOutputAllocator",
               "TensorRT takes no allocator for \"" + port.info.name + "\".");
  }
  shapes_changed_ = false;
}

void TensorRtContext::CheckRoom(const Port& port, const Output& output) const {
  if (!output.wanted || output.data == nullptr || output.bytes >= port.bytes) return;
  throw Error(ErrorCode::INVALID_ARGUMENT, "The tensor given for the output \"" + port.info.name +
                                               "\" is too small: it needs " +
                                               std::to_string(port.bytes) + " bytes.");
}

void TensorRtContext::BindOutput(Port& port, Output& output) {
  port.staged = false;
  if (port.allocator) {  // asks for memory itself, whether or not the shape is known now
    port.allocator->error.reset();
    return;
  }
  CheckRoom(port, output);
  Tell(port, PlaceOutput(port, output));
}

void* TensorRtContext::PlaceOutput(Port& port, Output& output) {
  const auto aligned = [](const void* address) {
    return reinterpret_cast<uintptr_t>(address) % kDeviceAlignment == 0;
  };
  if (port.on_host || !output.wanted) {
    port.staged = output.wanted;
    return port.on_host ? port.staging.AtLeast(port.bytes) : port.memory.AtLeast(port.bytes);
  }
  if (output.data == nullptr && output.memory == MemoryKind::kDevice) {
    output.allocated = AllocateDevice(port.bytes, facts_.device);
    return output.allocated.data;
  }
  const MemoryKind kind =
      output.data != nullptr && output.buffer ? output.buffer->kind : MemoryKind::kHost;
  if (kind == MemoryKind::kDevice && aligned(output.data) && port.bytes > 0) return output.data;
  if (facts_.integrated && kind != MemoryKind::kDevice) {
    if (kind == MemoryKind::kPinned && aligned(output.data) && port.bytes > 0) {
      return MappedAddress(output.data);
    }
    port.staged = true;
    return MappedAddress(port.staging.AtLeast(port.bytes));
  }
  return port.memory.AtLeast(port.bytes);
}

// Moves what was computed in the context's own memory to where the caller wants it.
void TensorRtContext::Download(Port& port, Output& output, RunStats& stats) {
  if (!output.wanted || port.bytes == 0 || port.staged || port.allocator) return;
  if (port.address != port.memory.data()) return;  // it is there already
  const MemoryKind kind =
      output.data != nullptr && output.buffer ? output.buffer->kind : MemoryKind::kHost;
  void* to = output.data;
  if (kind == MemoryKind::kHost) {
    to = port.staging.AtLeast(port.bytes);
    port.staged = true;
  }
  Copy(to, port.memory.data(), port.bytes);
  copies_out_ = true;
  if (kind != MemoryKind::kDevice) stats.d2h_bytes += port.bytes;
}

// The same for outputs whose shapes are known only now. True when something was enqueued.
bool TensorRtContext::DownloadDependent(Span<Output> outputs, RunStats& stats) {
  bool enqueued = false;
  for (size_t i = 0; i < outputs.size(); ++i) {
    Port& port = outputs_[i];
    Output& output = outputs[i];
    if (!port.allocator) continue;
    if (port.allocator->error) throw *port.allocator->error;
    port.shape = ToShape(port.allocator->shape);
    port.bytes = ByteSize(port.info.type, port.shape.Elements());
    if (!output.wanted) continue;
    CheckRoom(port, output);
    if (output.data == nullptr && output.memory == MemoryKind::kDevice) {
      // The caller keeps it; TensorRT asks for other memory the next time.
      if (port.memory.data() == nullptr) port.memory.AtLeast(port.bytes);
      output.allocated = port.memory.Take();
      output.allocated.bytes = port.bytes;
      continue;
    }
    if (port.bytes == 0) continue;
    const MemoryKind kind =
        output.data != nullptr && output.buffer ? output.buffer->kind : MemoryKind::kHost;
    void* to = output.data;
    if (kind == MemoryKind::kHost) {
      to = port.staging.AtLeast(port.bytes);
      port.staged = true;
    }
    Copy(to, port.memory.data(), port.bytes);
    if (kind != MemoryKind::kDevice) stats.d2h_bytes += port.bytes;
    enqueued = true;
  }
  return enqueued;
}

void TensorRtContext::Finish(Port& port, Output& output, RunStats& stats) {
  if (!output.wanted) return;
  if (output.allocated.kind == MemoryKind::kDevice && output.allocated.owner) {
    output.data = output.allocated.data;
  } else if (output.data == nullptr) {
    output.allocated = AllocateHost(port.bytes);
    output.data = output.allocated.data;
  } else {
    output.reshaped = output.shape != port.shape;
  }
  if (port.staged && port.bytes > 0) {
    std::memcpy(output.data, port.staging.data(), port.bytes);
    stats.copied_bytes += port.bytes;
  }
  if (output.bytes != port.bytes) output.bytes = port.bytes;
  if (output.shape != port.shape) output.shape = port.shape;
}

void* TensorRtContext::Allocator::reallocateOutput(const char*, void*, uint64_t size,
                                                   uint64_t) noexcept {
  try {
    UseDevice(device_);
    return memory_.AtLeast(static_cast<size_t>(size));
  } catch (...) {
    error = CurrentError();
    return nullptr;
  }
}

void* TensorRtContext::Allocator::reallocateOutputAsync(const char* tensor, void* current,
                                                        uint64_t size, uint64_t alignment,
                                                        cudaStream_t) noexcept {
  return reallocateOutput(tensor, current, size, alignment);
}

// ---- Computing

void TensorRtContext::Tell(Port& port, void* address) {
  if (port.address == address) return;
  LogScope log;
  Call(context_.get(), method::context::kSetTensorAddress, port.info.name.c_str(), address) ||
      Refuse(log, "IExecutionContext::setTensorAddress",
             "TensorRT refuses the memory of \"" + port.info.name + "\".");
  port.address = address;
  changed_ = true;
}

void TensorRtContext::Enqueue() {
  if (graphs_) {
    if (changed_) {
      // Recorded the next time, if nothing changes till then: TensorRT wants a run with new shapes
      // to come first, and a graph that is used once is not worth its making.
      graph_.reset();
    } else if (graph_ || Capture()) {
      CUDA_CALL(cudaGraphLaunch, graph_.get(), stream_.get());
      return;
    }
  }
  LogScope log;
  if (!Call(context_.get(), method::context::kEnqueueV3, stream_.get())) {
    for (const Port& port : outputs_) {
      if (port.allocator && port.allocator->error) throw *port.allocator->error;
    }
    Refuse(log, "IExecutionContext::enqueueV3", "The run failed.");
  }
  changed_ = false;
}

// False, and never tried again, when the engine does something that can't be recorded.
bool TensorRtContext::Capture() {
  LogScope aside;
  const CudartFunctions& cudart = Cudart();
  graphs_ = false;
  if (cudart.cudaStreamBeginCapture(stream_.get(), kCaptureThreadLocal) != cudaSuccess) {
    cudart.cudaGetLastError();
    return false;
  }
  const bool enqueued = Call(context_.get(), method::context::kEnqueueV3, stream_.get());
  cudaGraph_t recorded = nullptr;
  cudaError_t status = cudart.cudaStreamEndCapture(stream_.get(), &recorded);
  if (status != cudaSuccess && recorded == nullptr) {
    // The stream must not go on recording, whatever the reason.
    cudart.cudaStreamEndCapture(stream_.get(), &recorded);
  }
  const Graph graph(recorded);
  cudaGraphExec_t executable = nullptr;
  if (enqueued && status == cudaSuccess && graph) {
    status = cudart.cudaGraphInstantiate(&executable, graph.get(), 0);
    if (status == cudaSuccess) graph_.reset(executable);
  }
  cudart.cudaGetLastError();
  graphs_ = graph_ != nullptr;
  return graphs_;
}

void TensorRtContext::Copy(void* to, const void* from, size_t bytes) {
  if (bytes > 0) CUDA_CALL(cudaMemcpyAsync, to, from, bytes, kMemcpyDefault, stream_.get());
}

void TensorRtContext::Synchronize() { CUDA_CALL(cudaStreamSynchronize, stream_.get()); }

// After this, TensorRT is told everything again.
void TensorRtContext::Forget() {
  for (auto* ports : {&inputs_, &outputs_}) {
    for (Port& port : *ports) {
      port.shape_told = false;
      port.address = nullptr;
    }
  }
  changed_ = shapes_changed_ = true;
  graph_.reset();
}

void TensorRtContext::ReadTimes(RunStats& stats) const {
  const auto between = [](const Event& from, const Event& to) {
    float milliseconds = 0;
    CUDA_CALL(cudaEventElapsedTime, &milliseconds, from.get(), to.get());
    return static_cast<int64_t>(static_cast<double>(milliseconds) * kNanosecondsPerMillisecond);
  };
  if (copies_in_) stats.h2d = between(begun_, uploaded_);
  stats.compute = between(uploaded_, computed_);
  if (copies_out_) stats.d2h = between(computed_, done_);
}

void TensorRtContext::CountMemory() {
  uint64_t bytes = 0;
  for (const auto* ports : {&inputs_, &outputs_}) {
    for (const Port& port : *ports) bytes += port.memory.bytes();
  }
  if (bytes == counted_bytes_) return;
  facts_.own_bytes += bytes - counted_bytes_;
  counted_bytes_ = bytes;
}

Value TensorRtContext::Profile() {
  if (!facts_.profiling) {
    throw Error(ErrorCode::UNSUPPORTED, "This session records no times of layers.")
        .WithHint("Load it with { profiling: true }.");
  }
  Value::List layers;
  if (!ran_) return layers;
  UseDevice(facts_.device);
  LogScope log;
  profiler_.layers.clear();
  Call(context_.get(), method::context::kReportToProfiler) ||
      Refuse(log, "IExecutionContext::reportToProfiler", "TensorRT has no times of layers.");
  for (const auto& [name, milliseconds] : profiler_.layers) {
    layers.emplace_back(Value::Map{{"name", name},
                                   {"type", ""},
                                   {"kernel", ""},
                                   {"status", "executed"},
                                   {"time", static_cast<double>(milliseconds)},
                                   {"cpuTime", 0}});
  }
  return layers;
}

}  // namespace accelnode::cuda
