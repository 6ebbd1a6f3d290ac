// Pinned and device memory of devices that do not exist, with the rules of those that do: device
// memory can't be touched by the CPU, a device has so much of it and no more.
#pragma once

#include "../tensor.h"

namespace accelnode::null {

constexpr uint64_t kDeviceMemory = uint64_t{1} << 30;  // bytes of each device

Buffer Allocate(MemoryKind kind, size_t bytes, int device);
uint64_t FreeMemory(int device);

// Where the bytes behind an address really are, for the code that plays the device.
void* Contents(void* data, MemoryKind kind);
inline void* Contents(void* data, const Buffer* buffer) {
  return Contents(data, buffer ? buffer->kind : MemoryKind::kHost);
}

}  // namespace accelnode::null
