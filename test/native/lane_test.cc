// Hammers LaneQueue from many threads at once. It checks that each job reaches the sink exactly
// once and with a sensible error, that a context serves one thread at a time, and that nothing
// hangs; the sanitizer that it is built with looks for races and for memory used after it was
// freed.
//
//   lane_test [rounds [seed]]   for each number of lanes
//   lane_test race              makes a data race, to prove that ThreadSanitizer notices
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend.h"
#include "lane.h"

namespace accelnode {

std::unique_ptr<Backend> MakeNullBackend();

namespace {

constexpr int kMaxLanes = 8;
constexpr int kJobsPerProducer = 150;
constexpr int kRunsPerSyncCaller = 40;
constexpr int kProfiles = 15;
constexpr float kEndless = 1e9f;  // milliseconds
// A sanitizer slows a machine down that may be busy, but no step of a round takes as long.
constexpr auto kHang = std::chrono::seconds(30);

using Random = std::mt19937;

int Below(Random& random, int limit) {
  return std::uniform_int_distribution<int>(0, limit - 1)(random);
}

// Some nanoseconds for each step.
void Dawdle(int steps) {
  for (std::atomic<int> left{steps}; left > 0;) --left;
}

std::atomic<int> failures{0};

void Expect(bool holds, const char* what, uint32_t job, const char* code = "no error") {
  if (holds) return;
  // One broken rule may be broken by thousands of jobs.
  if (failures.fetch_add(1) < 20) std::printf("        job %u: %s (%s)\n", job, what, code);
}

// Ends the process when nothing has moved for too long: a deadlock is a failure, not something to
// wait for.
class Watchdog {
 public:
  Watchdog() : thread_([this] { Watch(); }) {}
  ~Watchdog() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void Moved() { moves_.fetch_add(1, std::memory_order_relaxed); }
  void Round(int lanes, unsigned seed) {
    std::lock_guard lock(mutex_);
    lanes_ = lanes;
    seed_ = seed;
  }

