// How a context binds the tensors of a run: where TensorRT finds and leaves them, and the copies
// between there and the caller's memory.
#include <algorithm>
#include <cstring>
#include <utility>

#include "cuda_check.h"
#include "tensorrt_context.h"
#include "tensorrt_types.h"

namespace accelnode::cuda {
namespace {

bool IsAligned(const void* address) {
  return reinterpret_cast<uintptr_t>(address) % kDeviceAlignment == 0;
}

// Always, where no bounds are known.
bool IsWithin(Span<const int64_t> numbers, const EngineFacts::Bounds& bounds) {
  for (size_t i = 0; i < std::min(numbers.size(), bounds.min.size()); ++i) {
    if (numbers[i] < bounds.min[i] || numbers[i] > bounds.max[i]) return false;
  }
  return true;
}

std::vector<int64_t> ReadValues(DataType type, const void* data, size_t bytes) {
  const auto copy = [&](const auto* values) {
    return std::vector<int64_t>(values, values + bytes / sizeof *values);
  };
  if (type == DataType::kInt64) return copy(static_cast<const int64_t*>(data));
  if (type == DataType::kInt32) return copy(static_cast<const int32_t*>(data));
  return {};  // TensorRT has no bounds for others
}

std::string Text(const std::vector<int64_t>& numbers) {
  return ShapeText(numbers.data(), numbers.size());
}

// Of the memory that the caller gave for an output.
MemoryKind KindOf(const Output& output) {
  return output.data != nullptr && output.buffer ? output.buffer->kind : MemoryKind::kHost;
}

}  // namespace

// ---- Inputs

// To where they are for the CPU to read: ours, and TensorRT's, which may look at them until it is
// told another address, in the next run.
void TensorRtContext::StageValues(Span<const Tensor> inputs, RunStats& stats) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    Port& port = inputs_[i];
    const Tensor& input = inputs[i];
    if (!port.on_host) continue;
    void* staging = port.staging.AtLeast(input.bytes);
    if (input.buffer && input.buffer->kind == MemoryKind::kDevice) {
      Copy(staging, input.data, input.bytes);
      Synchronize();
      stats.d2h_bytes += input.bytes;
    } else if (input.bytes > 0) {
      std::memcpy(staging, input.data, input.bytes);
      stats.copied_bytes += input.bytes;
    }
    port.values = ReadValues(port.info.type, staging, input.bytes);
  }
}

void TensorRtContext::SelectProfile(Span<const Tensor> inputs) {
  bool same = !has_values_;
  for (size_t i = 0; i < inputs.size(); ++i) {
    same = same && inputs_[i].shape_told && inputs_[i].shape == inputs[i].shape;
  }
  if (same) return;
  const int profile = ProfileFor(inputs);
  if (profile == profile_) return;
  LogScope log;
  Forget();
  Call(context_.get(), method::context::kSetOptimizationProfileAsync, profile, stream_.get()) ||
      Refuse(log, "IExecutionContext::setOptimizationProfileAsync",
             "The optimisation profile can't be changed.");
  profile_ = profile;
}

int TensorRtContext::ProfileFor(Span<const Tensor> inputs) const {
  if (Fits(profile_, inputs)) return profile_;
  const auto count = static_cast<int>(facts_.profiles.size());
  for (int profile = 0; profile < count; ++profile) {
    if (Fits(profile, inputs)) return profile;
  }
  std::string given, ranges;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = inputs_[i].info;
    const bool values = !inputs_[i].values.empty();
    if (!info.IsDynamic() && !values) continue;
    given += (given.empty() ? "" : ", ") + ("\"" + info.name + "\" ") +
             (values ? "with the values " + Text(inputs_[i].values)
                     : ShapeText(inputs[i].shape.data(), inputs[i].shape.rank()));
    for (const auto& profile : facts_.profiles) {
      const EngineFacts::Bounds& bounds = values ? profile[i].values : profile[i].dims;
      ranges += (ranges.empty() ? "" : "; ") + ("\"" + info.name + "\" ") + Text(bounds.min) +
                " to " + Text(bounds.max);
    }
  }
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "The engine was not built for these shapes: " + given + ".")
      .WithHint("Its optimisation profiles take " + ranges + ".");
}

