// What NVML tells of a device at the moment. It numbers devices in its own way, so the PCI address
// tells which one is meant; of an instance of a divided card (MIG), its UUID.
#pragma once

#include <memory>
#include <string>

#include "../device_gauge.h"
#include "cuda_abi.h"

namespace accelnode::cuda {

// CUDA's device as NVML knows it.
struct NvmlDevice {
  nvmlDevice_t card = nullptr;      // null: NVML is not there, or does not know it
  bool divided = false;             // the device is an instance of the card, and
  std::string uuid;                 // this one, "MIG-…"; empty when the driver does not tell
  nvmlDevice_t instance = nullptr;  // null when NVML does not know it

  // What the device's own figures are asked of; null when there is nothing to ask.
  nvmlDevice_t own() const { return divided ? instance : card; }
};

NvmlDevice FindInNvml(int device, const char* pci);

// What is not known of an instance is not told, as that of the card would be that of its other
// users too; but there is only one temperature.
DeviceUse ReadUse(const NvmlDevice& device);

// Throws when NVML can't be asked of the device, with the reason.
std::unique_ptr<DeviceGauge> NewGauge(const std::string& id);

}  // namespace accelnode::cuda
