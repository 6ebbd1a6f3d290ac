#include "rknn_gauge.h"

#include <numeric>

#include "rknn_system.h"

namespace accelnode::rknn {
namespace {

class NpuGauge final : public DeviceGauge {
 public:
  DeviceUse Read() override {
    DeviceUse use;
    const std::vector<double> cores = ReadUse().load;
    if (cores.empty()) return use;
    const double sum = std::accumulate(cores.begin(), cores.end(), 0.0);
    use.utilization = sum / static_cast<double>(cores.size());
    return use;
  }
};

}  // namespace

std::unique_ptr<DeviceGauge> NewGauge() { return std::make_unique<NpuGauge>(); }

}  // namespace accelnode::rknn
