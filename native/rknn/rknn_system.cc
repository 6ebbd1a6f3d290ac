#include "rknn_system.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>

#include "../system_files.h"

namespace accelnode::rknn {
namespace {

namespace fs = std::filesystem;

struct SocRow {
  const char* name;
  int cores;
};

constexpr SocRow kSocs[] = {{"rk3566", 1}, {"rk3568", 1}, {"rk3576", 2}, {"rk3588", 3}};

constexpr const char* kDeviceTree = "/proc/device-tree/compatible";

fs::path Place(const char* path) { return SystemFiles("ACCELNODE_RKNN_ROOT").Place(path); }

// "rk3588" of "rockchip,rk3588s-evb"; empty for anything else.
std::string SocOf(const std::string& compatible) {
  const std::string vendor = "rockchip,";
  if (compatible.rfind(vendor, 0) != 0) return {};
  const std::string chip = compatible.substr(vendor.size());
  if (chip.rfind("rk", 0) != 0 && chip.rfind("rv", 0) != 0) return {};
  const auto is_word = [](unsigned char c) { return std::isalnum(c) != 0; };
  return {chip.begin(), std::find_if_not(chip.begin(), chip.end(), is_word)};
}

// "12%" of "Core0: 12%," and the like.
std::vector<double> Percentages(const std::string& text) {
  std::vector<double> found;
  for (size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 1)) {
    size_t begin = at;
    while (begin > 0 && std::isdigit(static_cast<unsigned char>(text[begin - 1])) != 0) --begin;
    if (begin < at) found.push_back(std::atof(text.substr(begin, at - begin).c_str()));
  }
  return found;
}

// "fdab0000.npu" and the like.
std::vector<fs::path> NpuFrequencyFolders() {
  std::vector<fs::path> folders = Entries(Place("/sys/class/devfreq"), "");
  const auto is_other = [](const fs::path& path) { return path.extension() != ".npu"; };
  folders.erase(std::remove_if(folders.begin(), folders.end(), is_other), folders.end());
  return folders;
}

// The render nodes of the NPU, where the kernel tells whose they are; else all.
std::vector<fs::path> RenderNodes() {
  const std::vector<fs::path> nodes = Entries(Place("/dev/dri"), "renderD");
  std::vector<fs::path> own;
  for (const fs::path& node : nodes) {
    const std::string uevent = "/sys/class/drm/" + node.filename().string() + "/device/uevent";
    const auto facts = ReadText(Place(uevent.c_str()));
    if (facts && facts->find("DRIVER=RKNPU") != std::string::npos) own.push_back(node);
  }
  return own.empty() ? nodes : own;
}

// Whatever may be the NPU's, the likeliest first.
std::vector<fs::path> DeviceNodes() {
  std::vector<fs::path> nodes = RenderNodes();
  std::error_code failed;
  if (fs::exists(Place("/dev/rknpu"), failed)) nodes.insert(nodes.begin(), Place("/dev/rknpu"));
  return nodes;
}

accelnode::Check CheckNode() {
  accelnode::Check check;
  check.what = "NPU device node";
  check.found = AccessProblem(check.hint);
  check.ok = check.found.empty();
  if (!check.ok) return check;
  const std::vector<fs::path> nodes = DeviceNodes();
  check.found = std::find_if(nodes.begin(), nodes.end(), CanOpen)->string() + ", usable";
  return check;
}

accelnode::Check CheckChip() {
  accelnode::Check check;
  check.what = kDeviceTree;
  const Board board = ReadBoard();
  check.ok = board.cores > 0;
  if (board.soc.empty()) {
    check.found = "names no Rockchip chip";
    check.hint = kContainerHint;
  } else {
    check.found = board.soc + (check.ok ? "" : ", whose NPU accelnode can't use");
    if (!check.ok) check.hint = std::string("It can use those of ") + kSupportedSocs + ".";
  }
  return check;
}

accelnode::Check CheckDriver() {
  accelnode::Check check;
  check.what = "driver rknpu";
  const std::string driver = DriverVersion();
  // Loaded it may be all the same: as a rule only root may read which one.
  check.ok = driver.empty() || !IsOlder(driver, kLeastDriver);
  if (driver.empty()) {
    check.found = "of which version can't be read here; session.details.driver tells it";
  } else if (check.ok) {
    check.found = driver;
  } else {
    check.found = driver + ", older than " + kLeastDriver;
    check.hint = "Update the board's kernel to one whose rknpu is " + std::string(kLeastDriver) +
                 " or later.";
  }
  return check;
}

}  // namespace

