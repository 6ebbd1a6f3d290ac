// Samplers that are stopped before they begin, at once, or after a while, several on one device
// beside models that come and go there. It checks that each takes a first and a last sample and
// tells of what it saw; the sanitizer that it is built with looks for races.
//
//   sampler_test [rounds [seed]]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "backend.h"
#include "resource_sampler.h"

namespace accelnode {

std::unique_ptr<Backend> MakeNullBackend();

namespace {

using Random = std::mt19937;

int Below(Random& random, int limit) {
  return std::uniform_int_distribution<int>(0, limit - 1)(random);
}

int failures = 0;

void Expect(bool holds, const char* what, unsigned seed) {
  if (holds) return;
  if (failures++ < 20) std::printf("        seed %u: %s\n", seed, what);
}

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

int Main(int argc, char** argv) {
  constexpr const char* kWhen[] = {"before they begin", "at once", "after a while"};
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 60;
  const unsigned seed =
      argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : std::random_device()();
  std::printf("%d rounds of samplers, seed %u\n", rounds, seed);
  int failed = 0;
  for (int when = 0; when < 3; ++when) {
    failures = 0;
    for (int i = 0; i < rounds; ++i) Round(when, seed + static_cast<unsigned>(i * 3));
    std::printf("%s  samplers that are stopped %s\n", failures == 0 ? "ok    " : "FAILED",
                kWhen[when]);
    failed += failures;
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace accelnode

int main(int argc, char** argv) { return accelnode::Main(argc, argv); }
