#include "armnn_devices.h"

#include <sstream>
#include <vector>

#include "armnn_delegate.h"
#include "opencl_probe.h"

namespace accelnode::armnn {
namespace {

constexpr const char* kGpu = "GpuAcc";
constexpr const char* kNeon = "CpuAcc";
constexpr const char* kReference = "CpuRef";

constexpr bool OnArm() {
#if defined(__aarch64__) || defined(__arm__) || defined(_M_ARM64)
  return true;
#else
  return false;
#endif
}

Device Cpu(const char* id, const char* name, bool automatic) {
  Device device;
  device.id = id;
  device.name = name;
  device.kind = "cpu";
  device.automatic = automatic;
  return device;
}

Device Gpu(const OpenclProbe& probe) {
  Device device;
  device.id = kGpu;
  device.name = probe.name;
  device.kind = "gpu";
  device.driver = probe.driver;
  return device;
}

}  // namespace

DeviceList ListDevices() {
  DeviceList devices;
  try {
    OpenDelegate();
    const OpenclProbe probe = ProbeOpencl();
    if (probe.gpu) {
      devices.present.push_back(Gpu(probe));
    } else {
      devices.absent.push_back({kGpu, probe.reason, probe.hint});
    }
    if (OnArm()) {
      devices.present.push_back(Cpu(kNeon, "Arm Compute Library's Neon kernels", true));
    } else {
      devices.absent.push_back({kNeon, "This is no Arm processor.", {}});
    }
    devices.present.push_back(Cpu(kReference, "Arm NN's reference operators", false));
  } catch (const Error& error) {
    devices.absent.push_back({kGpu, error.message, error.hint});
  }
  devices.present.push_back(Cpu(kPlainTflite, "TFLite's own kernels", false));
  return devices;
}

void RequireBackends(const std::string& device) {
  std::istringstream names(device);
  std::string name;
  bool any = false;
  while (std::getline(names, name, ',')) {
    any = true;
    if (name != kGpu && name != kNeon && name != kReference) {
      throw Error(ErrorCode::DEVICE_NOT_FOUND, "Arm NN has no backend \"" + name + "\".")
          .WithHint(
              "There are GpuAcc, CpuAcc and CpuRef, or several in order: "
              "armnn:GpuAcc,CpuAcc. armnn:tflite is TFLite without Arm NN.");
    }
    if (name == kNeon && !OnArm()) {
      throw Error(ErrorCode::DEVICE_NOT_FOUND, "CpuAcc needs an Arm processor.")
          .WithHint("armnn:CpuRef and armnn:tflite run anywhere.");
    }
    if (name != kGpu) continue;
    const OpenclProbe probe = ProbeOpencl();
    if (!probe.gpu) throw Error(ErrorCode::DEVICE_NOT_FOUND, probe.reason).WithHint(probe.hint);
  }
  if (!any) throw Error(ErrorCode::DEVICE_NOT_FOUND, "No backend of Arm NN is named.");
}

}  // namespace accelnode::armnn
