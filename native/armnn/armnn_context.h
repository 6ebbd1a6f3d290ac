// One lane: an interpreter, and what its inputs and outputs lie in.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "tflite_interpreter.h"

namespace accelnode::armnn {

class ArmnnContext final : public Context {
 public:
  using MakeInterpreter = std::function<std::unique_ptr<Interpreter>()>;

  // `again` makes another where an interpreter is of no use any more.
  ArmnnContext(std::unique_ptr<Interpreter> interpreter, MakeInterpreter again,
               const std::vector<TensorInfo>& inputs, const std::vector<TensorInfo>& outputs);

  void Arm() override;
  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override;
  void Cancel() override;

 private:
  // What TFLite reads an input from or writes an output to.
  struct Place {
    // TFLite takes memory of ours for it. Once it has, it can't go back to its own: what does not
    // suit it then goes through `staging`.
    bool takes_ours = true;
    const void* ours = nullptr;
    Buffer staging;
  };

  void Renew();
  void SetShapes(Span<const Tensor> inputs);
  void UseOurs(bool input, size_t index, void* data);
  void WriteInput(size_t index, const Tensor& input, RunStats& stats);
  void PlaceOutput(size_t index, const Output& output);
  void ReadOutput(size_t index, Output& output, RunStats& stats);

  std::mutex mutex_;  // of interpreter_, which Cancel uses from another thread
  std::unique_ptr<Interpreter> interpreter_;
  const MakeInterpreter again_;
  const std::vector<TensorInfo>& inputs_;
  const std::vector<TensorInfo>& outputs_;
  bool dynamic_ = false;
  bool stale_ = true;          // TFLite must allocate before the next run
  std::vector<Shape> shapes_;  // of the inputs, as TFLite has them
  std::vector<Place> input_places_, output_places_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace accelnode::armnn
