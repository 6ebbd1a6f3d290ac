#include "rknn_context.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "rknn_check.h"
#include "rknn_profile.h"

namespace accelnode::rknn {
namespace {

using Moment = std::chrono::steady_clock::time_point;

Moment Now() { return std::chrono::steady_clock::now(); }

int64_t Between(Moment from, Moment to) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
}

Shape ToShape(const std::vector<int64_t>& dims) { return Shape(dims.data(), dims.size()); }

bool IsShared(const Buffer* buffer, const void* data) {
  return buffer != nullptr && buffer->kind == MemoryKind::kPinned && buffer->data == data;
}

// Gives an output its memory and says what came of it; throws when the caller's is too small.
void Prepare(const TensorInfo& info, const Shape& shape, Output& output) {
  const size_t bytes = ByteSize(info.type, shape.Elements());
  output.reshaped = output.data != nullptr && output.shape != shape;
  if (output.data == nullptr) {
    if (output.memory == MemoryKind::kDevice) {
      throw Error(ErrorCode::UNSUPPORTED, "RKNN's outputs lie in the host's memory.");
    }
    output.allocated = AllocateHost(bytes);
    output.data = output.allocated.data;
  } else if (bytes > output.bytes) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "The tensor given for the output \"" + info.name +
                                                 "\" is too small: it needs " +
                                                 std::to_string(bytes) + " bytes.");
  }
  output.bytes = bytes;
  output.shape = shape;
}

// librknnrt has not begun to use the outputs, or has given them back, whatever happens.
class Outputs {
 public:
  Outputs(rknn_context context, std::vector<rknn_output>& outputs)
      : context_(context), outputs_(outputs) {
    RKNN_CALL(outputs_get, context_, Count(), outputs_.data(), nullptr);
  }
  ~Outputs() { Api().outputs_release(context_, Count(), outputs_.data()); }
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

 private:
  uint32_t Count() const { return static_cast<uint32_t>(outputs_.size()); }

  const rknn_context context_;
  std::vector<rknn_output>& outputs_;
};

}  // namespace

RknnContext::RknnContext(std::shared_ptr<const NpuContext> npu, ModelFacts& facts)
    : npu_(std::move(npu)),
      facts_(facts),
      in_place_(facts.ports.HasNative()),
      scratch_(facts.ports.outputs.size()),
      input_slots_(facts.ports.inputs.size()),
      output_slots_(facts.ports.outputs.size()) {
  for (const Port& port : facts_.ports.inputs) {
    rknn_input input{};
    input.index = port.attr.index;
    input.pass_through = port.pass_through ? 1 : 0;
    input.type = port.attr.type;
    input.fmt = port.format;
    raw_inputs_.push_back(input);
  }
  for (const Port& port : facts_.ports.outputs) {
    rknn_output output{};
    output.index = port.attr.index;
    output.want_float = port.attr.type != port.model_type ? 1 : 0;
    output.is_prealloc = 1;
    raw_outputs_.push_back(output);
    output_shapes_.push_back(ToShape(port.info.shape));
  }
}

// Once the NPU is lost nothing is asked of it any more.
template <typename Use>
auto RknnContext::UnlessLost(Use use) {
  if (facts_.lost) {
    throw Error(ErrorCode::DEVICE_LOST, "The NPU failed in an earlier run of this session.")
        .WithHint("Close the session, and load another when the NPU is there again.");
  }
  try {
    return use();
  } catch (const Error& error) {
    if (error.code == ErrorCode::DEVICE_LOST) facts_.lost = true;
    throw;
  }
}

void RknnContext::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  UnlessLost([&] {
    in_place_ = in_place_ || WantsInPlace(inputs, outputs);
    if (in_place_) return RunInPlace(inputs, outputs, stats);
    RunByCopy(inputs, outputs, stats);
  });
}

void RknnContext::Compute() {
  if (cancelled_) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  RKNN_CALL(run, npu_->get(), nullptr);
}

// ---- By copy: rknn_inputs_set and rknn_outputs_get

void RknnContext::RunByCopy(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  const Moment begun = Now();
  if (facts_.ports.IsDynamic()) SetShapes(inputs);
  SetInputs(inputs);
  const Moment set = Now();
  Compute();
  const Moment computed = Now();
  GetOutputs(outputs, stats);
  stats.h2d = Between(begun, set);
  stats.compute = Between(set, computed);
  stats.d2h = Between(computed, Now());
}

void RknnContext::SetShapes(Span<const Tensor> inputs) {
  std::vector<Shape> wanted;
  for (const Tensor& input : inputs) wanted.push_back(input.shape);
  if (wanted == shapes_) return;
  const auto& sets = facts_.ports.shape_sets;
  if (std::find(sets.begin(), sets.end(), wanted) == sets.end()) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The model was not converted for inputs of these shapes together.")
        .WithHint("session.details.shapes lists those that it was converted for.");
  }
  shapes_.clear();  // what librknnrt has is not known if this fails
  std::vector<rknn_tensor_attr> attrs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    attrs.push_back(facts_.ports.inputs[i].attr);
    SetDims(attrs.back(), wanted[i]);
  }
  RKNN_CALL(set_input_shapes, npu_->get(), static_cast<uint32_t>(attrs.size()), attrs.data());
  for (size_t i = 0; i < output_shapes_.size(); ++i) {
    const rknn_tensor_attr attr =
        QueryAttr(*npu_, kQueryCurrentOutputAttr, facts_.ports.outputs[i].attr.index);
    output_shapes_[i] = ToShape(DimsOf(attr));
  }
  shapes_ = std::move(wanted);
}

