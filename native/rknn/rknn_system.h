// What Linux knows of a Rockchip board: files of /proc, /sys and /dev. The environment variable
// ACCELNODE_RKNN_ROOT puts a folder before these, for tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../backend.h"

namespace accelnode::rknn {

// What the drivers of current releases of librknnrt are at least.
constexpr const char* kLeastDriver = "0.9.8";

struct Board {
  std::string soc;  // "rk3588"; empty where the device tree is hidden, or names no Rockchip chip
  int cores = 0;    // of the NPU; 0: not a chip that accelnode knows
};

Board ReadBoard();

extern const char* const kSupportedSocs;  // for people
extern const char* const kContainerHint;  // for a device tree that can't be seen

// "0.9.8" of "v0.9.8" and the like; empty where there is none.
std::string VersionIn(const std::string& text);

// "0.9.8"; empty where it can't be read, which as a rule only root may.
std::string DriverVersion();

// Is version `a` before `b`? "0.9.8" has any number of parts; what follows them does not count.
bool IsOlder(const std::string& a, const std::string& b);

struct NpuUse {
  std::vector<double> load;         // percent, of each core, or of all together; empty: not known
  std::optional<double> frequency;  // Hz
};
NpuUse ReadUse();

// What an NPU needs of the machine, for the doctor.
std::vector<accelnode::Check> CheckSystem();

// Why this user can't open the NPU; empty when that is not the reason. `remedy` is set with it.
std::string AccessProblem(std::string& remedy);

}  // namespace accelnode::rknn
