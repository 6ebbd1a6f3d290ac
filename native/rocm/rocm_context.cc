#include "rocm_context.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "hip_check.h"
#include "migraphx_words.h"

namespace accelnode::rocm {

void RocmContext::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  if (facts_.lost) {
    throw Error(ErrorCode::DEVICE_LOST, "The device failed in an earlier run of this session.")
        .WithHint("Nothing more can be computed on it in this process: start a new one.");
  }
  StopIfCancelled();
  try {
    if (facts_.recipe.device >= 0) {
      UseDevice(facts_.recipe.device);
    } else {
      UseNoDevice();
    }
    const std::shared_ptr<ProgramPool> pool = PoolFor(inputs);
    Compute(*pool, inputs, outputs, stats);
  } catch (const Error& error) {
    if (error.code == ErrorCode::DEVICE_LOST) facts_.lost = true;
    throw;
  }
}

void RocmContext::StopIfCancelled() const {
  if (cancelled_) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
}

std::shared_ptr<ProgramPool> RocmContext::PoolFor(Span<const Tensor> inputs) {
  if (only_pool_) return only_pool_;
  ShapeSet shapes;
  for (const Tensor& input : inputs) {
    shapes.emplace_back(input.shape.begin(), input.shape.end());
  }
  std::shared_ptr<ProgramPool> pool = facts_.programs.For(shapes);
  if (!facts_.ports.dynamic) only_pool_ = pool;
  return pool;
}

namespace {

// Of the caller's memory, what is not the host's.
void CheckHost(bool on_device, const TensorInfo& info) {
  if (!on_device) return;
  throw Error(ErrorCode::UNSUPPORTED,
              "This session takes and gives tensors in host memory only: \"" + info.name + "\".")
      .WithHint("On a GPU, load it without rocm.offloadCopy.");
}

}  // namespace

void HostContext::Compute(ProgramPool& pool, Span<const Tensor> inputs, Span<Output> outputs,
                          RunStats& stats) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    CheckHost(KindOf(inputs[i]) == MemoryKind::kDevice, facts_.ports.inputs[i]);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const bool on_device = outputs[i].wanted && KindOf(outputs[i]) == MemoryKind::kDevice;
    CheckHost(on_device, facts_.ports.outputs[i]);
  }
  const ProgramPool::Lease lease(pool);
  StopIfCancelled();  // waiting for one's turn may take long
  const CompiledProgram& program = *lease;
  RunParameters parameters;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Parameter& parameter = program.parameters().inputs()[i];
    if (parameter.shape == nullptr) continue;
    CheckInput(parameter, inputs[i]);
    parameters.Add(parameter, inputs[i].data);
  }
  const WaitIfThrown wait(facts_.recipe.device >= 0);
  const auto results = Make<ArgumentList>(MIGRAPHX(program_run), program.get(), parameters.get());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].wanted) continue;
    const Result result = ResultAt(results.get(), i);
    const TensorInfo& info = facts_.ports.outputs[i];
    CheckRoom(info, result.layout, outputs[i]);
    Deliver(info, result, result.data, outputs[i], stats);
  }
}

MemoryKind KindOf(const Tensor& input) {
  return input.buffer ? input.buffer->kind : MemoryKind::kHost;
}

MemoryKind KindOf(const Output& output) {
  if (output.data == nullptr) return output.memory;
  return output.buffer ? output.buffer->kind : MemoryKind::kHost;
}

RunParameters::RunParameters()
    : parameters_(Make<Parameters>(MIGRAPHX(program_parameters_create))) {}

void RunParameters::Add(const Parameter& parameter, void* memory) {
  arguments_.push_back(Make<Argument>(MIGRAPHX(argument_create), parameter.shape, memory));
  Call(MIGRAPHX(program_parameters_add), parameters_.get(), parameter.name.c_str(),
       static_cast<const migraphx_argument*>(arguments_.back().get()));
  memory_.push_back(memory);
}

bool RunParameters::Has(const void* memory) const {
  return std::find(memory_.begin(), memory_.end(), memory) != memory_.end();
}

Result ResultAt(migraphx_arguments* results, size_t index) {
  size_t count = 0;
  Call(MIGRAPHX(arguments_size), &count, results);
  if (index >= count) {
    throw Error(ErrorCode::VENDOR_FAILURE,
                "MIGraphX gave " + std::to_string(count) + " outputs, which are too few.")
        .WithCall("migraphx_program_run", 0);
  }
  const migraphx_argument* argument = nullptr;
  Call(MIGRAPHX(arguments_get), &argument, results, index);
  const migraphx_shape* shape = nullptr;
  Call(MIGRAPHX(argument_shape), &shape, argument);
  Result result;
  result.layout = LayoutOf(shape);
  char* data = nullptr;
  if (result.layout.Elements() > 0) Call(MIGRAPHX(argument_buffer), &data, argument);
  result.data = data;
  return result;
}

void CheckInput(const Parameter& parameter, const Tensor& input) {
  const size_t bytes = ByteSize(parameter.layout.type, parameter.layout.Elements());
  if (input.bytes == bytes) return;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "The program takes " + ShapeText(parameter.layout.dims) + " (" +
                  std::to_string(bytes) + " bytes) for the input \"" + parameter.name +
                  "\", which has " + std::to_string(input.bytes) + " bytes.");
}

void CheckRoom(const TensorInfo& info, const Layout& layout, const Output& output) {
  const size_t bytes = ByteSize(layout.type, layout.Elements());
  if (output.data == nullptr || output.bytes >= bytes) return;
  throw Error(ErrorCode::INVALID_ARGUMENT, "The tensor given for the output \"" + info.name +
                                               "\" is too small: it needs " +
                                               std::to_string(bytes) + " bytes.");
}

void Deliver(const TensorInfo& info, const Result& result, const void* data, Output& output,
             RunStats& stats) {
  if (output.data == nullptr) {
    output.allocated = AllocateHost(result.Bytes());
  }
  void* to = output.data == nullptr ? output.allocated.data : output.data;
  if (!result.layout.IsPacked()) {
    Pack(result.layout, data, to);
  } else if (result.Bytes() > 0) {
    std::memcpy(to, data, result.Bytes());
  }
  stats.copied_bytes += result.Bytes();
  Describe(info, result, output);
}

void Describe(const TensorInfo& info, const Result& result, Output& output) {
  const std::vector<int64_t> dims = DimsOf(result.layout, info);
  const Shape shape(dims.data(), dims.size());
  if (output.allocated.owner) {
    output.data = output.allocated.data;
  } else {
    output.reshaped = output.shape != shape;
  }
  output.bytes = result.Bytes();
  output.shape = shape;
}

}  // namespace accelnode::rocm
