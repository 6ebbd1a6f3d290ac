#include "armnn_context.h"

#include <algorithm>
#include <utility>

#include "kept_interpreters.h"

namespace accelnode::armnn {

ArmnnContext::ArmnnContext(std::unique_ptr<BoundInterpreter> first, Make make, const Ports& ports)
    : make_(std::move(make)), ports_(ports), delegated_(first->Get().HasDelegate()) {
  interpreters_.push_back(std::move(first));
}

ArmnnContext::~ArmnnContext() {
  for (auto& interpreter : interpreters_) KeepDelegated(std::move(interpreter));
}

void ArmnnContext::Arm() { cancelled_ = false; }

void ArmnnContext::Cancel() {
  cancelled_ = true;
  std::lock_guard lock(mutex_);
  if (running_ != nullptr) running_->Get().Cancel();
}

void ArmnnContext::SetRunning(BoundInterpreter* running) {
  std::lock_guard lock(mutex_);
  running_ = running;
}

void ArmnnContext::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  BoundInterpreter& interpreter = For(inputs);
  SetRunning(&interpreter);
  try {
    interpreter.Run(ports_, inputs, outputs, cancelled_, stats);
  } catch (...) {
    SetRunning(nullptr);
    throw;
  }
  SetRunning(nullptr);
}

// TFLite's own kernels change their shapes. Arm NN's networks have one, and are never freed: so an
// interpreter that has come to other shapes is kept for when they come back.
BoundInterpreter& ArmnnContext::For(Span<const Tensor> inputs) {
  const auto is_broken = [](const auto& each) { return each->Get().IsBroken(); };
  interpreters_.erase(std::remove_if(interpreters_.begin(), interpreters_.end(), is_broken),
                      interpreters_.end());
  for (const auto& interpreter : interpreters_) {
    if (!delegated_ || interpreter->Fits(inputs)) return *interpreter;
  }
  std::vector<Shape> shapes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    shapes.push_back(inputs[i].shape);
    if (!delegated_ || inputs[i].bytes > 0) continue;
    throw Error(ErrorCode::UNSUPPORTED, "Arm NN has no tensors without elements: the input \"" +
                                            ports_.inputs[i].name + "\".")
        .WithHint("armnn:tflite has.");
  }
  interpreters_.push_back(make_(shapes));
  return *interpreters_.back();
}

}  // namespace accelnode::armnn
