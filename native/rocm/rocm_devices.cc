#include "rocm_devices.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "hip_check.h"
#include "rocm_system.h"

namespace accelnode::rocm {
namespace {

int Attribute(int attribute, int device) {
  int value = 0;
  HIP_CALL(hipDeviceGetAttribute, &value, attribute, device);
  return value;
}

std::string PciAddress(int device) {
  char pci[32] = "";
  HIP_CALL(hipDeviceGetPCIBusId, pci, static_cast<int>(sizeof pci), device);
  return pci;
}

Device Reference() {
  Device device;
  device.id = kReferenceDevice;
  device.name = "MIGraphX's reference operators";
  device.kind = "cpu";
  device.arch = "ref";
  device.automatic = false;
  return device;
}

// The name of the architecture, as HIP's compiler calls it, decides which kernels run.
void DescribeArchitecture(int index, const std::string& gfx, Device& device, Value::Map& details) {
  const std::string capability = std::to_string(Attribute(kAttributeCapabilityMajor, index)) + "." +
                                 std::to_string(Attribute(kAttributeCapabilityMinor, index));
  details["computeCapability"] = capability;
  if (!gfx.empty()) details["gfx"] = gfx;
  const std::optional<std::string> instead = GfxOverride();
  device.arch = instead ? *instead : gfx.empty() ? "gfx " + capability : gfx;
}

Device Describe(int index) {
  Device device;
  device.id = std::to_string(index);
  device.kind = "gpu";
  char text[256] = "";
  HIP_CALL(hipDeviceGetName, text, static_cast<int>(sizeof text), index);
  device.name = text;
  const std::string pci = PciAddress(index);
  const Sensors facts = ReadSensors(CardAt(pci));
  Value::Map details{{"pciBusId", pci}, {"computeUnits", Attribute(kAttributeComputeUnits, index)}};
  DescribeArchitecture(index, GfxAt(pci), device, details);
  if (facts.busy) details["utilization"] = *facts.busy;
  if (facts.power) details["power"] = *facts.power;
  if (facts.temperature) details["temperature"] = *facts.temperature;
  size_t total = 0;
  HIP_CALL(hipDeviceTotalMem, &total, index);
  device.memory_total = facts.vram_total.value_or(total);
  if (facts.vram_total && facts.vram_used) {
    device.memory_free = *facts.vram_total - std::min(*facts.vram_used, *facts.vram_total);
  }
  device.details = std::move(details);
  return device;
}

// Whatever the process does on it, and whatever others do.
class GpuGauge final : public DeviceGauge {
 public:
  explicit GpuGauge(std::filesystem::path card) : card_(std::move(card)) {}

  DeviceUse Read() override {
    const Sensors sensors = ReadSensors(card_);
    DeviceUse use;
    use.utilization = sensors.busy;
    use.power = sensors.power;
    use.temperature = sensors.temperature;
    if (sensors.vram_used) use.memory = static_cast<double>(*sensors.vram_used);
    return use;
  }

 private:
  const std::filesystem::path card_;
};

// Why there is no GPU in this process; learnt when MIGraphX was opened.
std::optional<AbsentDevice>& Absence() {
  static auto& absence = *new std::optional<AbsentDevice>(
      AbsentDevice{"rocm", "MIGraphX is not open.", "Call runtime('rocm') first."});
  return absence;
}

AbsentDevice NoDevice(hipError_t status) {
  AbsentDevice absent{"rocm", "HIP finds no device: " + HipStatusText(status) + ".", {}};
  absent.hint =
      std::string(
          "`rocminfo` shows the GPUs that ROCm knows; HIP_VISIBLE_DEVICES may hide them. ") +
      kUnsupportedGpu;
  std::string remedy;
  const std::string problem = AccessProblem(remedy);
  if (!problem.empty()) {
    absent.reason += " " + problem;
    absent.hint = remedy;
  }
  return absent;
}

// Why there is none now; nothing when there is one, and how many there are.
std::optional<AbsentDevice> NoGpu(int& count) {
  if (Absence()) return Absence();
  hipError_t status = hipSuccess;
  count = CountDevices(&status);
  if (count > 0) return std::nullopt;
  return NoDevice(status);
}

}  // namespace

const char* const kUnsupportedGpu =
    "A GPU that ROCm does not support may do as its nearest relative: set "
    "HSA_OVERRIDE_GFX_VERSION, e.g. 10.3.0 for RDNA 2 or 11.0.0 for RDNA 3, and HSA_USE_SVM=0 "
    "where "
    "loading hangs or fails.";

void LearnDevices(const std::string& no_target) {
  Absence().reset();
  hipError_t status = hipSuccess;
  if (!no_target.empty()) {
    Absence() = AbsentDevice{
        "rocm", no_target,
        "MIGraphX's GPU target, libmigraphx_gpu, is in ROCm's package migraphx (Debian: "
        "migraphx-tools); it needs HIP, MIOpen, rocBLAS and hipBLASLt. The reference target, "
        "rocm:ref, is slow and for tests."};
  } else if (CountDevices(&status) == 0 && status == kNoDevice) {
    Absence() = NoDevice(status);
  }
}

DeviceList ListDevices() {
  DeviceList devices;
  int count = 0;
  if (std::optional<AbsentDevice> absent = NoGpu(count)) {
    devices.absent.push_back(*std::move(absent));
  }
  for (int i = 0; i < count; ++i) {
    // One that is broken must not hide the others.
    try {
      devices.present.push_back(Describe(i));
    } catch (const Error& error) {
      devices.absent.push_back({std::to_string(i), error.message, error.hint});
    }
  }
  devices.present.push_back(Reference());
  return devices;
}

int ResolveDevice(const std::string& id) {
  int count = 0;
  if (const std::optional<AbsentDevice> absent = NoGpu(count)) {
    throw Error(ErrorCode::DEVICE_NOT_FOUND, absent->reason).WithHint(absent->hint);
  }
  int device = -1;
  const char* end = id.data() + id.size();
  const auto parsed = std::from_chars(id.data(), end, device);
  if (parsed.ec != std::errc() || parsed.ptr != end || device < 0 || device >= count) {
    throw Error(ErrorCode::DEVICE_NOT_FOUND, "There is no ROCm device \"" + id + "\".")
        .WithHint(count == 1 ? "There is rocm:0."
                             : "There are rocm:0 to rocm:" + std::to_string(count - 1) + ".");
  }
  return device;
}

std::unique_ptr<DeviceGauge> NewGauge(const std::string& id) {
  if (id == kReferenceDevice) return nullptr;
  std::filesystem::path card = CardAt(PciAddress(ResolveDevice(id)));
  if (card.empty()) return nullptr;
  return std::make_unique<GpuGauge>(std::move(card));
}

}  // namespace accelnode::rocm
