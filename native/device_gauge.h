// What a device is doing at a moment, as far as its vendor tells: for samples beside a measurement.
#pragma once

#include <optional>
#include <string>

namespace accelnode {

struct DeviceUse {
  std::optional<double> utilization;  // percent of its time, of late
  std::optional<double> power;        // watts
  std::optional<double> temperature;  // degrees Celsius
  std::optional<double> memory;       // bytes in use, whoever uses them
  std::string problem;  // why something is missing that should be there; empty: nothing is
};

// Reads one device again and again. Used by one thread at a time.
class DeviceGauge {
 public:
  virtual ~DeviceGauge() = default;
  // What the vendor does not tell of such a device is left out, and is no problem.
  virtual DeviceUse Read() = 0;
};

}  // namespace accelnode
