// The devices as HIP and the kernel describe them.
#pragma once

#include <string>

#include "../backend.h"

namespace accelnode::rocm {

// MIGraphX's reference target, which computes on the CPU: only when it is named.
constexpr const char* kReferenceDevice = "ref";

// Once, when MIGraphX is opened; `no_target`: why it has no GPU target, empty when it has one.
// Where there is no device, HIP is not asked again: without one, HIP that was called on the main
// thread after another crashes as the process ends.
void LearnDevices(const std::string& no_target);

DeviceList ListDevices();

// What may help where ROCm does not support a GPU.
extern const char* const kUnsupportedGpu;

// The number of an usable GPU, as "0". Throws DEVICE_NOT_FOUND with the reason when there is none,
// or none of that name.
int ResolveDevice(const std::string& id);

// Null where the kernel knows nothing of the device.
std::unique_ptr<DeviceGauge> NewGauge(const std::string& id);

}  // namespace accelnode::rocm
