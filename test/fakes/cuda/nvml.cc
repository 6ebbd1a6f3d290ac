// libnvidia-ml as far as anybody calls it.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "control.h"
#include "device.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

using fake::Block;

namespace {

constexpr int kUninitialized = 1, kInvalidArgument = 2, kNotSupported = 3, kNotFound = 6,
              kTooSmall = 7;
bool g_ready = false;

struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};

int Begin() {
  if (Block().nvml_status != 0) return static_cast<int>(Block().nvml_status);
  return g_ready ? 0 : kUninitialized;
}

// Handles are 1-based numbers of the machine's devices, those included that CUDA does not show.
unsigned Count() { return static_cast<unsigned>(fake::DeviceCount() + Block().hidden); }
void* HandleOf(unsigned index) {
  return reinterpret_cast<void*>(static_cast<uintptr_t>(index) + 1);
}
// Those of instances begin after them.
constexpr unsigned kInstances = 100;
constexpr unsigned long long kCardMemory = 1ULL << 40;
bool IsInstance(void* device) { return reinterpret_cast<uintptr_t>(device) > kInstances; }
bool IsDivided(void* device) { return Block().mig != 0 && !IsInstance(device); }
unsigned IndexOf(void* device) {
  return static_cast<unsigned>((reinterpret_cast<uintptr_t>(device) - 1) % kInstances);
}

int Check(void* device) {
  if (const int status = Begin()) return status;
  return device != nullptr && IndexOf(device) < Count() ? 0 : kInvalidArgument;
}

int Give(const std::string& text, char* to, unsigned size) {
  if (text.size() >= size) return kTooSmall;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return 0;
}

}  // namespace

EXPORT int nvmlInit_v2() {
  if (Block().nvml_status != 0) return static_cast<int>(Block().nvml_status);
  g_ready = true;
  return 0;
}

EXPORT int nvmlShutdown() {
  const int status = Begin();
  g_ready = false;
  return status;
}

EXPORT const char* nvmlErrorString(int status) {
  switch (status) {
    case 0:
      return "Success";
    case 9:
      return "Driver Not Loaded";
    default:
      return "Unknown Error";
  }
}

EXPORT int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  if (const int status = Begin()) return status;
  return Give("580.65.06", text, size);
}

EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  if (const int status = Begin()) return status;
  *count = Count();
  return 0;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (const int status = Begin()) return status;
  if (index >= Count()) return kInvalidArgument;
  *device = HandleOf(index);
  return 0;
}

EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  if (const int status = Begin()) return status;
  unsigned domain = 0, bus = 0;
  if (std::sscanf(id, "%x:%x:", &domain, &bus) != 2 || bus == 0 || bus > Count()) return kNotFound;
  *device = HandleOf(bus - 1);
  return 0;
}

EXPORT int nvmlDeviceGetMigMode(void* device, unsigned* now, unsigned* later) {
  if (const int status = Check(device)) return status;
  if (IsInstance(device)) return kInvalidArgument;
  *now = *later = Block().mig != 0;
  return 0;
}

EXPORT int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  if (const int status = Begin()) return status;
  unsigned number = 0;
  const bool read = std::sscanf(uuid, "MIG-00000000-0000-4000-8000-%12x", &number) == 1;
  if (Block().mig != 1 || !read || number >= Count()) return kNotFound;
  *device = HandleOf(number + kInstances);
  return 0;
}

EXPORT int nvmlDeviceGetName(void* device, char* text, unsigned size) {
  if (const int status = Check(device)) return status;
  return Give("NVIDIA Double " + std::to_string(IndexOf(device)) +
                  (IsInstance(device) ? " MIG 1g.5gb" : ""),
              text, size);
}

EXPORT int nvmlDeviceGetUUID(void* device, char* text, unsigned size) {
  if (const int status = Check(device)) return status;
  return Give((IsInstance(device) ? "MIG-" : "GPU-") +
                  std::string("00000000-0000-4000-8000-00000000000") +
                  std::to_string(IndexOf(device)),
              text, size);
}

EXPORT int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  if (const int status = Check(device)) return status;
  const int index = static_cast<int>(IndexOf(device)) - static_cast<int>(Block().hidden);
  if (IsDivided(device)) {
    *memory = {kCardMemory, kCardMemory, 0};
    return 0;
  }
  memory->total = fake::DeviceMemoryTotal();
  memory->free = fake::DeviceMemoryFree(index);
  memory->used = memory->total - memory->free;
  return 0;
}

EXPORT int nvmlDeviceGetUtilizationRates(void* device, Utilization* utilization) {
  if (const int status = Check(device)) return status;
  if (IsInstance(device) || IsDivided(device)) return kNotSupported;
  *utilization = {37, 12};
  return 0;
}

EXPORT int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  if (const int status = Check(device)) return status;
  if (IsInstance(device)) return kNotSupported;
  *milliwatts = 123500;
  return 0;
}

EXPORT int nvmlDeviceGetTemperature(void* device, int sensor, unsigned* celsius) {
  if (const int status = Check(device)) return status;
  if (sensor != 0) return kInvalidArgument;
  *celsius = 54;
  return 0;
}
