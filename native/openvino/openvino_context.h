// One infer request.
#pragma once

#include <atomic>
#include <vector>

#include "openvino_library.h"

namespace accelnode::openvino {

class OpenvinoContext final : public Context {
 public:
  OpenvinoContext(InferRequestHandle request, const std::vector<TensorInfo>& inputs,
                  const std::vector<TensorInfo>& outputs, const std::vector<bool>& passed_through,
                  bool profiling);

  void Arm() override;
  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override;
  void Cancel() override;
  Value Profile() override;

 private:
  // What a port of the request points at now, so that running again with the same memory binds
  // nothing. `tensor` keeps OpenVINO's view of that memory alive.
  struct Binding {
    TensorHandle tensor;
    const void* data = nullptr;  // null: memory that OpenVINO allocated
    Shape shape;
  };

  void Infer(Span<Output> outputs);
  void BindInput(size_t index, const Tensor& input);
  void BindOutput(size_t index, const Output& output);
  void CollectOutput(size_t index, Output& output, RunStats& stats);
  void CopyOutput(size_t index, Output& output, RunStats& stats);

  const InferRequestHandle request_;
  const std::vector<TensorInfo>& inputs_;
  const std::vector<TensorInfo>& outputs_;
  const std::vector<bool>& passed_through_;  // outputs that can't be bound; see OpenvinoModel
  const bool profiling_;
  std::atomic<bool> cancelled_{false};
  std::vector<Binding> input_bindings_, output_bindings_;
};

}  // namespace accelnode::openvino
