#include "rocm_system.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>
#include <vector>

#include "../system_files.h"

namespace accelnode::rocm {
namespace {

namespace fs = std::filesystem;

fs::path Place(const char* path) { return SystemFiles("ACCELNODE_ROCM_ROOT").Place(path); }

std::optional<double> Number(const fs::path& path) {
  std::ifstream file(path);
  double number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

std::optional<uint64_t> Bytes(const fs::path& path) {
  const std::optional<double> number = Number(path);
  // No memory has as many as a number of 64 bits has room for.
  if (!number || *number < 0 || *number >= 0x1p63) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

bool ContainsLine(const fs::path& path, const std::string& wanted) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line == wanted) return true;
  }
  return false;
}

// "name number" on each line
std::map<std::string, uint64_t> Properties(const fs::path& path) {
  std::map<std::string, uint64_t> properties;
  std::ifstream file(path);
  std::string name;
  for (uint64_t number = 0; file >> name >> number;) properties[name] = number;
  return properties;
}

}  // namespace

// The kernel's compute driver numbers bus, device and function in one.
std::string GfxAt(const std::string& pci) {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (std::sscanf(pci.c_str(), "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4) return {};
  const uint64_t location = bus << 8 | device << 3 | function;
  for (const fs::path& node : Entries(Place("/sys/class/kfd/kfd/topology/nodes"), "")) {
    auto properties = Properties(node / "properties");
    const int version = static_cast<int>(properties["gfx_target_version"]);
    if (version == 0 || properties["location_id"] != location || properties["domain"] != domain) {
      continue;
    }
    return GfxName(version / 10000, version / 100 % 100, version % 100);
  }
  return {};
}

fs::path CardAt(const std::string& pci) {
  for (const fs::path& card : Entries(Place("/sys/class/drm"), "card")) {
    if (ContainsLine(card / "device" / "uevent", "PCI_SLOT_NAME=" + pci)) return card;
  }
  return {};
}

Sensors ReadSensors(const fs::path& card) {
  Sensors found;
  if (card.empty()) return found;
  const fs::path device = card / "device";
  found.vram_total = Bytes(device / "mem_info_vram_total");
  found.vram_used = Bytes(device / "mem_info_vram_used");
  found.busy = Number(device / "gpu_busy_percent");
  for (const fs::path& folder : Entries(device / "hwmon", "hwmon")) {
    auto microwatts = Number(folder / "power1_average");
    if (!microwatts) microwatts = Number(folder / "power1_input");
    if (microwatts) found.power = *microwatts / 1e6;
    if (const auto thousandths = Number(folder / "temp1_input")) {
      found.temperature = *thousandths / 1000;
    }
  }
  return found;
}

std::string GfxName(int major, int minor, int stepping) {
  char name[32];
  std::snprintf(name, sizeof name, "gfx%d%x%x", major, static_cast<unsigned>(minor),
                static_cast<unsigned>(stepping));
  return name;
}

std::optional<std::string> GfxOverride() {
  const char* text = std::getenv("HSA_OVERRIDE_GFX_VERSION");
  int major = 0, minor = 0, stepping = 0;
  if (text == nullptr || std::sscanf(text, "%d.%d.%d", &major, &minor, &stepping) != 3) return {};
  return GfxName(major, minor, stepping);
}

std::string AccessProblem(std::string& remedy) {
  const fs::path kfd = Place("/dev/kfd");
  std::error_code failed;
  if (!fs::exists(kfd, failed)) {
    remedy =
        "ROCm needs the kernel module amdgpu and a GPU that it knows. In a container, start it "
        "with "
        "--device /dev/kfd --device /dev/dri.";
    return "There is no /dev/kfd.";
  }
  std::vector<fs::path> closed;
  const std::vector<fs::path> nodes = Entries(Place("/dev/dri"), "renderD");
  if (!CanOpen(kfd)) closed.push_back("/dev/kfd");
  for (const fs::path& node : nodes) {
    if (!CanOpen(node)) closed.push_back(fs::path("/dev/dri") / node.filename());
  }
  if (closed.empty() && nodes.empty()) {
    remedy = "In a container, start it with --device /dev/kfd --device /dev/dri.";
    return "There is no render node in /dev/dri.";
  }
  // Of several GPUs one may well belong to somebody else.
  if (closed.empty() || (CanOpen(kfd) && closed.size() < nodes.size())) return {};
  remedy =
      "Add the user to the groups that own them, as a rule: sudo usermod -aG render,video $USER; "
      "then "
      "log in again. In a container, pass them on: --group-add.";
  std::string names;
  for (const fs::path& path : closed) names += (names.empty() ? "" : ", ") + path.string();
  return "This user may not open " + names + ".";
}

}  // namespace accelnode::rocm