bool TensorRtContext::Fits(int profile, Span<const Tensor> inputs) const {
  const auto index = static_cast<size_t>(profile);
  if (index >= facts_.profiles.size()) return false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto& [dims, values] = facts_.profiles[index][i];
    const Shape& shape = inputs[i].shape;
    if (!IsWithin({shape.data(), shape.rank()}, dims) || !IsWithin(inputs_[i].values, values)) {
      return false;
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
  const auto stage = [&] {
    void* staging = port.staging.AtLeast(input.bytes);
    if (input.bytes > 0) std::memcpy(staging, input.data, input.bytes);
    stats.copied_bytes += input.bytes;
    return staging;
  };
  if (port.on_host) return port.staging.data();  // StageValues has put it there
  if (kind == MemoryKind::kDevice && input.bytes > 0 && IsAligned(input.data)) return input.data;
  if (facts_.integrated && kind != MemoryKind::kDevice) {
    const bool as_it_is = kind == MemoryKind::kPinned && input.bytes > 0 && IsAligned(input.data);
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
    auto allocator = std::make_unique<Allocator>(port.memory, facts_.device);
    Call(context_.get(), method::context::kSetOutputAllocator, name, allocator.get()) ||
        Refuse(log, "IExecutionContext::setOutputAllocator",
               "TensorRT takes no allocator for \"" + port.info.name + "\".");
    port.allocator = std::move(allocator);
    graphs_ = false;  // nothing may be allocated in one
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
    port.allocator->shape.nbDims = -1;  // not told yet
    return;
  }
  CheckRoom(port, output);
  Tell(port, PlaceOutput(port, output));
}

void* TensorRtContext::PlaceOutput(Port& port, Output& output) {
  if (port.on_host || !output.wanted) {
    port.staged = output.wanted;
    if (output.wanted && output.data == nullptr && output.memory == MemoryKind::kDevice) {
      output.allocated = AllocateDevice(port.bytes, facts_.device);
    }
    return port.on_host ? port.staging.AtLeast(port.bytes) : port.memory.AtLeast(port.bytes);
  }
  if (output.data == nullptr && output.memory == MemoryKind::kDevice) {
    output.allocated = AllocateDevice(port.bytes, facts_.device);
    return output.allocated.data;
  }
  const MemoryKind kind = KindOf(output);
  if (kind == MemoryKind::kDevice && IsAligned(output.data) && port.bytes > 0) return output.data;
  if (facts_.integrated && kind != MemoryKind::kDevice) {
    if (kind == MemoryKind::kPinned && IsAligned(output.data) && port.bytes > 0) {
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
  CopyOut(port, output, stats);
  copies_out_ = true;
}

// To pageable memory by way of pinned memory; Finish does the rest.
void TensorRtContext::CopyOut(Port& port, const Output& output, RunStats& stats) {
  const MemoryKind kind = KindOf(output);
  port.staged = kind == MemoryKind::kHost;
  void* to = port.staged ? port.staging.AtLeast(port.bytes) : output.data;
  Copy(to, port.memory.data(), port.bytes);
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
    if (port.allocator->shape.nbDims < 0) {
      throw Error(ErrorCode::VENDOR_FAILURE,
                  "TensorRT did not tell the shape of \"" + port.info.name + "\".")
          .WithCall("IOutputAllocator::notifyShape", -1);
    }
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
    CopyOut(port, output, stats);
    enqueued = true;
  }
  return enqueued;
}

void TensorRtContext::Finish(Port& port, Output& output, RunStats& stats) {
  if (!output.wanted) return;
  const bool allocated_there =
      output.allocated.kind == MemoryKind::kDevice && output.allocated.owner;
  const bool on_device = allocated_there || KindOf(output) == MemoryKind::kDevice;
  if (allocated_there) {
    output.data = output.allocated.data;
  } else if (output.data == nullptr) {
    output.allocated = AllocateHost(port.bytes);
    output.data = output.allocated.data;
  } else {
    output.reshaped = output.shape != port.shape;
  }
  if (port.staged && port.bytes > 0) {
    if (on_device) {  // what TensorRT leaves in host memory (a shape) may be wanted there too
      Copy(output.data, port.staging.data(), port.bytes);
      Synchronize();
      stats.h2d_bytes += port.bytes;
    } else {
      std::memcpy(output.data, port.staging.data(), port.bytes);
      stats.copied_bytes += port.bytes;
    }
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

}  // namespace accelnode::cuda
