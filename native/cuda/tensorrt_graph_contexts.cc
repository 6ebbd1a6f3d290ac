#include "tensorrt_graph_contexts.h"

#include <algorithm>
#include <utility>

namespace accelnode::cuda {

GraphContexts::GraphContexts(Buffer memory, std::atomic<uint64_t>& counted_bytes, Make make)
    : memory_(std::move(memory)), counted_bytes_(counted_bytes), make_(std::move(make)) {
  contexts_.push_back({{}, make_(memory_.data)});
  counted_bytes_ += memory_.bytes;
}

GraphContexts::~GraphContexts() { counted_bytes_ -= memory_.bytes; }

void GraphContexts::Arm() {
  std::lock_guard lock(mutex_);
  cancelled_ = false;
  running_ = nullptr;
}

void GraphContexts::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (running_ != nullptr) running_->Cancel();
}

// What is kept for other shapes must not be what this run lacks.
void GraphContexts::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  const RunStats before = stats;
  for (;;) {
    try {
      TensorRtContext& context = ContextFor(inputs);
      context.Arm();
      SetRunning(&context);
      return context.Run(inputs, outputs, stats);
    } catch (const Error& error) {
      if (error.code != ErrorCode::OUT_OF_MEMORY || contexts_.size() == 1) throw;
    }
    SetRunning(nullptr);
    contexts_.pop_back();
    stats = before;
  }
}

// From here on Cancel reaches it.
void GraphContexts::SetRunning(TensorRtContext* context) {
  std::lock_guard lock(mutex_);
  running_ = context;
  if (cancelled_ && context != nullptr) context->Cancel();
}

TensorRtContext& GraphContexts::ContextFor(Span<const Tensor> inputs) {
  std::vector<int64_t> shapes;
  for (const Tensor& input : inputs) {
    shapes.insert(shapes.end(), input.shape.begin(), input.shape.end());
  }
  auto found = std::find_if(contexts_.begin(), contexts_.end(),
                            [&](const OfShapes& each) { return each.shapes == shapes; });
  if (found == contexts_.end()) {
    contexts_.front().context->ProfileFor(inputs);  // throws before anything is given up for them
    const bool unused = contexts_.front().shapes.empty();
    found = unused || !MakeOne() ? contexts_.end() - 1 : contexts_.begin();
    found->shapes = std::move(shapes);
  }
  std::rotate(contexts_.begin(), found, found + 1);
  return *contexts_.front().context;
}

// In front. False when there are enough, or there is no memory for more: then that of the shapes
// that were not used for longest becomes that of others, and records anew.
bool GraphContexts::MakeOne() {
  if (contexts_.size() >= kMost) return false;
  try {
    contexts_.insert(contexts_.begin(), {{}, make_(memory_.data)});
    return true;
  } catch (const Error& error) {
    if (error.code != ErrorCode::OUT_OF_MEMORY) throw;
    return false;
  }
}

}  // namespace accelnode::cuda
