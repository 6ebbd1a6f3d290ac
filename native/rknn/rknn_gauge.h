// How busy the NPU is, as its driver tells in a file that root may read.
#pragma once

#include <memory>

#include "../device_gauge.h"

namespace accelnode::rknn {

std::unique_ptr<DeviceGauge> NewGauge();

}  // namespace accelnode::rknn
