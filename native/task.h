// Work that takes long and comes seldom: opening a runtime, loading a model, closing a session.
// Each task has a thread of its own, so that ten models compile at once and none holds up libuv's
// pool.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "lane.h"

namespace accelnode {

class TaskRunner {
 public:
  ~TaskRunner();

  void Start(std::function<void()> work);

  // Waits for all tasks; false when `deadline` passed first. After false, nothing may be destroyed
  // that a task uses, this object included.
  bool Join(std::optional<Clock::time_point> deadline = std::nullopt);

 private:
  struct Task {
    std::thread thread;
    bool ended = false;
  };
  void JoinEnded();

  std::mutex mutex_;
  std::condition_variable ended_;
  std::list<Task> tasks_;
};

}  // namespace accelnode
