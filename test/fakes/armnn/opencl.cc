// A libOpenCL that tells what the environment says, for what accelnode asks before it starts Arm
// NN: FAKE_OPENCL is "none" (no platform), "cpu" (a platform without a GPU), "cpu+gpu" (that one
// first, then one with a GPU) or "gpu"; FAKE_OPENCL_DRIVER is the GPU's driver's version. It checks
// what it is asked by the rules of OpenCL 1.2's reference: arguments that may not be null, sizes,
// numbers of entries.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#define API extern "C" __attribute__((visibility("default")))

namespace {

constexpr int32_t kSuccess = 0, kDeviceNotFound = -1, kInvalidValue = -30, kInvalidPlatform = -32,
                  kInvalidDevice = -33, kPlatformNotFoundKhr = -1001;
constexpr uint64_t kDefault = 1, kCpu = 2, kGpu = 4, kAccelerator = 8, kAll = 0xFFFFFFFF;

struct Platform {
  const char* name;
  uint64_t devices;
};
struct Device {
  const char* name;
  const char* driver;
};

Platform g_plain{"Portable Computing Language", kCpu};
Platform g_mali{"ARM Platform", kGpu};
Device g_processor{"cpu-cortex-a76", "6.0"};
Device g_gpu{"Mali-G610", "3.0"};

std::string Kind() {
  const char* kind = std::getenv("FAKE_OPENCL");
  return kind ? kind : "none";
}

int32_t Text(const char* text, size_t size, void* value, size_t* needed) {
  const size_t bytes = std::strlen(text) + 1;
  if (value != nullptr && size < bytes) return kInvalidValue;
  if (value != nullptr) std::memcpy(value, text, bytes);
  if (needed != nullptr) *needed = bytes;
  return kSuccess;
}

}  // namespace

API int32_t clGetPlatformIDs(uint32_t entries, Platform** platforms, uint32_t* count) {
  if ((entries == 0 && platforms != nullptr) || (platforms == nullptr && count == nullptr)) {
    return kInvalidValue;
  }
  const std::string kind = Kind();
  Platform* all[2] = {kind == "gpu" ? &g_mali : &g_plain, &g_mali};
  const uint32_t present = kind == "none" ? 0 : kind == "cpu+gpu" ? 2 : 1;
  if (count != nullptr) *count = present;
  if (present == 0) return kPlatformNotFoundKhr;
  for (uint32_t i = 0; platforms != nullptr && i < entries && i < present; ++i) {
    platforms[i] = all[i];
  }
  return kSuccess;
}

API int32_t clGetPlatformInfo(Platform* platform, uint32_t what, size_t size, void* value,
                              size_t* needed) {
  if (platform != &g_plain && platform != &g_mali) return kInvalidPlatform;
  if (what != 0x0902) return kInvalidValue;
  return Text(platform->name, size, value, needed);
}

API int32_t clGetDeviceIDs(Platform* platform, uint64_t type, uint32_t entries, Device** devices,
                           uint32_t* count) {
  if (platform != &g_plain && platform != &g_mali) return kInvalidPlatform;
  if ((entries == 0 && devices != nullptr) || (devices == nullptr && count == nullptr)) {
    return kInvalidValue;
  }
  if (type != kAll && (type & ~(kDefault | kCpu | kGpu | kAccelerator)) != 0) return -31;
  const bool there = (type & (kDefault | platform->devices)) != 0;
  if (count != nullptr) *count = there ? 1 : 0;
  if (!there) return kDeviceNotFound;
  if (devices != nullptr) *devices = platform == &g_mali ? &g_gpu : &g_processor;
  return kSuccess;
}

API int32_t clGetDeviceInfo(Device* device, uint32_t what, size_t size, void* value,
                            size_t* needed) {
  if (device != &g_gpu && device != &g_processor) return kInvalidDevice;
  if (what == 0x102B) return Text(device->name, size, value, needed);
  const char* driver = std::getenv("FAKE_OPENCL_DRIVER");
  if (what == 0x102D) return Text(driver ? driver : device->driver, size, value, needed);
  return kInvalidValue;
}
