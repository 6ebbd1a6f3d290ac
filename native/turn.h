// Who computes, where contexts share their device memory.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace accelnode {

class Turn {
 public:
  // False when `cancelled` is set first; who sets it calls Wake.
  bool Take(const std::atomic<bool>& cancelled) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled || !taken_; });
    if (cancelled) return false;
    taken_ = true;
    return true;
  }

  void Give() {
    std::lock_guard lock(mutex_);
    taken_ = false;
    changed_.notify_all();
  }

  void Wake() {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool taken_ = false;
};

struct GiveTurn {
  void operator()(Turn* turn) const { turn->Give(); }
};

}  // namespace accelnode
