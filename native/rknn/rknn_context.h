// One lane: a context of its own, which no other thread uses while it runs.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "rknn_model.h"

namespace accelnode::rknn {

class RknnContext final : public Context {
 public:
  RknnContext(std::shared_ptr<const NpuContext> npu, ModelFacts& facts);

  void Arm() override { cancelled_ = false; }
  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override;
  // What the NPU has begun can't be stopped.
  void Cancel() override { cancelled_ = true; }
  Value Profile() override;

 private:
  // A caller's memory, as this context sees it.
  struct Import {
    const rknn_tensor_mem* shared;
    std::weak_ptr<void> owner;  // gone: nothing may use it any more
    Memory memory;
  };
  // What the NPU reads an input from or writes an output to, where that is memory of ours.
  struct Slot {
    Memory own;                        // for what callers have elsewhere
    rknn_tensor_mem* bound = nullptr;  // what librknnrt was last told
  };

  template <typename Use>
  auto UnlessLost(Use use);
  // The two ways of librknnrt's, which do not mix: once the second was gone, a context stays on it.
  void RunByCopy(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats);
  void RunInPlace(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats);

  // Can the NPU use the caller's memory as it is?
  bool IsUsable(const Port& port, const Buffer* buffer, const void* data, size_t bytes) const;
  bool WantsInPlace(Span<const Tensor> inputs, Span<Output> outputs) const;
  void SetShapes(Span<const Tensor> inputs);
  void SetInputs(Span<const Tensor> inputs);
  void GetOutputs(Span<Output> outputs, RunStats& stats);
  void Compute();
  rknn_tensor_mem* OwnMemory(const Port& port, Slot& slot);
  rknn_tensor_mem* Imported(const Buffer& buffer);
  void Bind(const Port& port, Slot& slot, rknn_tensor_mem* memory);
  void Sync(rknn_tensor_mem* memory, int32_t mode);

  const std::shared_ptr<const NpuContext> npu_;
  ModelFacts& facts_;
  bool in_place_;
  std::vector<rknn_input> raw_inputs_;
  std::vector<rknn_output> raw_outputs_;
  std::vector<Buffer> scratch_;  // for outputs that nobody wants, or that are put in order
  std::vector<Shape> shapes_;    // of the inputs, as librknnrt has them, where runs decide
  std::vector<Shape> output_shapes_;
  std::vector<Slot> input_slots_, output_slots_;
  std::vector<Import> imports_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace accelnode::rknn
