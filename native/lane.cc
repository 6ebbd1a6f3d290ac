#include "lane.h"

#include <algorithm>
#include <utility>

#include "pause.h"
#include "platform.h"

namespace accelnode {
namespace {

// Waking a sleeping thread costs 5 to 60 µs, as much as a whole inference of a small model. So one
// idle lane keeps looking for this long before it sleeps, but only while jobs have been arriving
// in such quick succession: an idle session costs nothing.
constexpr auto kSpinFor = std::chrono::microseconds(100);

// A run that takes less than waking a lane, and then the thread that asked, is better made by that
// thread: it would not have been free for other work either. All of so many runs must have been
// short before, as nobody knows how long the next one takes.
constexpr auto kShort = std::chrono::microseconds(30);
constexpr int kShortRuns = 16;

constexpr auto kRepeatCancel = std::chrono::milliseconds(5);

Error Closed() { return Error(ErrorCode::CLOSED, "The session was closed before this run began."); }

Error Cancelled() { return Error(ErrorCode::CANCELLED, "The run was cancelled."); }

// Ends a job that no lane has begun.
void Refuse(Job& job, Error error) {
  job.error = std::move(error);
  job.started = job.finished = Clock::now();
}

}  // namespace

LaneQueue::LaneQueue(std::shared_ptr<Model> model, int lanes, JobSink& sink)
    : model_(std::move(model)), computes_on_caller_(model_->ComputesOnCaller()), sink_(sink) {
  for (int i = 0; i < lanes; ++i) {
    auto lane = std::make_unique<Lane>();
    lane->context = model_->NewContext(i);
    lanes_.push_back(std::move(lane));
  }
  try {
    for (auto& lane : lanes_) lane->thread = std::thread([this, &lane = *lane] { Loop(lane); });
  } catch (...) {
    // No destructor runs for a half-built object, so end the threads that did start.
    for (auto& lane : lanes_) lane->ended = !lane->thread.joinable();
    BeginClose(true);
    Join();
    throw;
  }
}

LaneQueue::~LaneQueue() {
  BeginClose(true);
  Join();
}

void LaneQueue::Push(std::unique_ptr<Job> job) {
  job->queued = Clock::now();
  bool claimed = false;
  {
    std::lock_guard lock(mutex_);
    if (!closing_) {
      waiting_.push_back(std::move(job));
      waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
    }
    claimed = claims_held_ > 0;
  }
  if (job) {
    Refuse(*job, Closed());
    Deliver(std::move(job));
  } else if (claimed) {
    work_.notify_all();  // the one woken might be a claimed lane, which can't take the job
  } else {
    work_.notify_one();
  }
}

void LaneQueue::Deliver(std::unique_ptr<Job> job) {
  JobSink& sink = job->sink != nullptr ? *job->sink : sink_;
  sink.Done(std::move(job));
}

void LaneQueue::Loop(Lane& lane) {
  NameThisThread("accel-lane");
  while (std::unique_ptr<Job> job = Take(lane)) {
    Execute(lane, *job);
    // After a longer run, waking hardly counts; and who is to ask for the next one needs the core.
    lane.last_was_short = job->finished - job->started < kSpinFor;
    {
      std::lock_guard lock(mutex_);
      lane.running = nullptr;
      NoteDuration(*job);
      if (claims_waiting_ > 0) free_.notify_all();
    }
    Deliver(std::move(job));
  }
  // The context dies on the thread that used it: some vendors keep per-thread state.
  lane.context.reset();
  std::lock_guard lock(mutex_);
  lane.ended = true;
  ended_.notify_all();
}

std::unique_ptr<Job> LaneQueue::Take(Lane& lane) {
  const auto idle_since = Clock::now();
  if (lane.in_succession && lane.last_was_short) Spin();
  std::unique_lock lock(mutex_);
  // A claim goes before queued jobs, else a steady stream of runs would starve runSync.
  work_.wait(lock, [&] {
    return !lane.claimed && claims_waiting_ == 0 && (closing_ || !waiting_.empty());
  });
  if (waiting_.empty()) return nullptr;  // closing
  std::unique_ptr<Job> job = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
  lane.running = job.get();
  lane.context->Arm();  // under the mutex: a Cancel comes before, and misses the job, or after
  lane.in_succession = job->queued - idle_since < kSpinFor;
  return job;
}

void LaneQueue::Spin() {
  if (spinning_.exchange(true, std::memory_order_relaxed)) return;  // one is enough
  const auto until = Clock::now() + kSpinFor;
  // A pause takes up to 140 cycles, reading the clock not much less.
  for (int pauses = 0; waiting_count_.load(std::memory_order_relaxed) == 0; ++pauses) {
    // The vendor's own threads need the core for the run of the one who claims.
    if (claims_held_.load(std::memory_order_relaxed) > 0) break;
    if (pauses % 16 == 15 && Clock::now() >= until) break;
    PauseCpu();
  }
  spinning_.store(false, std::memory_order_relaxed);
}

void LaneQueue::Execute(Lane& lane, Job& job) {
  job.started = Clock::now();
  try {
    if (job.cancelled.load(std::memory_order_relaxed)) throw Cancelled();
    lane.context->Run(job.inputs, job.outputs, job.stats);
  } catch (...) {
    job.error = CurrentError();
  }
  job.finished = Clock::now();
  if (job.stats.compute == 0) {
    job.stats.compute =
        std::chrono::duration_cast<std::chrono::nanoseconds>(job.finished - job.started).count();
  }
}

void LaneQueue::NoteDuration(const Job& job) {
  if (!computes_on_caller_) return;
  const int before = short_runs_.load(std::memory_order_relaxed);
  const bool is_short = !job.error && job.finished - job.started <= kShort;
  const int count = is_short ? std::min(before + 1, kShortRuns) : 0;
  if (count != before) short_runs_.store(count, std::memory_order_relaxed);
}

LaneQueue::Lane* LaneQueue::FreeLane() const {
  for (auto& lane : lanes_) {
    if (lane->running == nullptr && !lane->claimed) return lane.get();
  }
  return nullptr;
}

void LaneQueue::Hold(Lane& lane) {
  lane.claimed = true;
  lane.context->Arm();
  claims_held_.fetch_add(1, std::memory_order_relaxed);
}

LaneQueue::Lane* LaneQueue::Claim() {
  std::unique_lock lock(mutex_);
  Lane* lane = nullptr;
  ++claims_waiting_;
  free_.wait(lock, [&] { return closing_ || (lane = FreeLane()) != nullptr; });
  --claims_waiting_;
  if (lane != nullptr) Hold(*lane);
  const bool stood_back = closing_ || !waiting_.empty();
  lock.unlock();
  if (stood_back) work_.notify_all();  // other lanes let this claim go first
  return lane;
}

LaneQueue::Lane* LaneQueue::TryClaim() {
  std::lock_guard lock(mutex_);
  if (closing_ || !waiting_.empty() || claims_waiting_ > 0) return nullptr;
  Lane* lane = FreeLane();
  if (lane != nullptr) Hold(*lane);
  return lane;
}

void LaneQueue::Release(Lane& lane, const Job* job) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    lane.claimed = false;
    if (job != nullptr) NoteDuration(*job);
    claims_held_.fetch_sub(1, std::memory_order_relaxed);
    if (claims_waiting_ > 0) free_.notify_all();
    wake = closing_ || !waiting_.empty();
  }
  if (wake) work_.notify_all();
}

