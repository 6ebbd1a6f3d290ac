// An interpreter with what its inputs and outputs are at the moment: their shapes, and the memory
// that they lie in.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "tflite_interpreter.h"

namespace accelnode::armnn {

// A model's inputs and outputs, as a session shows them.
struct Ports {
  std::vector<TensorInfo> inputs, outputs;

  bool IsDynamic() const;
};

class BoundInterpreter {
 public:
  // `interpreter` has been allocated.
  explicit BoundInterpreter(std::unique_ptr<Interpreter> interpreter);

  bool Fits(Span<const Tensor> inputs) const;
  bool Fits(const std::vector<Shape>& shapes) const { return shapes_ == shapes; }
  const std::vector<Shape>& Shapes() const { return shapes_; }
  Interpreter& Get() const { return *interpreter_; }

  // Changes its shapes where they do not fit; not with a delegate.
  void Run(const Ports& ports, Span<const Tensor> inputs, Span<Output> outputs,
           const std::atomic<bool>& cancelled, RunStats& stats);

  // Has TFLite let go of memory that was given to runs, for memory of its own.
  void LetGo();

 private:
  // What TFLite reads an input from or writes an output to.
  struct Place {
    // TFLite takes memory of ours for it. Once it has, it can't go back to its own: what does not
    // suit it then goes through `staging`.
    bool takes_ours = true;
    const void* ours = nullptr;
    size_t bytes = 0;  // of `ours`
    Buffer staging;
  };

  void SetShapes(Span<const Tensor> inputs);
  void UseOurs(bool input, size_t index, const TensorInfo& info, void* data);
  void Use(bool input, size_t index, void* data, size_t bytes);
  void WriteInput(size_t index, const TensorInfo& info, const Tensor& input, RunStats& stats);
  void PlaceOutput(size_t index, const TensorInfo& info, const Output& output);
  void ReadOutput(size_t index, const TensorInfo& info, Output& output, RunStats& stats);

  const std::unique_ptr<Interpreter> interpreter_;
  bool stale_ = false;         // TFLite must allocate before the next run
  std::vector<Shape> shapes_;  // of the inputs, as TFLite has them
  std::vector<Place> input_places_, output_places_;
};

Shape ToShape(const TfLiteTensor* tensor);

}  // namespace accelnode::armnn
