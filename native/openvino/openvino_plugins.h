// Which devices this OpenVINO can drive. Each kind of device is a plugin, a library of its own that
// OpenVINO opens when the device is first named.
#pragma once

#include <string>

#include "openvino_library.h"

namespace accelnode::openvino {

// OpenVINO knows its plugins by their bare names. One that is missing beside it, it then opens FROM
// THE CURRENT DIRECTORY: whoever can write there could run code in this process. It also does so
// unasked: loading any model opens the auto_batch plugin, and AUTO opens those of all devices (seen
// in 2024.6 to 2026.4). So the core is told where each plugin lies, or would lie; and no device is
// named to it before its plugin's file was seen.

// The core, with the paths of all plugins.
CoreHandle MakeCore();

DeviceList ListDevices(const ov_core* core);

// The device string for OpenVINO, with device lists filled in where it would enumerate devices by
// itself ("AUTO" → "AUTO:GPU,CPU"). Throws DEVICE_NOT_FOUND for a device that is not there, and
// RUNTIME_INCOMPATIBLE when the plugin's file is missing.
std::string ResolveDevice(const ov_core* core, const std::string& device);

// A property of a device, empty when the plugin does not know it.
std::string DeviceProperty(const ov_core* core, const std::string& device, const char* key);

}  // namespace accelnode::openvino
