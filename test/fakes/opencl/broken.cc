// Two kinds of OpenCL that Arm NN's GpuAcc can't work with. With HAS_GPU, the one GPU is there when it
// is asked for, and says nothing of itself beyond its name: what makes Arm's Compute Library throw,
// through the C functions of TFLite. Without, there is a platform and no GPU: what Arm's Compute
// Library does not survive.
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

constexpr int32_t kSuccess = 0, kInvalidValue = -30;
[[maybe_unused]] constexpr int32_t kDeviceNotFound = -1;
constexpr uint32_t kPlatformName = 0x0902, kDeviceName = 0x102B, kDriverVersion = 0x102D;

int g_platform;
[[maybe_unused]] int g_device;

int32_t Tell(const char* text, size_t room, void* to, size_t* size) {
  const size_t bytes = std::strlen(text) + 1;
  if (size != nullptr) *size = bytes;
  if (to == nullptr) return kSuccess;
  if (room < bytes) return kInvalidValue;
  std::memcpy(to, text, bytes);
  return kSuccess;
}

int32_t TellOne(void* object, uint32_t room, void** to, uint32_t* count) {
  if (count != nullptr) *count = 1;
  if (to != nullptr && room == 0) return kInvalidValue;
  if (to != nullptr) *to = object;
  return kSuccess;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int32_t clGetPlatformIDs(uint32_t room, void** platforms, uint32_t* count) {
  return TellOne(&g_platform, room, platforms, count);
}

EXPORT int32_t clGetPlatformInfo(void* platform, uint32_t what, size_t room, void* to,
                                 size_t* size) {
  if (platform != &g_platform || what != kPlatformName) return kInvalidValue;
  return Tell("a broken platform", room, to, size);
}

EXPORT int32_t clGetDeviceIDs(void*, uint64_t, uint32_t room, void** devices, uint32_t* count) {
#ifdef HAS_GPU
  return TellOne(&g_device, room, devices, count);
#else
  static_cast<void>(room), static_cast<void>(devices);
  if (count != nullptr) *count = 0;
  return kDeviceNotFound;
#endif
}

EXPORT int32_t clGetDeviceInfo(void* device, uint32_t what, size_t room, void* to, size_t* size) {
  if (device != &g_device) return kInvalidValue;
  if (what == kDeviceName) return Tell("Mali-G610", room, to, size);
  if (what == kDriverVersion) return Tell("1.0", room, to, size);
  return kInvalidValue;
}
