// libcuda as far as anybody calls it, besides cudart.
#include <cstdio>

#include "control.h"
#include "device.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kInvalidDevice = 101;

bool IsDevice(int device) { return device >= 0 && device < fake::DeviceCount(); }
int NumberOf(int device) { return device + static_cast<int>(fake::Block().hidden); }

}  // namespace

EXPORT int cuDeviceGet(int* handle, int device) {
  *handle = device;
  return IsDevice(device) ? 0 : kInvalidDevice;
}

EXPORT int cuDeviceGetName(char* text, int size, int device) {
  if (!IsDevice(device)) return kInvalidDevice;
  std::snprintf(text, static_cast<size_t>(size), "NVIDIA Double %d", NumberOf(device));
  return 0;
}

// The second version gives that of the instance, where the card is divided.
EXPORT int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
  if (!IsDevice(device)) return kInvalidDevice;
  const unsigned char bytes[16] = {0, 0, 0, 0, 0, 0, 0x40, 0, 0x80};
  for (int i = 0; i < 16; ++i) uuid[i] = bytes[i];
  uuid[15] = static_cast<unsigned char>(NumberOf(device));
  return 0;
}