 private:
  void Watch() {
    std::unique_lock lock(mutex_);
    for (uint64_t seen = moves_;; seen = moves_) {
      if (changed_.wait_for(lock, kHang, [&] { return over_; })) return;
      if (moves_ != seen) continue;
      std::printf("FAILED  nothing moves any more; %d lanes, seed %u\n", lanes_, seed_);
      std::abort();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  int lanes_ = 0;
  unsigned seed_ = 0;
  std::atomic<uint64_t> moves_{0};
  std::thread thread_;
};

// What a run does beyond the null model's echo.
enum class Kind { kEcho, kError, kBadAlloc, kUnknownException };

std::optional<ErrorCode> CodeOf(Kind kind) {
  switch (kind) {
    case Kind::kEcho:
      return std::nullopt;
    case Kind::kError:
      return ErrorCode::MODEL_UNSUPPORTED;
    case Kind::kBadAlloc:
      return ErrorCode::OUT_OF_MEMORY;
    case Kind::kUnknownException:
      return ErrorCode::VENDOR_FAILURE;
  }
  return std::nullopt;
}

// What the null model and TestContext read of the input.
struct Contents {
  float milliseconds;
  float kind;
  float id;
};

// A context of the null backend that also throws, and notices when two threads use it.
class TestContext final : public Context {
 public:
  TestContext(std::unique_ptr<Context> inner, std::atomic<int>& live)
      : inner_(std::move(inner)), live_(live) {
    ++live_;
  }
  ~TestContext() override {
    Use use(*this);
    --live_;
  }

  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override {
    Use use(*this);
    ++uses_;
    Contents contents;
    std::memcpy(&contents, inputs[0].data, sizeof(contents));
    switch (static_cast<Kind>(contents.kind)) {
      case Kind::kEcho:
        break;
      case Kind::kError:
        throw Error(ErrorCode::MODEL_UNSUPPORTED, "as told");
      case Kind::kBadAlloc:
        throw std::bad_alloc();
      case Kind::kUnknownException:
        throw 1;
    }
    if (contents.milliseconds == kEndless) Dawdle(1000);  // a cancel may come before it has begun
    inner_->Run(inputs, outputs, stats);
  }

  void Arm() override { inner_->Arm(); }
  void Cancel() override { inner_->Cancel(); }

  Value Profile() override {
    Use use(*this);
    return ++uses_;
  }

 private:
  struct Use {
    explicit Use(TestContext& user) : context(user) {
      Expect(!context.in_use_.exchange(true, std::memory_order_relaxed),
             "two threads use one context", 0);
    }
    ~Use() { context.in_use_.store(false, std::memory_order_relaxed); }
    TestContext& context;
  };

  const std::unique_ptr<Context> inner_;
  std::atomic<int>& live_;
  std::atomic<bool> in_use_{false};  // relaxed: it must not order what it watches
  int uses_ = 0;                     // not atomic: ThreadSanitizer sees when a hand-over is missing
};

class TestModel final : public Model {
 public:
  TestModel(std::unique_ptr<Model> inner, int refused_lane)
      : inner_(std::move(inner)), refused_lane_(refused_lane) {}
  ~TestModel() override { Expect(live_ == 0, "a context outlives its model", 0); }

  const std::vector<TensorInfo>& Inputs() const override { return inner_->Inputs(); }
  const std::vector<TensorInfo>& Outputs() const override { return inner_->Outputs(); }
  bool ComputesOnCaller() const override { return true; }
  std::unique_ptr<Context> NewContext(int lane) override {
    if (lane == refused_lane_) throw Error(ErrorCode::OUT_OF_MEMORY, "as told");
    return std::make_unique<TestContext>(inner_->NewContext(lane), live_);
  }
  int live() const { return live_; }

 private:
  const std::unique_ptr<Model> inner_;
  const int refused_lane_;
  std::atomic<int> live_{0};
};

std::shared_ptr<TestModel> NewModel(bool sleeps, int refused_lane = -1) {
  static Backend& backend = *MakeNullBackend().release();  // as in the addon: never destroyed
  LoadMonitor monitor;
  LoadRequest request;
  request.monitor = &monitor;
  request.device = "0";
  const Value::List tensors{
      Value::Map{{"name", "x"}, {"type", "float32"}, {"shape", Value::List{3}}}};
  request.source.spec = Value::Map{{"model", "busy"},
                                   {"durationMs", "input"},
                                   {"wait", sleeps ? "sleep" : "spin"},
                                   {"inputs", tensors},
                                   {"outputs", tensors}};
  return std::make_shared<TestModel>(backend.Load(request), refused_lane);
}

// The caller's side of one job: its memory, and what became of it.
struct Record {
  Contents input{};
  Contents output{};
  std::atomic<int> deliveries{0};
  std::atomic<bool> cancelled{false};  // somebody was about to ask for it
  bool accepted = false;               // Push had returned before anybody began to close
  std::optional<ErrorCode> code;       // set by the first delivery
};

std::unique_ptr<Job> NewJob(Record& record, uint32_t id, bool own_memory) {
  auto job = std::make_unique<Job>();
  job->id = id;
  Tensor& input = job->inputs.emplace_back();
  input.data = &record.input;
  input.bytes = sizeof(record.input);
  const int64_t dims[] = {3};
  input.shape = Shape(dims, 1);
  Output& output = job->outputs.emplace_back();
  if (own_memory) {  // else the context allocates
    output.data = &record.output;
    output.bytes = sizeof(record.output);
    output.shape = input.shape;
  }
  return job;
}

// Looks at a finished job.
void Judge(Record& record, const Job& job) {
  if (job.error) {
    record.code = job.error->code;
    return;
  }
  const Output& output = job.outputs[0];
  Expect(output.bytes == sizeof(Contents) &&
             std::memcmp(output.data, &record.input, sizeof(Contents)) == 0,
         "the output differs from the input", job.id);
}

class Sink final : public JobSink {
 public:
  Sink(std::vector<Record>& records, Watchdog& watchdog) : records_(records), watchdog_(watchdog) {}

  void Done(std::unique_ptr<Job> job) override {
    Record& record = records_[job->id];
    Expect(record.deliveries.fetch_add(1) == 0, "delivered again", job->id);
    Judge(record, *job);
    watchdog_.Moved();
    {
      std::lock_guard lock(mutex_);
      ++delivered_;
    }
    changed_.notify_all();
  }

  void WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return delivered_ >= count; });
  }

