// The devices as HIP and the kernel describe them.
#pragma once

#include <string>

#include "../backend.h"

namespace accelnode::rocm {

// MIGraphX's reference target, which computes on the CPU: only when it is named.
constexpr const char* kReferenceDevice = "ref";

DeviceList ListDevices();

// The number of an usable GPU, as "0". Throws DEVICE_NOT_FOUND with the reason when there is none,
// or none of that name.
int ResolveDevice(const std::string& id);

}  // namespace accelnode::rocm
