#include "armnn_devices.h"

#include <sstream>
#include <vector>

#include "armnn_delegate.h"
#include "armnn_system.h"
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
  device.details = Value::Map{{"armnn", ArmnnLibrary()}, {"delegate", DelegateLibrary()}};
  return device;
}

}  // namespace

DeviceList ListDevices() {
  DeviceList devices;
  try {
    OpenDelegate();
    const OpenclProbe opencl = ProbeOpencl();
    devices.checks = CheckSystem(opencl);
    if (opencl.gpu) {
      devices.present.push_back(Gpu(opencl));
    } else {
      devices.absent.push_back(WithoutGpu(opencl));
    }
    if (OnArm()) {
      devices.present.push_back(Cpu(kNeon, "Arm Compute Library's Neon kernels", true));
    } else {
      devices.absent.push_back({kNeon, "This is no Arm processor.", {}});
    }
    devices.present.push_back(Cpu(kReference, "Arm NN's reference operators", false));
  } catch (const Error& error) {
    devices.absent.push_back({kGpu, error.message, error.hint});
    if (OnArm()) devices.checks = CheckSystem(ProbeOpencl());
  }
  devices.present.push_back(Cpu(kPlainTflite, "TFLite's own kernels", false));
  return devices;
}

void RequireBackends(const std::string& device, const std::string& dynamic_backends) {
  const OpenclProbe opencl = ProbeOpencl();
  // With a comma at its end, so that an empty name there is one too.
  std::istringstream names(device + ",");
  for (std::string name; std::getline(names, name, ',');) {
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
    if (name != kGpu || opencl.gpu) continue;
    const AbsentDevice absent = WithoutGpu(opencl);
    throw Error(ErrorCode::DEVICE_NOT_FOUND, absent.reason).WithHint(absent.hint);
  }
  // Without a platform, Arm NN finds out by itself that there is no GPU.
  if (opencl.platform.empty() || opencl.gpu) return;
  if (!HasGpuBackend(ArmnnLibrary(), dynamic_backends)) return;
  throw Error(ErrorCode::DEVICE_NOT_FOUND,
              "Arm NN would end the process: it has its GpuAcc backend, which starts with any of "
              "its backends, and OpenCL's first platform, " +
                  opencl.platform + ", has no GPU.")
      .WithHint(WithoutGpu(opencl).hint);
}

bool UsesComputeLibrary(const std::string& device) {
  return device.find(kGpu) != device.npos || device.find(kNeon) != device.npos;
}

bool UsesGpu(const std::string& device) { return device.find(kGpu) != device.npos; }

}  // namespace accelnode::armnn
