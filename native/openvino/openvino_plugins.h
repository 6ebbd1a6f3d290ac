// Which devices this OpenVINO can drive. Each kind of device is a plugin, a library of its own that
// OpenVINO opens when the device is first named.
#pragma once

#include <string>

#include "openvino_library.h"

namespace accelnode::openvino {

// OpenVINO opens a plugin that is missing beside it BY ITS BARE NAME, and the loader then finds it
// in the current directory: whoever can write there could run code in this process. So no device is
// named to OpenVINO before these have seen the plugin's file.

DeviceList ListDevices(const ov_core* core);

// The device string for OpenVINO, with device lists filled in where it would enumerate devices by
// itself ("AUTO" → "AUTO:GPU,CPU"). Throws DEVICE_NOT_FOUND for a device that is not there, and
// RUNTIME_INCOMPATIBLE when the plugin's file is missing.
std::string ResolveDevice(const ov_core* core, const std::string& device);

// A property of a device, empty when the plugin does not know it.
std::string DeviceProperty(const ov_core* core, const std::string& device, const char* key);

}  // namespace accelnode::openvino
