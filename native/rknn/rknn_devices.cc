#include "rknn_devices.h"

#include <cctype>
#include <utility>

#include "rknn_library.h"

namespace accelnode::rknn {
namespace {

constexpr const char* kDeviceId = "0";

Error UnsupportedSoc(const Board& board) {
  return Error(ErrorCode::UNSUPPORTED,
               "The NPU of " + SocName(board) + " is not one that accelnode can use.")
      .WithHint(std::string("It can use those of ") + kSupportedSocs + ".");
}

Device Describe(const Board& board) {
  Device device;
  device.id = kDeviceId;
  device.name = "Rockchip " + SocName(board) + " NPU";
  device.kind = "npu";
  device.arch = board.soc;
  device.driver = DriverVersion();
  Value::Map details{{"soc", board.soc}, {"cores", board.cores}};
  const NpuUse use = ReadUse();
  if (!use.load.empty()) {
    Value::List load;
    for (double percent : use.load) load.emplace_back(percent);
    details["load"] = std::move(load);
  }
  if (use.frequency) details["frequency"] = *use.frequency;
  const std::string warning = DriverWarning(device.driver);
  if (!warning.empty()) details["warning"] = warning;
  device.details = std::move(details);
  return device;
}

}  // namespace

DeviceList ListDevices() {
  DeviceList devices;
  const Board board = ReadBoard();
  std::string remedy;
  if (board.soc.empty()) {
    devices.absent.push_back(
        {kDeviceId, "/proc/device-tree/compatible names no Rockchip chip.", kContainerHint});
  } else if (board.cores == 0) {
    const Error error = UnsupportedSoc(board);
    devices.absent.push_back({kDeviceId, error.message, error.hint});
  } else if (std::string problem = AccessProblem(remedy); !problem.empty()) {
    devices.absent.push_back({kDeviceId, std::move(problem), std::move(remedy)});
  } else {
    devices.present.push_back(Describe(board));
  }
  devices.checks = CheckSystem();
  return devices;
}

Board RequireDevice(const std::string& id) {
  if (id != kDeviceId) {
    throw Error(ErrorCode::DEVICE_NOT_FOUND, "There is no RKNN device \"" + id + "\".")
        .WithHint("A board has one NPU, rknn:0; rknn.coreMask chooses its cores.");
  }
  Board board = ReadBoard();
  if (!board.soc.empty() && board.cores == 0) throw UnsupportedSoc(board);
  return board;
}

std::string SocName(const Board& board) {
  std::string name = board.soc;
  for (char& letter : name) {
    letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return name;
}

}  // namespace accelnode::rknn
