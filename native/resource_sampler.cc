#include "resource_sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "platform.h"

namespace accelnode {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::max();

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// Percent of a core between two readings of a CPU's clock, in seconds.
std::optional<double> Share(std::optional<double> before, std::optional<double> after,
                            Clock::duration elapsed) {
  if (!before || !after || elapsed <= Clock::duration::zero()) return std::nullopt;
  return 100 * (*after - *before) / Seconds(elapsed);
}

}  // namespace

// Files and drivers may say anything; what can't be is left out.
void ResourceSampler::Figure::Add(std::optional<double> value, double most, bool counts) {
  if (!value || !std::isfinite(*value) || *value < 0 || *value > most) return;
  most_ = std::max(most_.value_or(*value), *value);
  if (!counts) return;
  sum_ += *value;
  ++count_;
}

std::optional<double> ResourceSampler::Figure::Mean() const {
  if (count_ == 0) return std::nullopt;
  return sum_ / static_cast<double>(count_);
}

SamplingReport ResourceSampler::Run(Backend& backend, const std::string& device,
                                    const std::function<void()>& begun) {
  NameThisThread("accel-sample");
  std::unique_ptr<DeviceGauge> gauge;
  try {
    gauge = backend.NewGauge(device);
  } catch (...) {
    NoteProblem(CurrentError().message);
  }
  const auto begin = Clock::now();
  const auto process_before = ProcessCpuSeconds();
  const auto thread_before = ThreadCpuSeconds();
  Clock::duration took{};
  for (bool last = false;;) {
    const auto sample_begin = Clock::now();
    Sample(gauge.get());
    took += Clock::now() - sample_begin;
    if (report_.samples == 1) begun();
    if (last) break;
    last = WaitForNext(begin);
  }
  const auto elapsed = Clock::now() - begin;
  report_.overhead = Share(thread_before, ThreadCpuSeconds(), elapsed);
  report_.cpu = Share(process_before, ProcessCpuSeconds(), elapsed);
  report_.took = took / static_cast<Clock::rep>(report_.samples);
  report_.utilization = utilization_.Mean();
  report_.power = power_.Mean();
  report_.temperature = temperature_.Most();
  report_.memory = memory_.Most();
  report_.rss = rss_.Most();
  return std::move(report_);
}

void ResourceSampler::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void ResourceSampler::Sample(DeviceGauge* gauge) {
  if (gauge != nullptr) {
    try {
      AddUse(gauge->Read());
    } catch (...) {
      NoteProblem(CurrentError().message);
    }
  }
  rss_.Add(ResidentBytes(), kNoLimit, true);
  ++report_.samples;
}

void ResourceSampler::AddUse(const DeviceUse& use) {
  const bool counts = report_.samples > 0;
  utilization_.Add(use.utilization, 100, counts);
  power_.Add(use.power, kNoLimit, counts);
  temperature_.Add(use.temperature, kNoLimit, counts);
  memory_.Add(use.memory, kNoLimit, counts);
  if (!use.problem.empty()) NoteProblem(use.problem);
}

void ResourceSampler::NoteProblem(const std::string& problem) {
  auto& problems = report_.problems;
  if (std::find(problems.begin(), problems.end(), problem) == problems.end()) {
    problems.push_back(problem);
  }
}

// True when there is only the last one left. A sample that came late makes no others late.
bool ResourceSampler::WaitForNext(Clock::time_point begin) {
  const auto next = begin + ((Clock::now() - begin) / interval_ + 1) * interval_;
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, next, [&] { return stopped_; });
}

}  // namespace accelnode
