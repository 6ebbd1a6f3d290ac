#include "cuda_devices.h"

#include <utility>

#include "cuda_check.h"
#include "cuda_gauge.h"
#include "cuda_library.h"

namespace accelnode::cuda {
namespace {

constexpr int kCapabilityTold = 52;  // below it, users are told that nothing is promised

int Attribute(int attribute, int device) {
  int value = 0;
  CUDA_CALL(cudaDeviceGetAttribute, &value, attribute, device);
  return value;
}

std::string CapabilityText(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

// The driver's own library is there when cudart has found a device.
const DriverFunctions& Driver() {
  static const DriverFunctions& driver = *[] {
    auto* functions = new DriverFunctions;
    std::string error;
    const Library library = Library::Open("libcuda.so.1", &error);
    if (!library) return functions;
#define X(result, name, parameters) \
  functions->name = reinterpret_cast<result(*) parameters>(library.Symbol(#name));
    ACCELNODE_CUDA_DRIVER_FUNCTIONS(X)
#undef X
    return functions;
  }();
  return driver;
}

bool GetHandle(int device, int* handle) {
  return Driver().cuDeviceGet != nullptr && Driver().cuDeviceGet(handle, device) == 0;
}

std::string NameFromDriver(int device) {
  int handle = 0;
  char name[256] = "";
  const bool told = Driver().cuDeviceGetName != nullptr && GetHandle(device, &handle) &&
                    Driver().cuDeviceGetName(name, sizeof name, handle) == 0;
  return told && name[0] != '\0' ? name : "NVIDIA GPU";
}

// What belongs to the device alone, be it a card or an instance of one.
void AskForIdentity(nvmlDevice_t handle, Device& device) {
  const NvmlFunctions& nvml = *Nvml();
  char text[96] = "";
  if (nvml.nvmlDeviceGetName(handle, text, sizeof text) == kNvmlSuccess) device.name = text;
  if (nvml.nvmlDeviceGetUUID(handle, text, sizeof text) == kNvmlSuccess) device.uuid = text;
  NvmlMemory memory{};
  if (nvml.nvmlDeviceGetMemoryInfo != nullptr &&
      nvml.nvmlDeviceGetMemoryInfo(handle, &memory) == kNvmlSuccess) {
    device.memory_total = memory.total;
    device.memory_free = memory.free;
  }
}

// What NVML adds.
void AskNvml(int index, const char* pci, Device& device, Value::Map& details) {
  const NvmlDevice found = FindInNvml(index, pci);
  if (found.card == nullptr) return;
  char text[96] = "";
  if (Nvml()->nvmlSystemGetDriverVersion(text, sizeof text) == kNvmlSuccess) device.driver = text;
  if (found.divided) {
    details["mig"] = true;
    device.uuid = found.uuid;
  }
  if (found.own() != nullptr) AskForIdentity(found.own(), device);
  const DeviceUse use = ReadUse(found);
  if (use.temperature) details["temperature"] = *use.temperature;
  if (use.utilization) details["utilization"] = *use.utilization;
  if (use.power) details["power"] = *use.power;
}

Device Describe(int index) {
  Device device;
  device.id = std::to_string(index);
  device.kind = "gpu";
  const int capability = ComputeCapability(index);
  device.arch = "sm_" + std::to_string(capability);
  char pci[32] = "";
  CUDA_CALL(cudaDeviceGetPCIBusId, pci, sizeof pci, index);
  Value::Map details{
      {"computeCapability", CapabilityText(capability)},
      {"pciBusId", pci},
      {"integrated", Attribute(kAttributeIntegrated, index) != 0},
      {"multiprocessors", Attribute(kAttributeMultiprocessors, index)},
  };
  AskNvml(index, pci, device, details);
  if (device.name.empty()) device.name = NameFromDriver(index);
  if (device.driver.empty()) {
    if (const int version = DriverCudaVersion()) device.driver = CudaVersionText(version);
  }
  // CUDA's own figure makes a context on the device, which takes memory itself: only for want of
  // NVML's.
  if (device.memory_total == 0) {
    size_t free = 0, total = 0;
    UseDevice(index);
    CUDA_CALL(cudaMemGetInfo, &free, &total);
    device.memory_total = total;
    device.memory_free = free;
  }
  if (capability < kCapabilityTold) {
    details["warning"] = "Compute capability " + CapabilityText(capability) +
                         " is below 5.2, the least that accelnode is made for.";
  }
  device.details = std::move(details);
  return device;
}

}  // namespace

std::string UuidOfInstance(int device) {
  int handle = 0;
  CudaUuid uuid{};
  const bool told = Driver().cuDeviceGetUuid_v2 != nullptr && GetHandle(device, &handle) &&
                    Driver().cuDeviceGetUuid_v2(&uuid, handle) == 0;
  if (!told) return {};
  std::string text = "MIG-";
  for (size_t i = 0; i < sizeof uuid.bytes; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[uuid.bytes[i] >> 4];
    text += kDigits[uuid.bytes[i] & 15];
  }
  return text;
}

int ComputeCapability(int device) {
  return Attribute(kAttributeCapabilityMajor, device) * 10 +
         Attribute(kAttributeCapabilityMinor, device);
}

std::string BelowFloor(int capability) {
  const int floor = AtLeast(10, 5) ? 75 : 70;
  if (capability >= floor) return {};
  return "TensorRT " + std::to_string(g_major) + " needs compute capability " +
         CapabilityText(floor) + " or more, and the device has " + CapabilityText(capability) + ".";
}

DeviceList ListDevices() {
  DeviceList devices;
  cudaError_t status = cudaSuccess;
  const int count = CountDevices(&status);
  if (count == 0) {
    devices.absent.push_back(
        {"cuda", "CUDA finds no device: " + StatusText(status) + ".", NoDeviceHint(status)});
  }
  for (int i = 0; i < count; ++i) {
    // One that is broken must not hide the others.
    try {
      const std::string refusal = BelowFloor(ComputeCapability(i));
      if (refusal.empty()) {
        devices.present.push_back(Describe(i));
      } else {
        devices.absent.push_back({std::to_string(i), refusal, "An older TensorRT may do."});
      }
    } catch (const Error& error) {
      devices.absent.push_back({std::to_string(i), error.message, error.hint});
    }
  }
  return devices;
}

}  // namespace accelnode::cuda
