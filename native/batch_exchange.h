// How a load asks JavaScript for calibration data: its thread waits until the JavaScript thread has
// the next batch, or says that there is none.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "error.h"
#include "tensor.h"

namespace accelnode {

class BatchExchange {
 public:
  // Calls `ask` and waits for the answer; false when there is no more, or nobody will answer. The
  // memory of the tensors stays until the next call. Throws the answer when it is an error.
  bool Next(Span<Tensor> inputs, const std::function<void()>& ask);

  // The answers, from any thread. Dropped when nobody waits.
  void Give(std::vector<Tensor> batch);
  void GiveNone();
  void Refuse(Error error);

  // Nobody will answer any more: wakes who waits.
  void Close();

 private:
  void Answer(std::optional<std::vector<Tensor>> batch, std::optional<Error> error);

  std::mutex mutex_;
  std::condition_variable answered_;
  bool waiting_ = false, closed_ = false;
  std::optional<std::vector<Tensor>> batch_;
  std::optional<Error> error_;
};

}  // namespace accelnode
