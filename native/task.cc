#include "task.h"

#include <algorithm>
#include <utility>

#include "platform.h"

namespace accelnode {

TaskRunner::~TaskRunner() { Join(); }

void TaskRunner::Start(std::function<void()> work) {
  JoinEnded();
  std::lock_guard lock(mutex_);
  Task& task = tasks_.emplace_back();
  try {
    task.thread = std::thread([this, &task, work = std::move(work)]() mutable {
      NameThisThread("accel-task");
      work();
      work = nullptr;  // what it holds dies before the task counts as ended
      std::lock_guard lock(mutex_);
      task.ended = true;
      ended_.notify_all();
    });
  } catch (...) {
    tasks_.pop_back();
    throw;
  }
}

void TaskRunner::JoinEnded() {
  std::list<Task> done;
  {
    std::lock_guard lock(mutex_);
    for (auto task = tasks_.begin(); task != tasks_.end();) {
      auto next = std::next(task);
      if (task->ended) done.splice(done.end(), tasks_, task);
      task = next;
    }
  }
  for (Task& task : done) task.thread.join();
}

bool TaskRunner::Join(std::optional<Clock::time_point> deadline) {
  {
    std::unique_lock lock(mutex_);
    auto all_ended = [&] {
      return std::all_of(tasks_.begin(), tasks_.end(), [](const Task& task) { return task.ended; });
    };
    if (!deadline) {
      ended_.wait(lock, all_ended);
    } else if (!ended_.wait_until(lock, *deadline, all_ended)) {
      return false;
    }
  }
  JoinEnded();
  return true;
}

}  // namespace accelnode
