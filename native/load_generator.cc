#include "load_generator.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "pause.h"

namespace accelnode {
namespace {

// A thread that sleeps wakes some 50 µs late. So it sleeps to a little before the moment, and then
// looks at the clock.
constexpr auto kSpinBefore = std::chrono::microseconds(100);

constexpr auto kLate = std::chrono::milliseconds(1);

// LaneQueue::Cancel must not take our jobs for those that lib/ has numbered.
constexpr uint32_t kNoId = UINT32_MAX;

// The moments of an open loop, counted from its begin. Of our own making, as those of the standard
// library are others on each platform.
class Arrivals {
 public:
  explicit Arrivals(const LoadPlan& plan) : plan_(plan), random_(plan.seed) {}

  Clock::duration Next() {
    if (plan_.poisson) {
      const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;  // [0, 1)
      seconds_ -= std::log1p(-uniform) / plan_.rate;
    } else {
      seconds_ = static_cast<double>(count_++) / plan_.rate;
    }
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_));
  }

 private:
  const LoadPlan& plan_;
  std::mt19937_64 random_;
  uint64_t count_ = 0;
  double seconds_ = 0;
};

}  // namespace

void RequestLog::Reserve(size_t number) {
  while (pieces_.size() <= number / kPiece) {
    pieces_.push_back(std::make_unique<RequestTimes[]>(kPiece));
  }
}

void LoadSums::Add(const Job& job) {
  ++(job.error ? failed : runs);
  queued += job.started - job.queued;
  stats.h2d += job.stats.h2d;
  stats.compute += job.stats.compute;
  stats.d2h += job.stats.d2h;
  stats.copied_bytes += job.stats.copied_bytes;
  stats.h2d_bytes += job.stats.h2d_bytes;
  stats.d2h_bytes += job.stats.d2h_bytes;
}

LoadGenerator::LoadGenerator(const LoadPlan& plan, std::vector<std::unique_ptr<Job>> jobs,
                             std::vector<std::vector<Tensor>> input_sets)
    : plan_(plan), input_sets_(std::move(input_sets)), idle_(std::move(jobs)) {
  for (auto& job : idle_) {
    job->id = kNoId;
    job->sink = this;
    job->mark = slots_.size();
    slots_.push_back({job->outputs, 0, {}});
  }
}

LoadReport LoadGenerator::Run(LaneQueue& queue) {
  queue_ = &queue;
  Phase warmup;
  warmup.duration = plan_.warmup;
  warmup.min = plan_.warmup_requests;
  warmup.max = SIZE_MAX;
  if (warmup.min > 0 || warmup.duration > Clock::duration::zero()) RunPhase(warmup);
  Phase counted;
  counted.counts = true;
  counted.duration = plan_.duration;
  counted.min = plan_.min_requests;
  counted.max = plan_.max_requests;
  RunPhase(counted);
  std::lock_guard lock(mutex_);
  report_.begin = phase_.begin;
  report_.end = stopped_.value_or(Clock::now());
  report_.requests = phase_.sent;
  return std::move(report_);
}

void LoadGenerator::RunPhase(Phase phase) {
  {
    std::lock_guard lock(mutex_);
    phase_ = phase;
    phase_.begin = Clock::now();
  }
  if (plan_.open) {
    NoteCounting();
    RunOpen();
  } else {
    RunClosed();
    NoteCounting();
  }
  std::unique_lock lock(mutex_);
  watched_ = true;
  changed_.wait(lock, [&] { return idle_.size() == slots_.size(); });
  watched_ = false;
}

void LoadGenerator::NoteCounting() {
  std::lock_guard lock(mutex_);
  counting_ = phase_.counts;
  if (counting_) changed_.notify_all();
}

void LoadGenerator::WaitUntilCounting() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return counting_ || Ended(); });
}

// Puts the first requests into the queue; Done has the others follow.
void LoadGenerator::RunClosed() {
  for (;;) {
    std::unique_ptr<Job> job;
    {
      std::lock_guard lock(mutex_);
      const auto now = Clock::now();
      if (idle_.empty() || !MayBegin(now)) return;
      job = TakeIdle(now);
    }
    if (job == nullptr) return;
    Send(std::move(job));
  }
}