  size_t delivered() {
    std::lock_guard lock(mutex_);
    return delivered_;
  }

 private:
  std::vector<Record>& records_;
  Watchdog& watchdog_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t delivered_ = 0;
};

// What came of all jobs of some rounds.
struct Tally {
  size_t jobs = 0, completed = 0, failed = 0, cancelled = 0, closed = 0, ran_inline = 0;
};

class Round {
 public:
  Round(int lanes, unsigned seed, Watchdog& watchdog)
      : random_(seed), seed_(seed), watchdog_(watchdog) {
    watchdog_.Round(lanes, seed);
    producers_ = 1 + Below(random_, 4);
    sync_callers_ = Below(random_, 3);
    closers_ = Below(random_, 4) == 0 ? 0 : 1 + Below(random_, 2);
    calm_ = Below(random_, 3) == 0;
    records_ = std::vector<Record>(static_cast<size_t>(producers_ * kJobsPerProducer) + kLate);
    sync_records_ = std::vector<Record>(static_cast<size_t>(sync_callers_ * kRunsPerSyncCaller));
    sink_ = std::make_unique<Sink>(records_, watchdog_);
    model_ = NewModel(Below(random_, 2) == 0);
    queue_ = std::make_unique<LaneQueue>(model_, lanes, *sink_);
  }

  void Go(Tally& tally) {
    for (int i = 0; i < producers_; ++i) Start([this, i](Random& random) { Produce(i, random); });
    for (int i = 0; i < sync_callers_; ++i)
      Start([this, i](Random& random) { RunSync(i, random); });
    Start([this](Random& random) { CancelSome(random); });
    Start([this](Random&) { Profile(); });
    for (int i = 0; i < closers_; ++i) {
      // At a random point of the work, not of time.
      const auto after = static_cast<size_t>(Below(random_, producers_ * kJobsPerProducer));
      const bool cancels = Below(random_, 2) == 0;
      Start([this, after, cancels](Random& random) { Close(after, cancels, random); });
    }
    for (std::thread& thread : threads_) thread.join();
    if (closers_ > 0) {
      UseClosed();
    } else {
      cancelling_close_ = true;  // the destructor's
      used_late_ = 0;
    }
    queue_.reset();
    Expect(model_->live() == 0, "a context outlives its queue", 0);
    Settle(tally);
  }

 private:
  static constexpr int kLate = 3;  // jobs that are pushed after the lanes have ended

  void Start(std::function<void(Random&)> work) {
    const unsigned seed = seed_ * 31 + static_cast<unsigned>(threads_.size()) + 1;
    threads_.emplace_back([this, seed, work = std::move(work)] {
      Random random(seed);
      work(random);
      watchdog_.Moved();
    });
  }

  void Fill(Record& record, size_t id, Random& random) {
    const int kind = calm_ ? (Below(random, 200) == 0 ? 1 : 11) : Below(random, 12);
    const bool busy = !calm_ && Below(random, 8) == 0;
    record.input.kind = kind < 4 ? static_cast<float>(kind) : 0;
    record.input.milliseconds = busy ? 0.01f * static_cast<float>(1 + Below(random, 20)) : 0;
    record.input.id = static_cast<float>(id);
  }

