// Who computes, where contexts share what only one may use at a time: first come, first served.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>

namespace accelnode {

class Turn {
 public:
  // False when `cancelled` is set first; who sets it calls Wake.
  bool Take(const std::atomic<bool>& cancelled) {
    std::unique_lock lock(mutex_);
    if (cancelled) return false;
    const uint64_t ticket = ++last_;
    waiting_.push_back(ticket);
    changed_.wait(lock, [&] { return cancelled || (!taken_ && waiting_.front() == ticket); });
    const bool mine = !taken_ && waiting_.front() == ticket && !cancelled;
    for (auto each = waiting_.begin(); each != waiting_.end(); ++each) {
      if (*each != ticket) continue;
      waiting_.erase(each);
      break;
    }
    if (mine) {
      taken_ = true;
    } else {
      changed_.notify_all();  // whoever is first now
    }
    return mine;
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
  std::deque<uint64_t> waiting_;  // tickets, in the order in which they came
  uint64_t last_ = 0;
  bool taken_ = false;
};

struct GiveTurn {
  void operator()(Turn* turn) const { turn->Give(); }
};

}  // namespace accelnode