const char* const kSupportedSocs = "RK3566, RK3568, RK3576 and RK3588";

const char* const kContainerHint =
    "On a Rockchip board, a container hides /proc/device-tree: start it with --security-opt "
    "systempaths=unconfined, and pass on the NPU: --device /dev/dri, or --device /dev/rknpu.";

Board ReadBoard() {
  Board board;
  const auto tree = ReadText(Place(kDeviceTree));
  if (!tree) return board;
  // Texts that end with a zero byte, from the board to the chip.
  std::istringstream texts(*tree);
  for (std::string text; std::getline(texts, text, '\0');) {
    const std::string soc = SocOf(text);
    if (!soc.empty()) board.soc = soc;
  }
  for (const SocRow& row : kSocs) {
    if (board.soc.rfind(row.name, 0) != 0) continue;
    board.soc = row.name;
    board.cores = row.cores;
  }
  return board;
}

std::string VersionIn(const std::string& text) {
  const size_t begin = text.find_first_of("0123456789");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_first_not_of("0123456789.", begin) - begin);
}

std::string DriverVersion() {
  // "RKNPU driver: v0.9.8"
  const auto text = ReadText(Place("/sys/kernel/debug/rknpu/version"));
  return text ? VersionIn(*text) : std::string();
}

bool IsOlder(const std::string& a, const std::string& b) {
  const char* left = a.c_str();
  const char* right = b.c_str();
  for (;;) {
    char *after_left = nullptr, *after_right = nullptr;
    const long x = std::strtol(left, &after_left, 10), y = std::strtol(right, &after_right, 10);
    if (x != y) return x < y;
    if (*after_left != '.' && *after_right != '.') return false;
    left = *after_left == '.' ? after_left + 1 : "";
    right = *after_right == '.' ? after_right + 1 : "";
  }
}

NpuUse ReadUse() {
  NpuUse use;
  if (const auto text = ReadText(Place("/sys/kernel/debug/rknpu/load"))) {
    use.load = Percentages(*text);
  }
  for (const fs::path& folder : NpuFrequencyFolders()) {
    const auto text = ReadText(folder / "load");  // "12@1000000000Hz"
    const size_t at = text ? text->find('@') : std::string::npos;
    if (at == std::string::npos) continue;
    if (use.load.empty()) use.load.push_back(std::atof(text->c_str()));
    use.frequency = std::atof(text->c_str() + at + 1);
  }
  return use;
}

std::vector<accelnode::Check> CheckSystem() { return {CheckNode(), CheckChip(), CheckDriver()}; }

std::string AccessProblem(std::string& remedy) {
  const std::vector<fs::path> nodes = DeviceNodes();
  if (nodes.empty()) {
    remedy =
        "The kernel needs Rockchip's driver rknpu. In a container, start it with --device "
        "/dev/dri, or --device /dev/rknpu with older kernels.";
    return "There is neither /dev/rknpu nor a render node in /dev/dri.";
  }
  if (std::any_of(nodes.begin(), nodes.end(), CanOpen)) return {};
  remedy =
      "Add the user to the group that owns them, as a rule: sudo usermod -aG render,video $USER; "
      "then log in again. In a container, pass it on: --group-add.";
  std::string names;
  for (const fs::path& node : nodes) names += (names.empty() ? "" : ", ") + node.string();
  return "This user may not open " + names + ".";
}

}  // namespace accelnode::rknn
