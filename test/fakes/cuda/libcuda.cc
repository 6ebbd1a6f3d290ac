// A driver for the real libcudart: it is there, and has no device. ACCELNODE_FAKE_DRIVER is the
// CUDA version that it says it supports, as 13000.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {
constexpr int kNoDevice = 100;
int NoDevice() { return kNoDevice; }
}  // namespace

EXPORT int cuInit(unsigned) { return kNoDevice; }

EXPORT int cuDriverGetVersion(int* version) {
  const char* const told = std::getenv("ACCELNODE_FAKE_DRIVER");
  *version = told == nullptr ? 13010 : std::atoi(told);
  return 0;
}

// libcudart asks here for all that it may call later; nothing of it works without a device.
EXPORT int cuGetProcAddress_v2(const char* name, void** function, int, uint64_t, int* status) {
  const auto is = [name](const char* other) { return std::strcmp(name, other) == 0; };
  *function = reinterpret_cast<void*>(&NoDevice);
  if (is("cuDriverGetVersion")) *function = reinterpret_cast<void*>(&cuDriverGetVersion);
  if (is("cuGetProcAddress")) *function = reinterpret_cast<void*>(&cuGetProcAddress_v2);
  if (status != nullptr) *status = 0;
  return 0;
}

EXPORT int cuGetProcAddress(const char* name, void** function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
