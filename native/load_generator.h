// Makes requests for a benchmark, from a thread of its own and without JavaScript: what is measured
// is the model and its lanes, and no event loop. In a closed loop so many requests are in flight at
// all times: the lane that has ended one queues the next. In an open loop requests come at moments
// that were fixed before, whether earlier ones have ended or not, and latency counts from those
// moments: a device that falls behind can't make its own figures better by being asked less.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "lane.h"

namespace accelnode {

struct LoadPlan {
  bool open = false;
  double rate = 0;       // open loop: requests a second
  bool poisson = false;  // open loop: exponential gaps, from `seed`; else all the same
  uint64_t seed = 0;
  Clock::duration warmup{}, duration{};
  size_t warmup_requests = 1, min_requests = 1;  // however long they take
  size_t max_requests = 1;                       // of those that count
};

struct RequestTimes {
  Clock::time_point due;  // in a closed loop: when it was sent
  Clock::time_point sent, started, ended;
  float h2d, compute, d2h;  // of its run, in milliseconds; floats, as there may be millions
};

// Times of requests by number. Grows by large pieces, and nothing moves.
class RequestLog {
 public:
  void Reserve(size_t number);  // throws std::bad_alloc
  RequestTimes& operator[](size_t number) { return pieces_[number / kPiece][number % kPiece]; }

 private:
  static constexpr size_t kPiece = 1 << 14;
  std::vector<std::unique_ptr<RequestTimes[]>> pieces_;
};

struct LoadSums {
  size_t runs = 0, failed = 0;
  Clock::duration queued{};
  RunStats stats;

  void Add(const Job& job);
};

struct LoadReport {
  std::optional<Error> error;  // the first; it ended the load
  size_t requests = 0;         // in `times`, in the order of their moments
  RequestLog times;
  Clock::time_point begin;  // of what counts
  Clock::time_point end;    // when Stop came, or else when nothing was in flight any more
  LoadSums counted, all;    // `all`: with the warm-up, and with what has failed
  size_t late = 0;          // open loop: sent more than a millisecond after their moment,
  size_t unsent = 0;        // or not at all, as too many were in flight to the end or to Stop
};

class LoadGenerator final : public JobSink {
 public:
  // As many jobs as may be in flight, each with tensors for its outputs; they are used again and
  // again. Requests take the input sets in turn.
  LoadGenerator(const LoadPlan& plan, std::vector<std::unique_ptr<Job>> jobs,
                std::vector<std::vector<Tensor>> input_sets);

  // Blocks until the load is over and nothing is in flight. Once.
  LoadReport Run(LaneQueue& queue);

  // Blocks until what counts has begun, in a closed loop with its first requests in the queue; or
  // until it is known that it won't. From any thread, also before Run.
  void WaitUntilCounting();

  // Begins no more requests; `error` is why, where that is one. From any thread, also before Run.
  void Stop(std::optional<Error> error = std::nullopt);

  void Done(std::unique_ptr<Job> job) override;

 private:
  // What belongs to one of the jobs, by its mark.
  struct Slot {
    std::vector<Output> outputs;
    size_t request = 0;
    Clock::time_point due;
  };
  struct Phase {
    bool counts = false;
    Clock::time_point begin;
    Clock::duration duration{};
    size_t min = 0, max = 0, sent = 0;
  };

  void RunPhase(Phase phase);
  void NoteCounting();
  void RunClosed();
  void RunOpen();
  std::unique_ptr<Job> TakeIdle(Clock::time_point due);
  bool WaitUntil(Clock::time_point due);
  bool WaitForIdle(Clock::time_point until);
  bool MayBegin(Clock::time_point now) const;
  Clock::time_point EndOf(Clock::time_point planned);
  bool Ended() const { return stopped_.has_value() || report_.error.has_value(); }
  bool Assign(Slot& slot, Clock::time_point due);
  void Send(std::unique_ptr<Job> job);
  void Note(const Slot& slot, const Job& job);

  const LoadPlan plan_;
  const std::vector<std::vector<Tensor>> input_sets_;
  std::vector<Slot> slots_;
  LaneQueue* queue_ = nullptr;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool watched_ = false;  // Run waits for a job to become idle
  std::optional<Clock::time_point> stopped_;
  bool counting_ = false;
  Phase phase_;
  std::vector<std::unique_ptr<Job>> idle_;
  LoadReport report_;
};

}  // namespace accelnode
