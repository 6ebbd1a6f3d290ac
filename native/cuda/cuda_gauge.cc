#include "cuda_gauge.h"

#include <utility>

#include "cuda_check.h"
#include "cuda_devices.h"
#include "cuda_library.h"

namespace accelnode::cuda {
namespace {

// Is the card divided into instances, of which CUDA's device is one?
bool IsDivided(nvmlDevice_t card) {
  unsigned now = 0, later = 0;
  return Nvml()->nvmlDeviceGetMigMode != nullptr &&
         Nvml()->nvmlDeviceGetMigMode(card, &now, &later) == kNvmlSuccess && now != 0;
}

nvmlDevice_t InstanceOf(const std::string& uuid) {
  nvmlDevice_t instance = nullptr;
  const bool found = Nvml()->nvmlDeviceGetHandleByUUID != nullptr && !uuid.empty() &&
                     Nvml()->nvmlDeviceGetHandleByUUID(uuid.c_str(), &instance) == kNvmlSuccess;
  return found ? instance : nullptr;
}

// Did the function tell? What a device does not have is no problem.
bool Told(nvmlReturn_t status, const char* function, std::string& problem) {
  if (status == kNvmlSuccess) return true;
  if (status != kNvmlNotSupported && problem.empty()) {
    problem = std::string(function) + " returned " + std::to_string(status) + ".";
  }
  return false;
}

// Calls a function that a library may lack.
#define NVML_TOLD(function, problem, ...) \
  (Nvml()->function != nullptr && Told(Nvml()->function(__VA_ARGS__), #function, problem))

class NvmlGauge final : public DeviceGauge {
 public:
  explicit NvmlGauge(NvmlDevice device) : device_(std::move(device)) {}

  DeviceUse Read() override {
    DeviceUse use = ReadUse(device_);
    if (device_.divided && use.problem.empty()) {
      use.problem =
          "The GPU is divided into instances (MIG), for which NVML tells neither utilisation nor "
          "power.";
    }
    return use;
  }

 private:
  const NvmlDevice device_;
};

}  // namespace

NvmlDevice FindInNvml(int device, const char* pci) {
  NvmlDevice found;
  const NvmlFunctions* nvml = Nvml();
  if (nvml == nullptr || nvml->nvmlDeviceGetHandleByPciBusId_v2(pci, &found.card) != kNvmlSuccess) {
    found.card = nullptr;
    return found;
  }
  found.divided = IsDivided(found.card);
  if (!found.divided) return found;
  found.uuid = UuidOfInstance(device);
  found.instance = InstanceOf(found.uuid);
  return found;
}

DeviceUse ReadUse(const NvmlDevice& device) {
  DeviceUse use;
  unsigned number = 0;
  if (NVML_TOLD(nvmlDeviceGetTemperature, use.problem, device.card, kNvmlTemperatureGpu, &number)) {
    use.temperature = number;
  }
  NvmlMemory memory{};
  if (device.own() != nullptr &&
      NVML_TOLD(nvmlDeviceGetMemoryInfo, use.problem, device.own(), &memory)) {
    use.memory = static_cast<double>(memory.used);
  }
  if (device.divided) return use;
  NvmlUtilization utilization{};
  if (NVML_TOLD(nvmlDeviceGetUtilizationRates, use.problem, device.card, &utilization)) {
    use.utilization = utilization.gpu;
  }
  if (NVML_TOLD(nvmlDeviceGetPowerUsage, use.problem, device.card, &number)) {
    use.power = number / 1000.0;
  }
  return use;
}

#undef NVML_TOLD

std::unique_ptr<DeviceGauge> NewGauge(const std::string& id) {
  const int index = ResolveDevice(id);
  char pci[32] = "";
  CUDA_CALL(cudaDeviceGetPCIBusId, pci, sizeof pci, index);
  NvmlDevice device = FindInNvml(index, pci);
  if (device.card != nullptr) return std::make_unique<NvmlGauge>(std::move(device));
  throw Error(ErrorCode::UNSUPPORTED,
              Nvml() == nullptr
                  ? "NVML can't be used, so utilisation, power and temperature are not known."
                  : "NVML does not know the GPU at " + std::string(pci) + ".");
}

}  // namespace accelnode::cuda
