// What devices that do not exist are seen doing: what the models that are loaded on them say in
// their `use` (lib/options/null.ts), all together. The environment variable ACCELNODE_NULL_IDLE has
// what a device does without any: "memory,power,utilization,temperature".
#pragma once

#include <memory>

#include "../device_gauge.h"
#include "../value.h"

namespace accelnode::null {

// A model's part of it, as long as the model lives.
class PlayedUse {
 public:
  PlayedUse(const Value& use, int device);
  ~PlayedUse();
  PlayedUse(const PlayedUse&) = delete;
  PlayedUse& operator=(const PlayedUse&) = delete;

  void AddLane();

 private:
  friend class NullGauge;
  const Value use_;
  const int device_;
  int lanes_ = 0;
};

std::unique_ptr<DeviceGauge> NewGauge(int device);

}  // namespace accelnode::null
