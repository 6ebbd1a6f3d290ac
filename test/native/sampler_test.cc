// Samplers that are stopped before they begin, at once, or after a while, several on one device
// beside models that come and go there. It checks that each takes a first and a last sample and
// tells of what it saw; the sanitizer that it is built with looks for races.
//
//   sampler_test [rounds [seed]]
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "backend.h"
#include "resource_sampler.h"
#include "rounds.h"

namespace accelnode {

std::unique_ptr<Backend> MakeNullBackend();

namespace {

using test::Below;
using test::Expect;
using test::Random;

std::unique_ptr<Model> NewModel(Backend& backend, int fail_at) {
  LoadMonitor monitor;
  LoadRequest request;
  request.monitor = &monitor;
  request.device = "0";
  const Value::List tensors{
      Value::Map{{"name", "x"}, {"type", "float32"}, {"shape", Value::List{2}}}};
  const Value::Map use{{"utilization", 25},
                       {"power", 10},
                       {"temperature", 50},
                       {"memory", 1000},
                       {"failAt", fail_at}};
  request.source.spec =
      Value::Map{{"model", "echo"}, {"inputs", tensors}, {"outputs", tensors}, {"use", use}};
  return backend.Load(request);
}

struct Sampled {
  ResourceSampler sampler;
  std::atomic<bool> begun{false};
  SamplingReport report;
  explicit Sampled(Clock::duration interval) : sampler(interval) {}
};

void Check(const SamplingReport& report, bool fails, unsigned seed) {
  Expect(report.samples >= 2, "there is no first or no last sample", seed);
  Expect(report.temperature == 50, "another temperature", seed);
  Expect(report.utilization && *report.utilization >= 25 && *report.utilization <= 100,
         "another utilisation", seed);
  Expect(report.memory && *report.memory >= 1000, "less memory than one model has", seed);
  Expect(report.overhead && *report.overhead >= 0, "no overhead", seed);
  Expect(report.problems.size() == (fails ? 1 : 0), "another number of problems", seed);
}

// `when`: 0 before it begins, 1 once it has begun, 2 after a while.
void Round(int when, unsigned seed) {
  static Backend& backend = *MakeNullBackend().release();  // as in the addon: never destroyed
  Random random(seed);
  const bool fails = Below(random, 4) == 0;
  const std::unique_ptr<Model> model = NewModel(backend, fails ? 1 : 0);
  const std::unique_ptr<Context> lane = model->NewContext(0);

  std::vector<std::unique_ptr<Sampled>> all;
  for (int i = 1 + Below(random, 3); i > 0; --i) {
    all.push_back(std::make_unique<Sampled>(std::chrono::microseconds(1 + Below(random, 500))));
  }
  std::vector<std::thread> threads;
  for (auto& each : all) {
    if (when == 0) each->sampler.Stop();
    threads.emplace_back([sampled = each.get()] {
      sampled->report = sampled->sampler.Run(backend, "0", [sampled] { sampled->begun = true; });
    });
  }
  const int beside = Below(random, 20);
  for (int i = 0; i < beside; ++i) {
    const std::unique_ptr<Model> other = NewModel(backend, 0);
    const std::unique_ptr<Context> first = other->NewContext(0), second = other->NewContext(1);
  }
  for (auto& each : all) {
    while (!each->begun) std::this_thread::yield();
  }
  if (when == 2) std::this_thread::sleep_for(std::chrono::microseconds(Below(random, 3000)));
  for (auto& each : all) each->sampler.Stop();
  for (std::thread& thread : threads) thread.join();
  for (auto& each : all) Check(each->report, fails, seed);
}

}  // namespace
}  // namespace accelnode

int main(int argc, char** argv) {
  constexpr const char* kWhen[] = {"stopped before they begin", "stopped at once",
                                   "stopped after a while"};
  return accelnode::test::PlayRounds(argc, argv, "samplers", kWhen, accelnode::Round);
}
