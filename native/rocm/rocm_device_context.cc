#include "rocm_device_context.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "hip_check.h"
#include "migraphx_words.h"

namespace accelnode::rocm {
namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;
constexpr size_t kAlignment = 256;  // what hipMalloc gives; kernels may count on it

bool IsAligned(const void* address) {
  return reinterpret_cast<uintptr_t>(address) % kAlignment == 0;
}

// "main:#output_2" is for the third output.
size_t IndexOf(const std::string& name) {
  size_t index = 0;
  const size_t at = name.rfind('_') + 1;
  std::from_chars(name.data() + at, name.data() + name.size(), index);
  return index;
}

}  // namespace

DeviceContext::DeviceContext(ModelFacts& facts)
    : RocmContext((UseDevice(facts.recipe.device), facts)),
      stream_(MakeStream()),
      begun_(MakeEvent()),
      uploaded_(MakeEvent()),
      computed_(MakeEvent()),
      done_(MakeEvent()),
      inputs_(facts.ports.inputs.size(), Port(facts.recipe.device)),
      outputs_(facts.ports.outputs.size(), Port(facts.recipe.device)) {}

DeviceContext::~DeviceContext() {
  TryUseDevice(facts_.recipe.device);  // for the members' destructors
  facts_.own_bytes -= counted_bytes_;
}

void DeviceContext::Compute(ProgramPool& pool, Span<const Tensor> inputs, Span<Output> outputs,
                            RunStats& stats) {
  try {
    CheckRooms(pool.program(), outputs);
    Launch(pool, inputs, outputs, stats);
    CountMemory();
  } catch (const Error& error) {
    // What was enqueued may still use the caller's memory.
    const hipError_t status = Hip().hipStreamSynchronize(stream_.get());
    Hip().hipGetLastError();
    CountMemory();
    // Another call may have failed only because of a loss that shows itself here.
    if (IsSticky(status) && error.code != ErrorCode::DEVICE_LOST) {
      throw HipError(status, "hipStreamSynchronize");
    }
    throw;
  } catch (...) {
    Hip().hipStreamSynchronize(stream_.get());
    CountMemory();
    throw;
  }
}

// Nothing is launched for results that the caller has no room for.
void DeviceContext::CheckRooms(const CompiledProgram& program, Span<Output> outputs) const {
  for (size_t i = 0; i < outputs.size() && i < program.outputs().size(); ++i) {
    if (!outputs[i].wanted || program.outputs()[i].dynamic) continue;
    CheckRoom(facts_.ports.outputs[i], program.outputs()[i], outputs[i]);
  }
}

void DeviceContext::Launch(ProgramPool& pool, Span<const Tensor> inputs, Span<Output> outputs,
                           RunStats& stats) {
  copies_in_ = copies_out_ = false;
  const ParameterList& wanted = pool.program().parameters();
  RunParameters parameters;
  AddInputs(wanted, inputs, parameters, stats);
  AddOutputs(wanted, outputs, parameters);
  HIP_CALL(hipEventRecord, uploaded_.get(), stream_.get());

  std::vector<Result> results;
  ArgumentList arguments;  // may own what outputs lie in
  {
    const ProgramPool::Lease program(pool);
    StopIfCancelled();  // waiting for one's turn may take long
    const WaitIfThrown wait(true);
    arguments = Make<ArgumentList>(MIGRAPHX(program_run_async), (*program).get(), parameters.get(),
                                   static_cast<void*>(stream_.get()), kHipStreamType);
    HIP_CALL(hipEventRecord, computed_.get(), stream_.get());
    bool borrowed = false;  // does an output lie in memory of the program's?
    for (size_t i = 0; i < outputs.size(); ++i) {
      results.push_back(ResultAt(arguments.get(), i));
      borrowed |= results[i].data != nullptr && !parameters.Has(results[i].data);
      if (outputs[i].wanted) Download(i, results[i], outputs[i], stats);
    }
    // The next lane's run would write to the scratch memory of this one.
    HIP_CALL(hipEventSynchronize, computed_.get());
    if (borrowed) Synchronize();
  }
  if (copies_out_) HIP_CALL(hipEventRecord, done_.get(), stream_.get());
  Synchronize();

  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].wanted) continue;
    const TensorInfo& info = facts_.ports.outputs[i];
    if (outputs_[i].staged) {
      Deliver(info, results[i], outputs_[i].staging.data(), outputs[i], stats);
    } else {
      Describe(info, results[i], outputs[i]);
    }
  }
  ReadTimes(stats);
}

// ---- Inputs

