// Looks at a device and at this process at equal distances while a model is measured, on a thread
// of its own: JavaScript may be busy, and a load that the addon makes is not to wait for it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backend.h"
#include "lane.h"

namespace accelnode {

// What nobody could measure is unset.
struct SamplingReport {
  size_t samples = 0;
  // Of the device. What vendors say of a moment is about the time before it, so means leave the
  // first sample out.
  std::optional<double> utilization, power;   // the means
  std::optional<double> temperature, memory;  // the most
  std::optional<double> rss;                  // of this process: bytes, the most
  std::optional<double> cpu;          // percent of a core, from the first sample to the last
  std::optional<double> overhead;     // likewise, of this thread alone
  Clock::duration took{};             // one sample, the mean
  std::vector<std::string> problems;  // each once
};

class ResourceSampler {
 public:
  explicit ResourceSampler(Clock::duration interval) : interval_(interval) {}

  // Blocks until Stop: takes a sample at once, and calls `begun`; then one after each interval; and
  // one more in the end. Throws nothing but std::bad_alloc. Once.
  SamplingReport Run(Backend& backend, const std::string& device,
                     const std::function<void()>& begun);

  // From any thread, also before Run.
  void Stop();

 private:
  // The mean and the most of what was there.
  class Figure {
   public:
    void Add(std::optional<double> value, double most, bool counts);
    std::optional<double> Mean() const;
    std::optional<double> Most() const { return most_; }

   private:
    double sum_ = 0;
    size_t count_ = 0;
    std::optional<double> most_;
  };

  void Sample(DeviceGauge* gauge);
  void AddUse(const DeviceUse& use);
  void NoteProblem(const std::string& problem);
  bool WaitForNext(Clock::time_point begin);

  const Clock::duration interval_;
  SamplingReport report_;
  Figure utilization_, power_, temperature_, memory_, rss_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopped_ = false;
};

}  // namespace accelnode
