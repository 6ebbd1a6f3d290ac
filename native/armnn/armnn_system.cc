#include "armnn_system.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "../system_files.h"

namespace accelnode::armnn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNode = "/dev/mali0";
constexpr const char* kFirmware = "mali_csffw.bin";

fs::path Place(const char* path) { return SystemFiles("ACCELNODE_ARMNN_ROOT").Place(path); }

// Empty when it can't be read.
std::string ReadAll(const fs::path& path) { return ReadText(path).value_or(""); }

Check CheckNode(const OpenclProbe& opencl) {
  Check check;
  check.what = kNode;
  const std::string trouble = WhyUnusable(Place(kNode));
  // Mesa's drivers for Mali GPUs go without it.
  check.ok = trouble.empty() || opencl.gpu;
  check.found = trouble.empty() ? "there, and usable"
                : opencl.gpu    ? "not there, and not needed: this driver goes without it"
                                : trouble;
  if (check.ok) return check;
  std::error_code failed;
  check.hint =
      fs::exists(Place(kNode), failed)
          ? "This user may not open it: add the user to the group that it belongs to (ls -l "
            "/dev/mali0), often video or render."
          : "Arm's kernel driver makes it. In a container, pass it on: --device /dev/mali0.";
  return check;
}

// From Mali-G310, G510, G610 and G710 on, the GPU's command stream front-end runs firmware.
bool NeedsFirmware() {
  const std::string board = ReadAll(Place("/proc/device-tree/compatible"));
  if (board.find("rk3588") != board.npos) return true;
  for (const fs::path& node : Entries(Place("/proc/device-tree"), "gpu")) {
    if (ReadAll(node / "compatible").find("valhall-csf") != std::string::npos) return true;
  }
  const std::string gpu = ReadAll(Place("/sys/class/misc/mali0/device/gpuinfo"));
  for (const char* name : {"G310", "G510", "G610", "G710", "G615", "G715", "G620", "G720"}) {
    if (gpu.find(name) != gpu.npos) return true;
  }
  return false;
}

// Distributions pack it.
bool HasFirmware(const fs::path& folder) {
  for (const char* ending : {"", ".xz", ".zst"}) {
    std::error_code failed;
    if (fs::exists(folder / (std::string(kFirmware) + ending), failed)) return true;
  }
  return false;
}

Check CheckFirmware(const OpenclProbe& opencl) {
  Check check;
  check.what = kFirmware;
  std::vector<fs::path> places = {Place("/lib/firmware"), Place("/usr/lib/firmware"),
                                  Place("/lib/firmware/updates")};
  // Where the kernel's own driver, panthor, looks for it: one folder for each architecture.
  for (const fs::path& arch : Entries(Place("/lib/firmware/arm/mali"))) places.push_back(arch);
  const auto found = std::find_if(places.begin(), places.end(), HasFirmware);
  check.ok = found != places.end() || opencl.gpu;
  check.found = found != places.end() ? "in " + found->string()
                : opencl.gpu          ? "not in /lib/firmware, but the GPU has started"
                                      : "not in /lib/firmware";
  if (!check.ok) {
    check.hint =
        "This GPU does not start without it: put the mali_csffw.bin of the GPU's driver package "
        "(libmali, or linux-firmware) into /lib/firmware, and restart.";
  }
  return check;
}

Check CheckLibrary(const OpenclProbe& opencl) {
  Check check;
  check.what = "OpenCL library";
  check.ok = !opencl.library.empty();
  check.found = check.ok ? opencl.library : opencl.tried;
  if (!check.ok) {
    check.hint =
        "Install the driver of the Mali GPU, whose libmali.so (or libOpenCL.so) brings OpenCL.";
  }
  return check;
}

Check CheckGpu(const OpenclProbe& opencl) {
  Check check;
  check.what = "OpenCL GPU";
  check.ok = opencl.gpu;
  if (opencl.gpu) {
    check.found = opencl.name + ", driver " + opencl.driver;
  } else if (opencl.platform.empty()) {
    check.found = "OpenCL has no platform";
    check.hint =
        "An OpenCL loader (libOpenCL.so) finds drivers by the files in /etc/OpenCL/vendors: one "
        "must name the Mali driver's libmali.so.";
  } else {
    check.found = "the first platform, " + opencl.platform + ", has no GPU";
    check.hint =
        "Arm NN takes the first platform only: leave the Mali driver's file alone in "
        "/etc/OpenCL/vendors, or set OCL_ICD_VENDORS to it. `clinfo -l` shows what there is.";
  }
  return check;
}

}  // namespace

std::vector<Check> CheckSystem(const OpenclProbe& opencl) {
  std::vector<Check> checks = {CheckNode(opencl), CheckLibrary(opencl)};
  if (!opencl.library.empty()) checks.push_back(CheckGpu(opencl));
  if (NeedsFirmware()) checks.push_back(CheckFirmware(opencl));
  return checks;
}

AbsentDevice WithoutGpu(const OpenclProbe& opencl) {
  AbsentDevice absent;
  absent.id = "GpuAcc";
  for (const Check& check : CheckSystem(opencl)) {
    if (check.ok) continue;
    absent.reason += (absent.reason.empty() ? "" : "\n") + check.what + ": " + check.found + ".";
    absent.hint += (absent.hint.empty() ? "" : "\n") + check.hint;
  }
  return absent;
}

bool HasGpuBackend(const std::string& libarmnn, const std::string& dynamic_backends) {
  // The name of its class is in whatever it was built into.
  constexpr const char* kClass = "N5armnn9ClBackendE";
  const std::string content = ReadAll(libarmnn);
  if (content.empty() || content.find(kClass) != content.npos) return true;
  std::vector<fs::path> folders;
  if (!dynamic_backends.empty()) folders.emplace_back(dynamic_backends);
  // Debian's Arm NN has a folder of its own beside it: armnn33.
  for (const fs::path& beside : Entries(fs::path(libarmnn).parent_path(), "armnn")) {
    folders.push_back(beside);
  }
  return std::any_of(folders.begin(), folders.end(), [](const fs::path& folder) {
    const std::vector<fs::path> files = Entries(folder);
    return std::any_of(files.begin(), files.end(), [](const fs::path& file) {
      return file.filename().string().find("GpuAcc") != std::string::npos;
    });
  });
}

}  // namespace accelnode::armnn
