#include "batch_exchange.h"

#include <algorithm>
#include <utility>

namespace accelnode {

bool BatchExchange::Next(Span<Tensor> inputs, const std::function<void()>& ask) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    waiting_ = true;
    batch_.reset();
    error_.reset();
  }
  ask();
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return !waiting_ || closed_; });
  waiting_ = false;
  if (error_) throw *std::exchange(error_, std::nullopt);
  if (!batch_ || closed_) return false;
  if (batch_->size() != inputs.size()) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "A batch for calibration has " + std::to_string(batch_->size()) +
                    " tensors; the model has " + std::to_string(inputs.size()) + " inputs.");
  }
  std::copy(batch_->begin(), batch_->end(), inputs.begin());
  return true;
}

void BatchExchange::Give(std::vector<Tensor> batch) { Answer(std::move(batch), std::nullopt); }
void BatchExchange::GiveNone() { Answer(std::nullopt, std::nullopt); }
void BatchExchange::Refuse(Error error) { Answer(std::nullopt, std::move(error)); }

void BatchExchange::Answer(std::optional<std::vector<Tensor>> batch, std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  if (!waiting_) return;
  waiting_ = false;
  batch_ = std::move(batch);
  error_ = std::move(error);
  answered_.notify_all();
}

void BatchExchange::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  answered_.notify_all();
}

}  // namespace accelnode