  void Produce(int producer, Random& random) {
    for (int i = 0; i < kJobsPerProducer; ++i) {
      const auto id = static_cast<uint32_t>(producer * kJobsPerProducer + i);
      Record& record = records_[id];
      Fill(record, id, random);
      const bool endless = !calm_ && Below(random, 10) == 0;
      if (endless) {
        record.input.kind = static_cast<float>(Kind::kEcho);
        record.input.milliseconds = kEndless;
        record.cancelled = true;
      }
      std::unique_ptr<Job> job = NewJob(record, id, Below(random, 2) == 0);
      // Not the endless ones: nobody could cancel them.
      if (!endless && (calm_ || Below(random, 4) == 0) && queue_->TryRunInline(*job)) {
        ++ran_inline_;
        sink_->Done(std::move(job));
        continue;
      }
      queue_->Push(std::move(job));
      record.accepted = !closing_;
      if (endless) {
        // While it waits, while a lane takes it, before its context waits, and after.
        Dawdle(Below(random, 3000));
        queue_->Cancel(id);
      }
      // Others get their turn, so that the queue runs empty now and then.
      if (Below(random, calm_ ? 4 : 20) == 0)
        sink_->WaitFor(static_cast<size_t>(Below(random, i + 2)));
    }
  }

  void RunSync(int caller, Random& random) {
    for (int i = 0; i < kRunsPerSyncCaller; ++i) {
      const auto id = static_cast<uint32_t>(caller * kRunsPerSyncCaller + i);
      Record& record = sync_records_[id];
      Fill(record, id, random);
      std::unique_ptr<Job> job = NewJob(record, id, Below(random, 2) == 0);
      queue_->RunSync(*job);
      Judge(record, *job);
      ++record.deliveries;
      watchdog_.Moved();
    }
  }

  void CancelSome(Random& random) {
    const int jobs = producers_ * kJobsPerProducer;
    for (int i = 0; i < jobs; ++i) {
      // Near what is being worked on, else most would be over or not yet there.
      const int near = static_cast<int>(sink_->delivered()) + Below(random, 16) - 4;
      const auto id = static_cast<uint32_t>((near % jobs + jobs) % jobs);
      records_[id].cancelled = true;
      queue_->Cancel(id);
    }
  }

  void Profile() {
    for (int i = 0; i < kProfiles; ++i) {
      try {
        Expect(*queue_->Profile().AsNumber() > 0, "a profile of nothing", 0);
      } catch (const Error& error) {
        Expect(closing_ && error.code == ErrorCode::CLOSED, "a profile was refused", 0,
               ErrorCodeName(error.code));
      }
      watchdog_.Moved();
    }
  }

  void Close(size_t after, bool cancels, Random& random) {
    sink_->WaitFor(after);
    closing_ = true;
    if (cancels) cancelling_close_ = true;
    queue_->BeginClose(cancels);
    // Impatient: may or may not find the lanes ended.
    if (Below(random, 2) == 0) queue_->Join(Clock::now());
    Expect(queue_->Join(), "the lanes have not ended", 0);
    Expect(model_->live() == 0, "a context outlives its lane", 0);
  }

  // After the end, everything is refused and nothing is lost.
  void UseClosed() {
    for (int i = 0; i < kLate; ++i) {
      const auto id = static_cast<uint32_t>(producers_ * kJobsPerProducer + i);
      queue_->Push(NewJob(records_[id], id, true));
      queue_->Cancel(id);
      Expect(records_[id].code == ErrorCode::CLOSED, "accepted after the end", id);
    }
    used_late_ = kLate;
    Record record;
    std::unique_ptr<Job> job = NewJob(record, 0, true);
    queue_->RunSync(*job);
    Expect(job->error && job->error->code == ErrorCode::CLOSED, "runSync after the end", 0);
    queue_->BeginClose(true);
    Expect(queue_->Join(Clock::now()), "the lanes have not stayed ended", 0);
  }

  void Settle(Tally& tally) {
    const size_t pushed = records_.size() - static_cast<size_t>(kLate - used_late_);
    for (uint32_t id = 0; id < pushed; ++id) {
      const Record& record = records_[id];
      Expect(record.deliveries == 1, "not delivered", id);
      const char* code = record.code ? ErrorCodeName(*record.code) : "no error";
      if (record.code == ErrorCode::CANCELLED) {
        Expect(record.cancelled || cancelling_close_, "nobody cancelled it", id, code);
        ++tally.cancelled;
      } else if (record.code == ErrorCode::CLOSED) {
        Expect(!record.accepted || cancelling_close_, "a close that waits dropped it", id, code);
        ++tally.closed;
      } else {
        SettleRun(record, id, code, tally);
      }
    }
    for (uint32_t id = 0; id < sync_records_.size(); ++id) {
      const Record& record = sync_records_[id];
      const char* code = record.code ? ErrorCodeName(*record.code) : "no error";
      if (record.code == ErrorCode::CLOSED) {
        Expect(closing_, "a synchronous run was refused", id, code);
        ++tally.closed;
      } else {
        SettleRun(record, id, code, tally);
      }
    }
    tally.jobs += pushed + sync_records_.size();
    tally.ran_inline += ran_inline_;
  }

