// The one NPU of a board.
#pragma once

#include <string>

#include "../backend.h"
#include "rknn_system.h"

namespace accelnode::rknn {

DeviceList ListDevices();

// The board, for a load on this device. Where its chip can't be told, `cores` is 0, and librknnrt
// has to say whether there is an NPU. Throws DEVICE_NOT_FOUND for a device that can't be, and
// UNSUPPORTED for a chip that accelnode does not know.
Board RequireDevice(const std::string& id);

// "RK3588"
std::string SocName(const Board& board);

}  // namespace accelnode::rknn
