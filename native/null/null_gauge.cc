#include "null_gauge.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <mutex>

#include "../error.h"

namespace accelnode::null {
namespace {

std::mutex g_mutex;
std::list<const PlayedUse*> g_played;  // under g_mutex, as are the lanes of each

DeviceUse IdleUse() {
  DeviceUse use;
  double memory = 0, power = 0, utilization = 0, temperature = 0;
  const char* text = std::getenv("ACCELNODE_NULL_IDLE");
  if (text == nullptr) return use;
  if (std::sscanf(text, "%lf,%lf,%lf,%lf", &memory, &power, &utilization, &temperature) != 4) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "ACCELNODE_NULL_IDLE is not four numbers.");
  }
  use.memory = memory;
  use.power = power;
  use.utilization = utilization;
  use.temperature = temperature;
  return use;
}

void Add(std::optional<double>& to, const Value& value, double times = 1) {
  if (const double* number = value.AsNumber()) to = to.value_or(0) + *number * times;
}

}  // namespace

class NullGauge final : public DeviceGauge {
 public:
  explicit NullGauge(int device) : device_(device) {}

  DeviceUse Read() override {
    ++readings_;
    DeviceUse use = IdleUse();
    std::lock_guard lock(g_mutex);
    for (const PlayedUse* each : g_played) {
      if (each->device_ != device_) continue;
      const Value& played = each->use_;
      if (readings_ == played.Number("failAt", 0)) {
        throw Error(ErrorCode::VENDOR_FAILURE,
                    "The null device can't be looked at, as it was told.");
      }
      Add(use.memory, played["memory"]);
      Add(use.power, played["power"]);
      Add(use.utilization, played["utilization"], each->lanes_);
      if (const double* degrees = played["temperature"].AsNumber()) {
        use.temperature = std::max(use.temperature.value_or(*degrees), *degrees);
      }
    }
    if (use.utilization) use.utilization = std::min(*use.utilization, 100.0);
    return use;
  }

 private:
  const int device_;
  int readings_ = 0;
};

PlayedUse::PlayedUse(const Value& use, int device) : use_(use), device_(device) {
  std::lock_guard lock(g_mutex);
  g_played.push_back(this);
}

PlayedUse::~PlayedUse() {
  std::lock_guard lock(g_mutex);
  g_played.remove(this);
}

void PlayedUse::AddLane() {
  std::lock_guard lock(g_mutex);
  ++lanes_;
}

std::unique_ptr<DeviceGauge> NewGauge(int device) { return std::make_unique<NullGauge>(device); }

}  // namespace accelnode::null
