#include "bound_interpreter.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace accelnode::armnn {
namespace {

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

Shape ToShape(const TfLiteTensor* tensor) {
  const std::vector<int64_t> dims = ShapeOf(tensor);
  if (dims.size() > kMaxRank) {
    throw Error(ErrorCode::UNSUPPORTED, "A tensor has more than 16 dimensions.");
  }
  return Shape(dims.data(), dims.size());
}

bool Ports::IsDynamic() const {
  const auto is_dynamic = [](const TensorInfo& info) { return info.IsDynamic(); };
  return std::any_of(inputs.begin(), inputs.end(), is_dynamic) ||
         std::any_of(outputs.begin(), outputs.end(), is_dynamic);
}

BoundInterpreter::BoundInterpreter(std::unique_ptr<Interpreter> interpreter)
    : interpreter_(std::move(interpreter)),
      input_places_(interpreter_->InputCount()),
      output_places_(interpreter_->OutputCount()) {
  for (size_t i = 0; i < interpreter_->InputCount(); ++i) {
    shapes_.push_back(ToShape(interpreter_->Input(i)));
  }
}

bool BoundInterpreter::Fits(Span<const Tensor> inputs) const {
  return std::equal(inputs.begin(), inputs.end(), shapes_.begin(), shapes_.end(),
                    [](const Tensor& input, const Shape& shape) { return input.shape == shape; });
}

void BoundInterpreter::Run(const Ports& ports, Span<const Tensor> inputs, Span<Output> outputs,
                           const std::atomic<bool>& cancelled, RunStats& stats) {
  SetShapes(inputs);
  // With shapes that change, TFLite would check our memory of an earlier run against the new sizes.
  if (!ports.IsDynamic()) {
    for (size_t i = 0; i < inputs.size(); ++i) UseOurs(true, i, ports.inputs[i], inputs[i].data);
    for (size_t i = 0; i < outputs.size(); ++i) PlaceOutput(i, ports.outputs[i], outputs[i]);
  }
  if (stale_) interpreter_->Allocate();
  stale_ = false;
  for (size_t i = 0; i < inputs.size(); ++i) WriteInput(i, ports.inputs[i], inputs[i], stats);
  interpreter_->Invoke(cancelled);
  for (size_t i = 0; i < outputs.size(); ++i) ReadOutput(i, ports.outputs[i], outputs[i], stats);
}

void BoundInterpreter::SetShapes(Span<const Tensor> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].shape == shapes_[i]) continue;
    stale_ = true;
    interpreter_->Resize(i, inputs[i].shape);
    shapes_[i] = inputs[i].shape;
  }
}

// Has TFLite use `data` itself, where it can.
void BoundInterpreter::UseOurs(bool input, size_t index, const TensorInfo& info, void* data) {
  Place& place = (input ? input_places_ : output_places_)[index];
  if (!place.takes_ours) return;
  const size_t bytes = BytesOf(info);
  if (bytes == 0) return;
  if (data == nullptr || !IsAligned(data)) {
    if (place.ours == nullptr) return;  // TFLite's own memory still serves
    if (place.staging.data == nullptr) place.staging = AllocateHost(bytes);
    data = place.staging.data;
  }
  if (place.ours != data) Use(input, index, data, bytes);
}

void BoundInterpreter::Use(bool input, size_t index, void* data, size_t bytes) {
  Place& place = (input ? input_places_ : output_places_)[index];
  stale_ = true;  // also when it fails: who knows what is left of the tensor
  // Memory of an earlier run must be let go of: its owner may be gone.
  if (interpreter_->UseMemory(input, index, data, bytes, place.ours != nullptr)) {
    place.ours = data;
    place.bytes = bytes;
  } else {
    place.takes_ours = false;
  }
}

void BoundInterpreter::LetGo() {
  for (const bool input : {true, false}) {
    auto& places = input ? input_places_ : output_places_;
    for (size_t i = 0; i < places.size(); ++i) {
      Place& place = places[i];
      if (place.ours == nullptr || place.ours == place.staging.data) continue;
      if (place.staging.data == nullptr) place.staging = AllocateHost(place.bytes);
      Use(input, i, place.staging.data, place.bytes);
    }
  }
}

void BoundInterpreter::WriteInput(size_t index, const TensorInfo& info, const Tensor& input,
                                  RunStats& stats) {
  if (input.bytes == 0 || input_places_[index].ours == input.data) return;
  const TfLiteTensor* tensor = interpreter_->Input(index);
  void* data = DataOf(tensor, info);
  if (Api().TfLiteTensorByteSize(tensor) < input.bytes) throw NoMemoryFor(info);
  std::memcpy(data, input.data, input.bytes);
  stats.copied_bytes += input.bytes;
}

void BoundInterpreter::PlaceOutput(size_t index, const TensorInfo& info, const Output& output) {
  if (output.wanted && output.memory == MemoryKind::kDevice) {
    throw Error(ErrorCode::UNSUPPORTED, "TFLite's outputs lie in host memory.");
  }
  // One that nobody wants must not go to the memory of an earlier run, whose owner may be gone.
  UseOurs(false, index, info, output.wanted ? output.data : nullptr);
}

void BoundInterpreter::ReadOutput(size_t index, const TensorInfo& info, Output& output,
                                  RunStats& stats) {
  if (!output.wanted) return;
  const TfLiteTensor* tensor = interpreter_->Output(index);
  const size_t bytes = Api().TfLiteTensorByteSize(tensor);
  const Shape shape = ToShape(tensor);
  output.reshaped = output.data != nullptr && output.shape != shape;
  if (output.data == nullptr) {
    output.allocated = AllocateHost(bytes);
    output.data = output.allocated.data;
  } else if (bytes > output.bytes) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "The tensor given for the output \"" + info.name +
                                                 "\" is too small: it needs " +
                                                 std::to_string(bytes) + " bytes.");
  }
  if (bytes > 0 && output_places_[index].ours != output.data) {
    std::memcpy(output.data, DataOf(tensor, info), bytes);
    stats.copied_bytes += bytes;
  }
  output.bytes = bytes;
  output.shape = shape;
}

}  // namespace accelnode::armnn
