// A lane that replays graphs, where shapes change. What was recorded of an execution context may
// not be replayed once that context was told other shapes, so there is a context for each of the
// sets of shapes that were used last.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "tensorrt_context.h"

namespace accelnode::cuda {

class GraphContexts final : public Context {
 public:
  static constexpr size_t kMost = 4;  // sets of shapes, each with buffers and a stream of its own

  // `memory`: what lies between layers; one block for all, as they compute in turn.
  using Make = std::function<std::unique_ptr<TensorRtContext>(void* memory)>;
  GraphContexts(Buffer memory, std::atomic<uint64_t>& counted_bytes, Make make);
  ~GraphContexts() override;

  void Arm() override;
  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override;
  void Cancel() override;
  Value Profile() override { return contexts_.front().context->Profile(); }

 private:
  struct OfShapes {
    std::vector<int64_t> shapes;  // of all inputs, one after the other
    std::unique_ptr<TensorRtContext> context;
  };
  TensorRtContext& ContextFor(Span<const Tensor> inputs);
  bool MakeOne();
  void SetRunning(TensorRtContext* context);

  const Buffer memory_;
  std::atomic<uint64_t>& counted_bytes_;
  const Make make_;
  std::vector<OfShapes> contexts_;  // never none; the last used comes first

  std::mutex mutex_;  // of what follows, as Cancel comes from other threads; never held for long
  bool cancelled_ = false;
  TensorRtContext* running_ = nullptr;
};

}  // namespace accelnode::cuda
