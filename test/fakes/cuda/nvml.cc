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

struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};

// Of each process: another one may share the block.
int g_inits = 0;

// Before anything that `function` does.
int Begin(const char* function) {
  if (Block().nvml_status != 0) return static_cast<int>(Block().nvml_status);
  const fake::Lock lock(fake::Mutex());
  if (g_inits == 0) {
    fake::Violation(std::string(function) + " without nvmlInit_v2");
    return kUninitialized;
  }
  return std::strcmp(Block().nvml_call, function) == 0 ? static_cast<int>(Block().nvml_answer) : 0;
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

// And with a place for the answer, as each of these has.
int Check(const char* function, void* device, const void* answer) {
  if (const int status = Begin(function)) return status;
  if (device != nullptr && IndexOf(device) < Count() && answer != nullptr) return 0;
  fake::Violation(std::string(function) +
                  (answer == nullptr ? " has nowhere to answer to" : " of a handle that is none"));
  return kInvalidArgument;
}

bool IsIdle() { return Block().nvml_readings <= Block().nvml_idle && Block().nvml_idle > 0; }

int Give(const std::string& text, char* to, unsigned size) {
  if (text.size() >= size) return kTooSmall;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return 0;
}

}  // namespace

EXPORT int nvmlInit_v2() {
  if (Block().nvml_status != 0) return static_cast<int>(Block().nvml_status);
  const fake::Lock lock(fake::Mutex());
  ++g_inits;
  fake::Add(Block().nvml_inits);
  return 0;
}

EXPORT int nvmlShutdown() {
  if (const int status = Begin("nvmlShutdown")) return status;
  const fake::Lock lock(fake::Mutex());
  --g_inits;
  fake::Add(Block().nvml_inits, -1);
  return 0;
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
  if (const int status = Begin("nvmlSystemGetDriverVersion")) return status;
  return Give("580.65.06", text, size);
}

EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  if (const int status = Begin("nvmlDeviceGetCount_v2")) return status;
  *count = Count();
  return 0;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (const int status = Begin("nvmlDeviceGetHandleByIndex_v2")) return status;
  if (index >= Count()) return kInvalidArgument;
  *device = HandleOf(index);
  return 0;
}

EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** device) {
  if (const int status = Begin("nvmlDeviceGetHandleByPciBusId_v2")) return status;
  unsigned domain = 0, bus = 0;
  if (std::sscanf(id, "%x:%x:", &domain, &bus) != 2 || bus == 0 || bus > Count()) return kNotFound;
  *device = HandleOf(bus - 1);
  return 0;
}

EXPORT int nvmlDeviceGetMigMode(void* device, unsigned* now, unsigned* later) {
  if (const int status = Check("nvmlDeviceGetMigMode", device, now)) return status;
  if (IsInstance(device)) return kInvalidArgument;
  *now = *later = Block().mig != 0;
  return 0;
}

EXPORT int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  if (const int status = Begin("nvmlDeviceGetHandleByUUID")) return status;
  unsigned number = 0;
  const bool read = std::sscanf(uuid, "MIG-00000000-0000-4000-8000-%12x", &number) == 1;
  if (Block().mig != 1 || !read || number >= Count()) return kNotFound;
  *device = HandleOf(number + kInstances);
  return 0;
}

EXPORT int nvmlDeviceGetName(void* device, char* text, unsigned size) {
  if (const int status = Check("nvmlDeviceGetName", device, text)) return status;
  return Give("NVIDIA Double " + std::to_string(IndexOf(device)) +
                  (IsInstance(device) ? " MIG 1g.5gb" : ""),
              text, size);
}

EXPORT int nvmlDeviceGetUUID(void* device, char* text, unsigned size) {
  if (const int status = Check("nvmlDeviceGetUUID", device, text)) return status;
  return Give((IsInstance(device) ? "MIG-" : "GPU-") +
                  std::string("00000000-0000-4000-8000-00000000000") +
                  std::to_string(IndexOf(device)),
              text, size);
}

EXPORT int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  if (const int status = Check("nvmlDeviceGetMemoryInfo", device, memory)) return status;
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
  if (const int status = Check("nvmlDeviceGetUtilizationRates", device, utilization)) return status;
  if (IsInstance(device) || IsDivided(device)) return kNotSupported;
  fake::Add(Block().nvml_readings);
  if (IsIdle()) {
    *utilization = {0, 0};
  } else {
    *utilization = {37, 12};
  }
  return 0;
}

EXPORT int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  if (const int status = Check("nvmlDeviceGetPowerUsage", device, milliwatts)) return status;
  if (IsInstance(device)) return kNotSupported;
  *milliwatts = IsIdle() ? 20000 : 123500;
  return 0;
}

EXPORT int nvmlDeviceGetTemperature(void* device, int sensor, unsigned* celsius) {
  if (const int status = Check("nvmlDeviceGetTemperature", device, celsius)) return status;
  if (sensor != 0) {
    fake::Violation("nvmlDeviceGetTemperature of a sensor that is none");
    return kInvalidArgument;
  }
  *celsius = 54;
  return 0;
}
