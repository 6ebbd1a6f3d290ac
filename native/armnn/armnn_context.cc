#include "armnn_context.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace accelnode::armnn {
namespace {

Shape ToShape(const TfLiteTensor* tensor) {
  const std::vector<int64_t> dims = ShapeOf(tensor);
  if (dims.size() > kMaxRank) {
    throw Error(ErrorCode::UNSUPPORTED, "An output has more than 16 dimensions.");
  }
  return Shape(dims.data(), dims.size());
}

size_t BytesOf(const TensorInfo& info) {
  return ByteSize(info.type, Shape(info.shape.data(), info.shape.size()).Elements());
}

Error NoMemoryFor(const TensorInfo& info) {
  return Error(ErrorCode::OUT_OF_MEMORY, "TFLite has no memory for \"" + info.name + "\".")
      .WithCall("TfLiteTensorData", 0);
}

void* DataOf(const TfLiteTensor* tensor, const TensorInfo& info) {
  void* const data = Api().TfLiteTensorData(tensor);
  if (data == nullptr) throw NoMemoryFor(info);
  return data;
}

bool IsAligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % kHostAlignment == 0; }

}  // namespace

ArmnnContext::ArmnnContext(std::unique_ptr<Interpreter> interpreter, MakeInterpreter again,
                           const std::vector<TensorInfo>& inputs,
                           const std::vector<TensorInfo>& outputs)
    : interpreter_(std::move(interpreter)),
      again_(std::move(again)),
      inputs_(inputs),
      outputs_(outputs),
      input_places_(inputs.size()),
      output_places_(outputs.size()) {
  const auto is_dynamic = [](const TensorInfo& info) { return info.IsDynamic(); };
  dynamic_ = std::any_of(inputs.begin(), inputs.end(), is_dynamic) ||
             std::any_of(outputs.begin(), outputs.end(), is_dynamic);
  for (size_t i = 0; i < inputs.size(); ++i) shapes_.push_back(ToShape(interpreter_->Input(i)));
}

void ArmnnContext::Arm() { cancelled_ = false; }

void ArmnnContext::Cancel() {
  cancelled_ = true;
  std::lock_guard lock(mutex_);
  if (interpreter_) interpreter_->Cancel();
}

// Frees the old one first: two need twice the memory.
void ArmnnContext::Renew() {
  std::unique_ptr<Interpreter> old;
  {
    std::lock_guard lock(mutex_);
    old = std::move(interpreter_);
  }
  old.reset();
  std::unique_ptr<Interpreter> fresh = again_();
  input_places_.assign(inputs_.size(), {});
  output_places_.assign(outputs_.size(), {});
  stale_ = true;
  for (size_t i = 0; i < inputs_.size(); ++i) shapes_[i] = ToShape(fresh->Input(i));
  std::lock_guard lock(mutex_);
  interpreter_ = std::move(fresh);
}

void ArmnnContext::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  if (!interpreter_ || interpreter_->IsBroken()) Renew();
  SetShapes(inputs);
  // With shapes that change, TFLite would check our memory of an earlier run against the new sizes.
  if (!dynamic_) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      UseOurs(true, i, inputs[i].data);
    }
    for (size_t i = 0; i < outputs.size(); ++i) PlaceOutput(i, outputs[i]);
  }
  if (stale_) interpreter_->Allocate();
  stale_ = false;
  for (size_t i = 0; i < inputs.size(); ++i) WriteInput(i, inputs[i], stats);
  interpreter_->Invoke(cancelled_);
  for (size_t i = 0; i < outputs.size(); ++i) ReadOutput(i, outputs[i], stats);
}

void ArmnnContext::SetShapes(Span<const Tensor> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].shape == shapes_[i]) continue;
    if (inputs[i].bytes == 0 && interpreter_->HasDelegate()) {
      throw Error(ErrorCode::UNSUPPORTED,
                  "Arm NN has no tensors without elements: the input \"" + inputs_[i].name + "\".")
          .WithHint("armnn:tflite has.");
    }
    stale_ = true;
    interpreter_->Resize(i, inputs[i].shape);
    shapes_[i] = inputs[i].shape;
  }
}

// Has TFLite use `data` itself, where it can.
void ArmnnContext::UseOurs(bool input, size_t index, void* data) {
  Place& place = (input ? input_places_ : output_places_)[index];
  if (!place.takes_ours) return;
  const size_t bytes = BytesOf((input ? inputs_ : outputs_)[index]);
  if (bytes == 0) return;
  if (data == nullptr || !IsAligned(data)) {
    if (place.ours == nullptr) return;  // TFLite's own memory still serves
    if (place.staging.data == nullptr) place.staging = AllocateHost(bytes);
    data = place.staging.data;
  }
  if (place.ours == data) return;
  // Memory of an earlier run must be let go of: its owner may be gone.
  if (interpreter_->UseMemory(input, index, data, bytes, place.ours != nullptr)) {
    place.ours = data;
    stale_ = true;
  } else {
    place.takes_ours = false;
  }
}

void ArmnnContext::WriteInput(size_t index, const Tensor& input, RunStats& stats) {
  if (input.bytes == 0 || input_places_[index].ours == input.data) return;
  const TfLiteTensor* tensor = interpreter_->Input(index);
  void* data = DataOf(tensor, inputs_[index]);
  if (Api().TfLiteTensorByteSize(tensor) < input.bytes) throw NoMemoryFor(inputs_[index]);
  std::memcpy(data, input.data, input.bytes);
  stats.copied_bytes += input.bytes;
}

void ArmnnContext::PlaceOutput(size_t index, const Output& output) {
  if (output.wanted && output.memory == MemoryKind::kDevice) {
    throw Error(ErrorCode::UNSUPPORTED, "TFLite's outputs lie in host memory.");
  }
  // One that nobody wants must not go to the memory of an earlier run, whose owner may be gone.
  UseOurs(false, index, output.wanted ? output.data : nullptr);
}

void ArmnnContext::ReadOutput(size_t index, Output& output, RunStats& stats) {
  if (!output.wanted) return;
  const TfLiteTensor* tensor = interpreter_->Output(index);
  const size_t bytes = Api().TfLiteTensorByteSize(tensor);
  const Shape shape = ToShape(tensor);
  output.reshaped = output.data != nullptr && output.shape != shape;
  if (output.data == nullptr) {
    output.allocated = AllocateHost(bytes);
    output.data = output.allocated.data;
  } else if (bytes > output.bytes) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The tensor given for the output \"" + outputs_[index].name +
                    "\" is too small: it needs " + std::to_string(bytes) + " bytes.");
  }
  if (bytes > 0 && output_places_[index].ours != output.data) {
    std::memcpy(output.data, DataOf(tensor, outputs_[index]), bytes);
    stats.copied_bytes += bytes;
  }
  output.bytes = bytes;
  output.shape = shape;
}

}  // namespace accelnode::armnn
