// Loads on a LaneQueue, closed and open, that end in every way: by themselves, by an error, by
// Stop, by a close that cancels or does not, for want of memory; while other jobs come and go. It
// checks that nothing is in flight when Run returns, that the times of what counts are in order,
// and that no request of an open loop is left out. A sanitizer that it is built with looks for
// races and for memory used after it was freed.
//
//   load_test [rounds [seed]]
#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "backend.h"
#include "lane.h"
#include "load_generator.h"
#include "rounds.h"

namespace {

// Allocations as large as a piece of a RequestLog that succeed; all, if negative.
std::atomic<int> pieces_left{-1};
constexpr std::size_t kPieceBytes = std::size_t{1} << 18;

}  // namespace

void* operator new[](std::size_t bytes) {
  if (bytes >= kPieceBytes && pieces_left >= 0 && pieces_left-- <= 0) {
    pieces_left = 0;
    throw std::bad_alloc();
  }
  return operator new(bytes);
}
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace accelnode {

std::unique_ptr<Backend> MakeNullBackend();

namespace {

using test::Below;
using test::Expect;
using test::Random;

std::shared_ptr<Model> NewModel(int fail_at) {
  static Backend& backend = *MakeNullBackend().release();  // as in the addon: never destroyed
  LoadMonitor monitor;
  LoadRequest request;
  request.monitor = &monitor;
  request.device = "0";
  const Value::List tensors{
      Value::Map{{"name", "x"}, {"type", "float32"}, {"shape", Value::List{2}}}};
  request.source.spec =
      Value::Map{{"model", "busy"},   {"durationMs", "input"}, {"wait", "sleep"},
                 {"inputs", tensors}, {"outputs", tensors},    {"failAt", fail_at}};
  return backend.Load(request);
}

// Frees the jobs of others, which run beside the load.
class OtherSink final : public JobSink {
 public:
  void Done(std::unique_ptr<Job> job) override {
    job.reset();
    ++done;
  }
  std::atomic<int> done{0};
};

struct Memory {
  float input[2] = {0, 7};
  float output[2] = {};
};

std::unique_ptr<Job> NewJob(Memory& memory, bool own_memory) {
  auto job = std::make_unique<Job>();
  const int64_t dims[] = {2};
  Tensor& input = job->inputs.emplace_back();
  input.data = memory.input;
  input.bytes = sizeof(memory.input);
  input.shape = Shape(dims, 1);
  Output& output = job->outputs.emplace_back();
  if (own_memory) {  // else the context allocates
    output.data = memory.output;
    output.bytes = sizeof(memory.output);
    output.shape = input.shape;
  }
  return job;
}

LoadPlan NewPlan(Random& random, int ending) {
  LoadPlan plan;
  plan.open = Below(random, 2) == 0;
  // A load that fills a piece of the log is a fast one.
  plan.rate = plan.open ? 1000.0 * (1 << (ending == 5 ? 7 : Below(random, 8))) : 0;
  plan.poisson = Below(random, 2) == 0;
  plan.seed = random();
  plan.warmup_requests = static_cast<size_t>(Below(random, 5));
  plan.min_requests = static_cast<size_t>(1 + Below(random, 200));
  plan.max_requests = ending == 0 ? 20'000 : SIZE_MAX;
  plan.duration =
      ending == 0 ? std::chrono::milliseconds(Below(random, 20)) : std::chrono::hours(1);
  return plan;
}

void CheckTimes(LoadReport& report, const LoadPlan& plan, unsigned seed) {
  Expect(report.counted.runs == report.requests, "what counts was not counted", seed);
  Expect(report.requests >= plan.min_requests || report.unsent > 0, "too few requests", seed);
  Expect(report.requests <= plan.max_requests, "too many requests", seed);
  Expect(report.all.runs >= report.requests + plan.warmup_requests, "no warm-up", seed);
  for (size_t i = 0; i < report.requests; ++i) {
    const RequestTimes& times = report.times[i];
    Expect(report.begin <= times.due && times.due <= times.sent && times.sent <= times.started &&
               times.started <= times.ended,
           "times are not in order", seed);
    Expect(times.ended <= report.end, "it ended before its requests", seed);
    // The null backend moves nothing. A float of milliseconds is exact to a part of ten million.
    const std::chrono::duration<double, std::milli> run = times.ended - times.started;
    Expect(times.compute > 0 && times.compute <= run.count() * 1.000001 && times.h2d == 0 &&
               times.d2h == 0,
           "the parts of a run are not in it", seed);
    if (plan.open && i > 0) {
      Expect(report.times[i - 1].due <= times.due, "requests are not in order", seed);
    }
  }
}

// Every moment before Stop has its request, or is counted as unsent.
void CheckMoments(const LoadReport& report, const LoadPlan& plan, unsigned seed) {
  if (!plan.open || plan.poisson) return;
  size_t due = 0;
  const auto moment = [&] {
    const std::chrono::duration<double> seconds(static_cast<double>(due) / plan.rate);
    return report.begin + std::chrono::duration_cast<Clock::duration>(seconds);
  };
  while (moment() < report.end) ++due;
  Expect(report.requests + report.unsent == due, "requests were left out", seed);
}

void Round(int ending, unsigned seed) {
  Random random(seed);
  const LoadPlan plan = NewPlan(random, ending);
  const auto in_flight = static_cast<size_t>(1 + Below(random, 6));
  std::vector<Memory> memory(in_flight + 1);
  std::vector<std::unique_ptr<Job>> jobs;
  for (size_t i = 0; i < in_flight; ++i) jobs.push_back(NewJob(memory[i], Below(random, 4) > 0));
  std::vector<std::vector<Tensor>> sets{jobs[0]->inputs, jobs[0]->inputs};
  if (Below(random, 2) == 0) sets.pop_back();

  OtherSink others;
  LaneQueue queue(NewModel(ending == 1 ? 1 + Below(random, 50) : 0), 1 + Below(random, 3), others);
  LoadGenerator load(plan, std::move(jobs), std::move(sets));
  LoadReport report;
  if (ending == 5) pieces_left = Below(random, 2);
  std::thread runner([&] { report = load.Run(queue); });
  Clock::time_point counting;
  std::thread watcher([&] {
    load.WaitUntilCounting();
    counting = Clock::now();
  });

  int pushed = 0;
  const int dawdle = Below(random, 3000);
  // Not where one of these might be the run that fails.
  const int beside = ending == 1 ? 0 : Below(random, 20);
  for (; pushed < beside; ++pushed) queue.Push(NewJob(memory[in_flight], false));
  std::this_thread::sleep_for(std::chrono::microseconds(dawdle));
  if (ending == 2) load.Stop();
  if (ending == 3) {
    load.Stop(Error(ErrorCode::CLOSED, "as told"));
    queue.BeginClose(false);
  }
  if (ending == 4) queue.BeginClose(true);  // nobody tells the load
  runner.join();
  watcher.join();
  pieces_left = -1;

  Expect(report.all.runs + report.all.failed >= report.requests, "runs were lost", seed);
  const bool fails = ending == 1 || ending >= 3;
  Expect(report.error.has_value() == fails, "another ending", seed);
  if (ending == 1 && report.error) {
    Expect(report.error->code == ErrorCode::VENDOR_FAILURE, "another error", seed);
  }
  if (ending == 5 && report.error) {
    Expect(report.error->code == ErrorCode::OUT_OF_MEMORY, "another error", seed);
  }
  if (ending == 0) {
    CheckTimes(report, plan, seed);
    Expect(report.begin <= counting, "it was to count before it did", seed);
  }
  if (ending == 2) CheckMoments(report, plan, seed);
  for (size_t i = 0; ending == 0 && i < in_flight; ++i) {
    Expect(memory[i].output[1] == 0 || memory[i].output[1] == 7, "another output", seed);
  }
  queue.BeginClose(false);
  queue.Join();
  Expect(others.done == pushed, "jobs of others came to the load", seed);
}

}  // namespace
}  // namespace accelnode

int main(int argc, char** argv) {
  constexpr const char* kEndings[] = {"fulfilled", "failed",    "stopped",
                                      "closed",    "cancelled", "out of memory"};
  return accelnode::test::PlayRounds(argc, argv, "loads", kEndings, accelnode::Round);
}