void RknnContext::SetInputs(Span<const Tensor> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    raw_inputs_[i].buf = inputs[i].data;
    raw_inputs_[i].size = static_cast<uint32_t>(inputs[i].bytes);
  }
  RKNN_CALL(inputs_set, npu_->get(), static_cast<uint32_t>(inputs.size()), raw_inputs_.data());
}

void RknnContext::GetOutputs(Span<Output> outputs, RunStats& stats) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Port& port = facts_.ports.outputs[i];
    const size_t bytes = ByteSize(port.info.type, output_shapes_[i].Elements());
    void* to = nullptr;
    if (outputs[i].wanted) {
      Prepare(port.info, output_shapes_[i], outputs[i]);
      to = outputs[i].data;
    }
    if (to == nullptr || port.reordered) {
      if (scratch_[i].bytes < bytes || scratch_[i].data == nullptr)
        scratch_[i] = AllocateHost(bytes);
      to = scratch_[i].data;
    }
    raw_outputs_[i].buf = to;
    raw_outputs_[i].size = static_cast<uint32_t>(bytes);
  }
  const Outputs got(npu_->get(), raw_outputs_);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].wanted || !facts_.ports.outputs[i].reordered) continue;
    facts_.ports.outputs[i].Reorder(scratch_[i].data, outputs[i].data);
    stats.copied_bytes += outputs[i].bytes;
  }
}

// ---- In place: memory that the NPU reads and writes itself

bool RknnContext::WantsInPlace(Span<const Tensor> inputs, Span<Output> outputs) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& input = inputs[i];
    if (IsUsable(facts_.ports.inputs[i], input.buffer, input.data, input.bytes)) return true;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Output& output = outputs[i];
    if (!output.wanted || output.data == nullptr) continue;
    if (IsUsable(facts_.ports.outputs[i], output.buffer, output.data, output.bytes)) return true;
  }
  return false;
}

// Caches are synchronised buffer by buffer: for an output that has only a part of one, the rest,
// which the CPU may have written, would be lost with it.
bool RknnContext::IsUsable(const Port& port, const Buffer* buffer, const void* data,
                           size_t bytes) const {
  return facts_.zero_copy && IsShared(buffer, data) && port.IsDirect() &&
         (port.is_input || bytes == buffer->bytes) &&
         SharedMemory(*buffer)->size >= port.BytesInMemory();
}

void RknnContext::RunInPlace(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  const Moment begun = Now();
  const Ports& ports = facts_.ports;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Port& port = ports.inputs[i];
    const Tensor& input = inputs[i];
    Slot& slot = input_slots_[i];
    rknn_tensor_mem* memory = nullptr;
    if (IsUsable(port, input.buffer, input.data, input.bytes)) {
      memory = Imported(*input.buffer);
    } else {
      memory = OwnMemory(port, slot);
      port.Scatter(input.data, memory->virt_addr);
      stats.copied_bytes += input.bytes;
    }
    Bind(port, slot, memory);
    Sync(memory, kSyncToDevice);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    Output& output = outputs[i];
    const Port& port = ports.outputs[i];
    if (output.wanted) Prepare(port.info, output_shapes_[i], output);
    Slot& slot = output_slots_[i];
    // One that nobody wants must not go to the memory of an earlier run.
    if (output.wanted && IsUsable(port, output.buffer, output.data, output.bytes)) {
      Bind(port, slot, Imported(*output.buffer));
      // What the CPU has written there must not come out of its cache after the NPU's results.
      Sync(slot.bound, kSyncToDevice);
    } else {
      Bind(port, slot, OwnMemory(port, slot));
    }
  }
  // Whatever was bound before is not any more.
  const auto is_gone = [](const Import& import) { return import.owner.expired(); };
  imports_.erase(std::remove_if(imports_.begin(), imports_.end(), is_gone), imports_.end());
  const Moment set = Now();
  Compute();
  const Moment computed = Now();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].wanted) continue;
    Slot& slot = output_slots_[i];
    Sync(slot.bound, kSyncFromDevice);
    if (slot.bound != slot.own.get()) continue;
    ports.outputs[i].Gather(slot.bound->virt_addr, outputs[i].data);
    stats.copied_bytes += outputs[i].bytes;
  }
  stats.h2d = Between(begun, set);
  stats.compute = Between(set, computed);
  stats.d2h = Between(computed, Now());
}

// Memory of this lane, for what the NPU can't use where the caller has it.
rknn_tensor_mem* RknnContext::OwnMemory(const Port& port, Slot& slot) {
  if (!slot.own) slot.own = MakeMemory(*npu_, port.BytesInMemory());
  return slot.own.get();
}

rknn_tensor_mem* RknnContext::Imported(const Buffer& buffer) {
  for (const Import& import : imports_) {
    if (import.shared == SharedMemory(buffer) && !import.owner.expired()) {
      return import.memory.get();
    }
  }
  imports_.push_back({SharedMemory(buffer), buffer.owner, ImportMemory(*npu_, buffer)});
  return imports_.back().memory.get();
}

void RknnContext::Bind(const Port& port, Slot& slot, rknn_tensor_mem* memory) {
  if (slot.bound == memory) return;
  slot.bound = nullptr;  // what librknnrt has is not known if this fails
  rknn_tensor_attr attr = port.attr;
  RKNN_CALL(set_io_mem, npu_->get(), memory, &attr);
  slot.bound = memory;
}

void RknnContext::Sync(rknn_tensor_mem* memory, int32_t mode) {
  RKNN_CALL(mem_sync, npu_->get(), memory, mode);
}

Value RknnContext::Profile() {
  if (!facts_.profiling) {
    throw Error(ErrorCode::UNSUPPORTED, "This session records no times of layers.")
        .WithHint("Load it with { profiling: true }.");
  }
  return UnlessLost([&] { return QueryProfile(*npu_); });
}

}  // namespace accelnode::rknn