void DeviceContext::AddInputs(const ParameterList& wanted, Span<const Tensor> inputs,
                              RunParameters& parameters, RunStats& stats) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Parameter& parameter = wanted.inputs()[i];
    if (parameter.shape == nullptr) continue;
    CheckInput(parameter, inputs[i]);
    parameters.Add(parameter, PlaceInput(inputs_[i], inputs[i], stats));
  }
}

void* DeviceContext::PlaceInput(Port& port, const Tensor& input, RunStats& stats) {
  const MemoryKind kind = KindOf(input);
  if (kind == MemoryKind::kDevice && input.bytes > 0 && IsAligned(input.data)) return input.data;
  void* memory = port.memory.AtLeast(input.bytes);
  if (input.bytes == 0) return memory;
  const void* from = input.data;
  if (kind == MemoryKind::kHost) {
    from = std::memcpy(port.staging.AtLeast(input.bytes), input.data, input.bytes);
    stats.copied_bytes += input.bytes;
  }
  if (!std::exchange(copies_in_, true)) HIP_CALL(hipEventRecord, begun_.get(), stream_.get());
  Copy(memory, from, input.bytes);
  if (kind != MemoryKind::kDevice) stats.h2d_bytes += input.bytes;
  return memory;
}

// ---- Outputs

void DeviceContext::AddOutputs(const ParameterList& wanted, Span<Output> outputs,
                               RunParameters& parameters) {
  for (const Parameter& parameter : wanted.output_memory()) {
    const size_t index = IndexOf(parameter.name);
    if (index >= outputs.size()) {
      throw Error(
          ErrorCode::MODEL_INVALID,
          "The program wants memory for an output that it does not have: " + parameter.name);
    }
    parameters.Add(parameter, PlaceOutput(index, parameter.layout.SpanBytes(), outputs));
  }
}

void* DeviceContext::PlaceOutput(size_t index, size_t bytes, Span<Output> outputs) {
  Output& output = outputs[index];
  if (output.wanted && KindOf(output) == MemoryKind::kDevice) {
    if (output.data == nullptr) {
      output.allocated = AllocateDevice(bytes, facts_.recipe.device);
      return output.allocated.data;
    }
    if (output.bytes >= bytes && bytes > 0 && IsAligned(output.data)) return output.data;
  }
  return outputs_[index].memory.AtLeast(bytes);
}

// Moves what was computed to where the caller wants it, to pageable memory by way of pinned memory.
void DeviceContext::Download(size_t index, const Result& result, Output& output, RunStats& stats) {
  Port& port = outputs_[index];
  const MemoryKind kind = KindOf(output);
  CheckRoom(facts_.ports.outputs[index], result.layout, output);
  const bool packed = result.layout.IsPacked();
  port.staged = kind == MemoryKind::kHost || (kind == MemoryKind::kPinned && !packed);
  void* to = output.data;
  if (port.staged) {
    to = port.staging.AtLeast(result.layout.SpanBytes());
  } else if (!packed) {
    throw Error(ErrorCode::UNSUPPORTED, "MIGraphX leaves the output \"" +
                                            facts_.ports.outputs[index].name +
                                            "\" in another order of dimensions.")
        .WithHint("Ask for it in host memory.");
  } else if (output.data == nullptr) {
    if (!output.allocated.owner) {
      output.allocated = AllocateDevice(result.Bytes(), facts_.recipe.device);
    }
    to = output.allocated.data;
  }
  const size_t bytes = result.layout.SpanBytes();
  if (bytes == 0 || to == result.data) return;
  Copy(to, result.data, bytes);
  copies_out_ = true;
  if (kind != MemoryKind::kDevice) stats.d2h_bytes += bytes;
}

void DeviceContext::Copy(void* to, const void* from, size_t bytes) {
  HIP_CALL(hipMemcpyAsync, to, from, bytes, kMemcpyDefault, stream_.get());
}

void DeviceContext::Synchronize() { HIP_CALL(hipStreamSynchronize, stream_.get()); }

void DeviceContext::ReadTimes(RunStats& stats) const {
  const auto between = [](const Event& from, const Event& to) {
    float milliseconds = 0;
    HIP_CALL(hipEventElapsedTime, &milliseconds, from.get(), to.get());
    return static_cast<int64_t>(static_cast<double>(milliseconds) * kNanosecondsPerMillisecond);
  };
  if (copies_in_) stats.h2d = between(begun_, uploaded_);
  stats.compute = between(uploaded_, computed_);
  if (copies_out_) stats.d2h = between(computed_, done_);
}

void DeviceContext::CountMemory() {
  uint64_t bytes = 0;
  for (const auto* ports : {&inputs_, &outputs_}) {
    for (const Port& port : *ports) bytes += port.memory.bytes();
  }
  facts_.own_bytes += bytes - counted_bytes_;
  counted_bytes_ = bytes;
}

}  // namespace accelnode::rocm
