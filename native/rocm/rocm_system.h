// What Linux knows of AMD GPUs: files of /sys and /dev. The environment variable
// ACCELNODE_ROCM_ROOT puts a folder before these, for tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace accelnode::rocm {

struct Sensors {
  std::optional<uint64_t> vram_total, vram_used;  // bytes
  std::optional<double> busy;                     // percent
  std::optional<double> power;                    // watts
  std::optional<double> temperature;              // degrees Celsius
};

// The card of the GPU at this PCI address, "0000:03:00.0": its folder; empty where there is none.
std::filesystem::path CardAt(const std::string& pci);
Sensors ReadSensors(const std::filesystem::path& card);

// "gfx90a"; empty where the kernel does not say.
std::string GfxAt(const std::string& pci);

// "gfx90a" for the number that the kernel has, 90010; HSA_OVERRIDE_GFX_VERSION is "9.0.10".
std::string GfxName(int major, int minor, int stepping);
std::optional<std::string> GfxOverride();

// Why this user can't open the devices that ROCm needs; empty when that is not the reason. `remedy`
// is set with it.
std::string AccessProblem(std::string& remedy);

}  // namespace accelnode::rocm
