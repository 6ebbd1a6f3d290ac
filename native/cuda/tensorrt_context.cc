#include "tensorrt_context.h"

#include <utility>

#include "cuda_check.h"

namespace accelnode::cuda {
namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

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
      context_(std::move(context)),
      graphs_(facts.graphs) {
  inputs_.reserve(facts.inputs.size());
  outputs_.reserve(facts.outputs.size());
  for (size_t i = 0; i < facts.inputs.size(); ++i) {
    inputs_.emplace_back(facts.inputs[i], facts.host_inputs[i], facts.device);
    dynamic_ |= facts.inputs[i].IsDynamic();
    has_values_ |= facts.host_inputs[i];
  }
  for (size_t i = 0; i < facts.outputs.size(); ++i) {
    outputs_.emplace_back(facts.outputs[i], facts.host_outputs[i], facts.device);
  }
  Call(context_.get(), method::context::kSetErrorRecorder, &recorder_);
  LogScope log(&recorder_);
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
}

TensorRtContext::~TensorRtContext() {
  TryUseDevice(facts_.device);  // for the members' destructors
  facts_.own_bytes -= counted_bytes_;
}

void TensorRtContext::Cancel() {
  cancelled_ = true;
  facts_.turn.Wake();
}

void TensorRtContext::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  std::unique_ptr<Turn, GiveTurn> turn;
  if (facts_.shared_memory.owner && facts_.turn.Take(cancelled_)) turn.reset(&facts_.turn);
  if (facts_.lost) throw Lost();
  if (cancelled_) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  LogScope log(&recorder_);
  try {
    UseDevice(facts_.device);
    Launch(inputs, outputs, stats);
  } catch (const Error& error) {
    // What was enqueued may still use the caller's memory.
    const cudaError_t status = Cudart().cudaStreamSynchronize(stream_.get());
    Cudart().cudaGetLastError();
    Forget();
    CountMemory();
    // Another call may have failed only because of a loss that shows itself here.
    const bool lost_now = IsSticky(status) && error.code != ErrorCode::DEVICE_LOST;
    if (lost_now || error.code == ErrorCode::DEVICE_LOST) facts_.lost = true;
    if (lost_now) throw CudaError(status, "cudaStreamSynchronize");
    throw;
  } catch (...) {
    Cudart().cudaStreamSynchronize(stream_.get());
    Forget();
    CountMemory();
    throw;
  }
}

void TensorRtContext::Launch(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  copies_in_ = copies_out_ = false;
  if (has_values_) StageValues(inputs, stats);
  if (dynamic_ || has_values_) SelectProfile(inputs);
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
  LogScope log(&recorder_);
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