void LoadGenerator::RunOpen() {
  Arrivals arrivals(plan_);
  const auto end = phase_.begin + phase_.duration;
  size_t sent = 0, late = 0, unsent = 0;
  for (;; ++sent) {
    const auto due = phase_.begin + arrivals.Next();
    const bool enough = sent >= phase_.min;
    if ((due >= end && enough) || sent >= phase_.max) break;
    std::unique_ptr<Job> job;
    // After the end, only what is behind could be sent; and who is behind may be so for long.
    if (WaitUntil(due) && !(enough && Clock::now() > end + kLate) &&
        WaitForIdle(enough ? end : Clock::time_point::max())) {
      std::lock_guard lock(mutex_);
      if (!Ended()) job = TakeIdle(due);
    }
    if (job == nullptr) {
      const auto last = EndOf(end);
      for (auto moment = due; moment < last; moment = phase_.begin + arrivals.Next()) ++unsent;
      break;
    }
    if (Clock::now() > due + kLate) ++late;
    Send(std::move(job));
  }
  if (!phase_.counts) return;
  std::lock_guard lock(mutex_);
  report_.late = late;
  report_.unsent = unsent;
}

// False when the load has ended before.
bool LoadGenerator::WaitUntil(Clock::time_point due) {
  {
    std::unique_lock lock(mutex_);
    if (due - kSpinBefore > Clock::now()) {
      changed_.wait_until(lock, due - kSpinBefore, [&] { return Ended(); });
    }
    if (Ended()) return false;
  }
  while (Clock::now() < due) PauseCpu();
  return true;
}

bool LoadGenerator::WaitForIdle(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  watched_ = true;
  auto ready = [&] { return !idle_.empty() || Ended(); };
  // An endless wait_until would overflow the clock of some standard libraries.
  if (until == Clock::time_point::max()) {
    changed_.wait(lock, ready);
  } else {
    changed_.wait_until(lock, until, ready);
  }
  watched_ = false;
  return !idle_.empty() && !Ended();
}

// Of an open loop that ends here: nothing is due after Stop, and after an error nobody asks.
Clock::time_point LoadGenerator::EndOf(Clock::time_point planned) {
  std::lock_guard lock(mutex_);
  return report_.error ? phase_.begin : stopped_.value_or(planned);
}

bool LoadGenerator::MayBegin(Clock::time_point now) const {
  if (Ended() || phase_.sent >= phase_.max) return false;
  return now - phase_.begin < phase_.duration || phase_.sent < phase_.min;
}

// A job for the next request; null when there is no memory to note its times.
std::unique_ptr<Job> LoadGenerator::TakeIdle(Clock::time_point due) {
  if (!Assign(slots_[idle_.back()->mark], due)) return nullptr;
  std::unique_ptr<Job> job = std::move(idle_.back());
  idle_.pop_back();
  return job;
}

bool LoadGenerator::Assign(Slot& slot, Clock::time_point due) {
  try {
    if (phase_.counts) report_.times.Reserve(phase_.sent);
  } catch (...) {
    report_.error = CurrentError();
    return false;
  }
  slot.request = phase_.sent++;
  slot.due = due;
  return true;
}

void LoadGenerator::Send(std::unique_ptr<Job> job) {
  const Slot& slot = slots_[job->mark];
  if (job->inputs.empty() || input_sets_.size() > 1) {
    job->inputs = input_sets_[slot.request % input_sets_.size()];
  }
  job->outputs = slot.outputs;  // also lets go of what a context has allocated
  job->cancelled = false;
  job->error.reset();
  job->stats = {};
  queue_->Push(std::move(job));
}

void LoadGenerator::Note(const Slot& slot, const Job& job) {
  report_.all.Add(job);
  if (job.error) {
    if (!report_.error) report_.error = job.error;
  } else if (phase_.counts) {
    report_.counted.Add(job);
    const auto part = [](int64_t nanoseconds) { return static_cast<float>(nanoseconds) / 1e6f; };
    report_.times[slot.request] = {plan_.open ? slot.due : job.queued,
                                   job.queued,
                                   job.started,
                                   job.finished,
                                   part(job.stats.h2d),
                                   part(job.stats.compute),
                                   part(job.stats.d2h)};
  }
}

void LoadGenerator::Done(std::unique_ptr<Job> job) {
  Slot& slot = slots_[job->mark];
  bool again = false;
  {
    std::lock_guard lock(mutex_);
    Note(slot, *job);
    again = !plan_.open && MayBegin(job->finished) && Assign(slot, job->finished);
    if (!again) idle_.push_back(std::move(job));  // never more than there were: allocates nothing
    // Under the mutex: when Run has seen the last job, this object may be gone.
    if (!again && (watched_ || report_.error)) changed_.notify_all();
  }
  if (again) Send(std::move(job));
}

void LoadGenerator::Stop(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  if (!stopped_) stopped_ = Clock::now();
  if (!report_.error) report_.error = std::move(error);
  changed_.notify_all();
}

}  // namespace accelnode