  static void SettleRun(const Record& record, uint32_t id, const char* code, Tally& tally) {
    Expect(record.input.milliseconds < kEndless, "an endless run has ended by itself", id, code);
    Expect(record.code == CodeOf(static_cast<Kind>(record.input.kind)), "another error", id, code);
    ++(record.code ? tally.failed : tally.completed);
  }

  Random random_;
  const unsigned seed_;
  bool calm_ = false;  // short runs that mostly succeed, so that some are inline
  Watchdog& watchdog_;
  int producers_ = 0, sync_callers_ = 0, closers_ = 0, used_late_ = 0;
  std::vector<Record> records_, sync_records_;
  std::unique_ptr<Sink> sink_;
  std::shared_ptr<TestModel> model_;
  std::unique_ptr<LaneQueue> queue_;
  std::vector<std::thread> threads_;
  std::atomic<size_t> ran_inline_{0};
  std::atomic<bool> closing_{false};           // set before the first BeginClose
  std::atomic<bool> cancelling_close_{false};  // set before the first that cancels
};

bool TestLanes(int lanes, int rounds, unsigned seed, Watchdog& watchdog) {
  failures = 0;
  Tally tally;
  for (int i = 0; i < rounds; ++i) {
    Round(lanes, seed + static_cast<unsigned>(i * kMaxLanes + lanes), watchdog).Go(tally);
  }
  Expect(tally.ran_inline > 0, "no run was inline", 0);
  const bool passed = failures == 0;
  std::printf(
      "%s  %d lane%s: %zu jobs, of which %zu completed, %zu failed as told, %zu were cancelled, "
      "%zu met a close; %zu were inline\n",
      passed ? "ok    " : "FAILED", lanes, lanes == 1 ? "" : "s", tally.jobs, tally.completed,
      tally.failed, tally.cancelled, tally.closed, tally.ran_inline);
  return passed;
}

// A context that can't be had: the constructor throws and leaves nothing behind.
bool TestRefusal(Watchdog& watchdog) {
  failures = 0;
  std::vector<Record> records(1);
  Sink sink(records, watchdog);
  for (int refused = 0; refused < kMaxLanes; ++refused) {
    const std::shared_ptr<TestModel> model = NewModel(false, refused);
    try {
      LaneQueue queue(model, kMaxLanes, sink);
      Expect(false, "the refusal of a context was ignored", 0);
    } catch (const Error& error) {
      Expect(error.code == ErrorCode::OUT_OF_MEMORY, "another error", 0, ErrorCodeName(error.code));
    }
    Expect(model->live() == 0, "a context outlives its queue", 0);
  }
  const bool passed = failures == 0;
  std::printf("%s  contexts that can't be had\n", passed ? "ok    " : "FAILED");
  return passed;
}

int Race() {
  int shared = 0;
  std::thread other([&] { ++shared; });
  ++shared;
  other.join();
  return shared == 2 ? 0 : 1;
}

int Main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 4096);  // what was printed before an abort counts
  if (argc > 1 && std::string(argv[1]) == "race") return Race();
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 12;
  const unsigned seed =
      argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : std::random_device()();
  std::printf("%d rounds for each number of lanes, seed %u\n", rounds, seed);
  Watchdog watchdog;
  bool passed = TestRefusal(watchdog);
  for (int lanes = 1; lanes <= kMaxLanes; ++lanes) {
    passed = TestLanes(lanes, rounds, seed, watchdog) && passed;
  }
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace accelnode

int main(int argc, char** argv) { return accelnode::Main(argc, argv); }