void LaneQueue::RunSync(Job& job) {
  job.queued = Clock::now();
  if (Lane* lane = Claim()) {
    Execute(*lane, job);
    Release(*lane, &job);
  } else {
    Refuse(job, Closed());
  }
}

bool LaneQueue::TryRunInline(Job& job) {
  if (short_runs_.load(std::memory_order_relaxed) < kShortRuns) return false;
  Lane* lane = TryClaim();
  if (lane == nullptr) return false;
  job.queued = Clock::now();
  Execute(*lane, job);
  Release(*lane, &job);
  job.ran_inline = true;
  return true;
}

Value LaneQueue::Profile() {
  Lane* lane = Claim();
  if (lane == nullptr) throw Closed();
  struct Releaser {
    LaneQueue& queue;
    Lane& lane;
    ~Releaser() { queue.Release(lane); }
  } releaser{*this, *lane};
  return lane->context->Profile();
}

void LaneQueue::Cancel(uint32_t job_id) {
  std::unique_ptr<Job> removed;
  {
    std::lock_guard lock(mutex_);
    auto found = std::find_if(waiting_.begin(), waiting_.end(),
                              [&](const auto& job) { return job->id == job_id; });
    if (found != waiting_.end()) {
      removed = std::move(*found);
      waiting_.erase(found);
      waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
    }
    for (auto& lane : lanes_) {
      if (lane->running == nullptr || lane->running->id != job_id) continue;
      // Under the mutex the lane can't go on to another job, so no other run is hit.
      lane->running->cancelled = true;
      lane->context->Cancel();
    }
  }
  if (removed) {
    Refuse(*removed, Cancelled());
    Deliver(std::move(removed));
  }
}

void LaneQueue::BeginClose(bool cancel) {
  std::deque<std::unique_ptr<Job>> removed;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    if (cancel) {
      cancelling_ = true;
      removed.swap(waiting_);
      waiting_count_ = 0;
      CancelRunning();
    }
  }
  work_.notify_all();
  free_.notify_all();
  for (auto& job : removed) {
    Refuse(*job, Closed());
    Deliver(std::move(job));
  }
}

void LaneQueue::CancelRunning() {
  for (auto& lane : lanes_) {
    if (lane->running == nullptr) continue;
    lane->running->cancelled = true;
    lane->context->Cancel();
  }
}

size_t LaneQueue::BusyLanes() {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::count_if(lanes_.begin(), lanes_.end(), [](const auto& lane) {
    return lane->running != nullptr || lane->claimed;
  }));
}

bool LaneQueue::Join(std::optional<Clock::time_point> deadline) {
  {
    std::unique_lock lock(mutex_);
    auto all_ended = [&] {
      return std::all_of(lanes_.begin(), lanes_.end(), [](auto& lane) { return lane->ended; });
    };
    while (!all_ended()) {
      const auto now = Clock::now();
      if (deadline && now >= *deadline) return false;
      if (cancelling_) {
        const auto repeat = now + kRepeatCancel;
        ended_.wait_until(lock, deadline ? std::min(*deadline, repeat) : repeat, all_ended);
        CancelRunning();
      } else if (deadline) {
        ended_.wait_until(lock, *deadline, all_ended);
      } else {
        ended_.wait(lock, all_ended);
      }
    }
  }
  std::lock_guard lock(join_mutex_);  // close and teardown may both come here
  for (auto& lane : lanes_) {
    if (lane->thread.joinable()) lane->thread.join();
  }
  return true;
}

}  // namespace accelnode
