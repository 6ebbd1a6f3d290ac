// Lanes: the one mechanism for running a model without blocking the event loop. A lane is a thread
// with one vendor Context; the lanes of a session take jobs from one queue. They are our own
// threads, never libuv's: a few long inferences in its pool of four would hold up every fs and dns
// call of the process.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "backend.h"

namespace accelnode {

using Clock = std::chrono::steady_clock;

class JobSink;

// One run. Owned by the queue, then by the lane that works on it, then by the sink. The tensors
// point into memory that lib/session.ts keeps alive, and out of other runs' reach, until the sink
// has handed the job back.
struct Job {
  uint32_t id = 0;
  JobSink* sink = nullptr;     // who gets it when it has ended; null: the queue's sink
  size_t mark = 0;             // the sink's own
  Backend* backend = nullptr;  // whose memory the outputs may be
  std::vector<Tensor> inputs;
  std::vector<Output> outputs;

  std::atomic<bool> cancelled{false};
  std::optional<Error> error;
  Clock::time_point queued, started, finished;
  RunStats stats;
  bool ran_inline = false;
};

// Receives finished jobs: on the lane's thread, or on that of who cancels, closes or comes too
// late.
class JobSink {
 public:
  virtual ~JobSink() = default;
  virtual void Done(std::unique_ptr<Job> job) = 0;
};

class LaneQueue {
 public:
  // Makes one context per lane, then starts the threads; throws what the contexts throw.
  LaneQueue(std::shared_ptr<Model> model, int lanes, JobSink& sink);
  ~LaneQueue();  // closes, cancelling what is left
  LaneQueue(const LaneQueue&) = delete;
  LaneQueue& operator=(const LaneQueue&) = delete;

  // How many jobs may wait is bounded in lib/session.ts, which counts them anyway.
  void Push(std::unique_ptr<Job> job);

  // Runs on the calling thread, with the context of the first lane that is free; goes before
  // whatever is queued. The error, if any, is left in the job.
  void RunSync(Job& job);

  // Runs on the calling thread too, but only if that takes less than waking a lane would, by what
  // the last runs took, and no other run has to wait for it. False: nothing was done.
  bool TryRunInline(Job& job);

  // A waiting job is handed to the sink as CANCELLED at once; a running one as soon as the vendor
  // has let go of its memory. To be repeated until it has: vendors forget what comes a moment
  // before the run begins.
  void Cancel(uint32_t job_id);

  // From now on nothing is accepted. What is queued runs to its end, or is cancelled. Returns at
  // once.
  void BeginClose(bool cancel);

  // Waits until the lanes have ended, repeating the cancels of BeginClose; false when `deadline`
  // passed first. After true, the contexts are gone. Call after BeginClose.
  bool Join(std::optional<Clock::time_point> deadline = std::nullopt);

  size_t lanes() const { return lanes_.size(); }
  size_t BusyLanes();  // that compute at this moment
  Model& model() { return *model_; }

  // Per-layer figures of the last run on some lane. Waits until a lane is free.
  Value Profile();

 private:
  struct Lane {
    std::unique_ptr<Context> context;
    std::thread thread;
    Job* running = nullptr;  // what its thread works on
    bool claimed = false;    // RunSync or Profile uses the context
    bool ended = false;      // the thread has left Loop, or never began
    // Both for Spin; only the lane's own thread looks.
    bool in_succession = false;  // the last job came soon after the one before
    bool last_was_short = true;  // and took no longer than a spin
  };

  void Loop(Lane& lane);
  void Deliver(std::unique_ptr<Job> job);
  std::unique_ptr<Job> Take(Lane& lane);
  static void Execute(Lane& lane, Job& job);
  void Spin();
  Lane* Claim();     // a free lane for the calling thread to use; null when closing
  Lane* TryClaim();  // the same, without waiting; null when none is free or jobs wait
  Lane* FreeLane() const;
  void Hold(Lane& lane);  // for Claim and TryClaim
  void Release(Lane& lane, const Job* job = nullptr);
  void CancelRunning();
  void NoteDuration(const Job& job);  // for TryRunInline

  const std::shared_ptr<Model> model_;
  const bool computes_on_caller_;
  JobSink& sink_;
  std::vector<std::unique_ptr<Lane>> lanes_;

  std::mutex mutex_;
  std::condition_variable work_;   // for lanes: a job, a released context, or closing
  std::condition_variable free_;   // for Claim: a lane may have become free
  std::condition_variable ended_;  // for Join
  std::deque<std::unique_ptr<Job>> waiting_;
  int claims_waiting_ = 0;
  bool closing_ = false;
  bool cancelling_ = false;  // what runs, as the queue closes
  std::mutex join_mutex_;

  // For Spin, which looks without taking the mutex; changed under it.
  std::atomic<int> claims_held_{0};
  std::atomic<size_t> waiting_count_{0};
  std::atomic<bool> spinning_{false};

  std::atomic<int> short_runs_{0};  // for TryRunInline: how many in a row; changed under the mutex
};

}  // namespace accelnode
