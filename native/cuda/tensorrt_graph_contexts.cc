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
  for (OfShapes& each : contexts_) each.context->Arm();
}

void GraphContexts::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (OfShapes& each : contexts_) each.context->Cancel();
}

void GraphContexts::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  ContextFor(inputs).Run(inputs, outputs, stats);
}

Context& GraphContexts::ContextFor(Span<const Tensor> inputs) {
  std::vector<int64_t> shapes;
  for (const Tensor& input : inputs) {
    shapes.insert(shapes.end(), input.shape.begin(), input.shape.end());
  }
  std::lock_guard lock(mutex_);
  auto found = std::find_if(contexts_.begin(), contexts_.end(),
                            [&](const OfShapes& each) { return each.shapes == shapes; });
  if (found == contexts_.end()) {
    const bool unused = contexts_.front().shapes.empty();
    found = unused || !MakeOne() ? contexts_.end() - 1 : contexts_.begin();
    found->shapes = std::move(shapes);
  }
  std::rotate(contexts_.begin(), found, found + 1);
  return *contexts_.front().context;
}

// In front. False when there are enough, or there is no room for more: then that of the shapes that
// were not used for longest becomes that of others, and records anew.
bool GraphContexts::MakeOne() {
  if (contexts_.size() >= most_) return false;
  try {
    contexts_.insert(contexts_.begin(), {{}, make_(memory_.data)});
  } catch (const Error& error) {
    if (error.code == ErrorCode::DEVICE_LOST) throw;
    most_ = contexts_.size();
    return false;
  }
  if (cancelled_) contexts_.front().context->Cancel();
  return true;
}

}  // namespace accelnode::cuda
