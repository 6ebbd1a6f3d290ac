#include "rocm_devices.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "hip_check.h"
#include "migraphx_library.h"
#include "rocm_system.h"

namespace accelnode::rocm {
namespace {

int Attribute(int attribute, int device) {
  int value = 0;
  HIP_CALL(hipDeviceGetAttribute, &value, attribute, device);
  return value;
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
void DescribeArchitecture(int index, const SystemFacts& facts, Device& device,
                          Value::Map& details) {
  const std::string capability = std::to_string(Attribute(kAttributeCapabilityMajor, index)) + "." +
                                 std::to_string(Attribute(kAttributeCapabilityMinor, index));
  details["computeCapability"] = capability;
  if (!facts.gfx.empty()) details["gfx"] = facts.gfx;
  const std::optional<std::string> instead = GfxOverride();
  device.arch = instead ? *instead : facts.gfx.empty() ? "gfx " + capability : facts.gfx;
}

Device Describe(int index) {
  Device device;
  device.id = std::to_string(index);
  device.kind = "gpu";
  char text[256] = "";
  HIP_CALL(hipDeviceGetName, text, static_cast<int>(sizeof text), index);
  device.name = text;
  char pci[32] = "";
  HIP_CALL(hipDeviceGetPCIBusId, pci, static_cast<int>(sizeof pci), index);
  const SystemFacts facts = FactsOf(pci);
  Value::Map details{{"pciBusId", pci}, {"computeUnits", Attribute(kAttributeComputeUnits, index)}};
  DescribeArchitecture(index, facts, device, details);
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

std::string NoDeviceHint() {
  return "`rocminfo` shows the GPUs that ROCm knows. One that it does not support may do as its "
         "nearest "
         "relative: set HSA_OVERRIDE_GFX_VERSION, e.g. 10.3.0 for RDNA 2 or 11.0.0 for RDNA 3, and "
         "HSA_USE_SVM=0 where loading hangs or fails. HIP_VISIBLE_DEVICES may hide them.";
}

// Why there is no GPU at all; nothing when there is one.
std::optional<AbsentDevice> NoGpu() {
  AbsentDevice absent{"rocm", NoGpuTarget(), {}};
  if (!absent.reason.empty()) {
    absent.hint =
        "MIGraphX's GPU target is in ROCm's package migraphx (Debian: libmigraphx-gpu), and HIP's "
        "runtime "
        "in hip-runtime-amd (Debian: libamdhip64). The reference target, rocm:ref, is slow and for "
        "tests.";
    return absent;
  }
  hipError_t status = hipSuccess;
  if (CountDevices(&status) > 0) return std::nullopt;
  absent.reason = "HIP finds no device: " + HipStatusText(status) + ".";
  absent.hint = NoDeviceHint();
  std::string remedy;
  const std::string problem = AccessProblem(remedy);
  if (!problem.empty()) {
    absent.reason += " " + problem;
    absent.hint = remedy;
  }
  return absent;
}

}  // namespace

DeviceList ListDevices() {
  DeviceList devices;
  if (std::optional<AbsentDevice> absent = NoGpu()) {
    devices.absent.push_back(*std::move(absent));
  } else {
    hipError_t status = hipSuccess;
    const int count = CountDevices(&status);
    for (int i = 0; i < count; ++i) {
      // One that is broken must not hide the others.
      try {
        devices.present.push_back(Describe(i));
      } catch (const Error& error) {
        devices.absent.push_back({std::to_string(i), error.message, error.hint});
      }
    }
  }
  devices.present.push_back(Reference());
  return devices;
}

int ResolveDevice(const std::string& id) {
  if (const std::optional<AbsentDevice> absent = NoGpu()) {
    throw Error(ErrorCode::DEVICE_NOT_FOUND, absent->reason).WithHint(absent->hint);
  }
  hipError_t status = hipSuccess;
  const int count = CountDevices(&status);
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

}  // namespace accelnode::rocm
