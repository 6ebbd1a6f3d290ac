#include "rknn_load.h"

#include <fstream>
#include <iterator>

#include "rknn_check.h"

namespace accelnode::rknn {
namespace {

// "The model, given under rk3576, … on RK3588 …"
std::string ModelName(const std::string& key) {
  return key.empty() ? "The model" : "The model that was given under " + key;
}

std::string Where(const Board& board) {
  return board.soc.empty() ? "this board, whose chip is not known"
                           : "this board's " + SocName(board);
}

std::string HowToConvert(const Board& board) {
  const std::string soc = board.soc.empty() ? "rk3588" : board.soc;
  return "Convert it for " + soc + ": npx accelnode compile model.onnx --device rknn:" + soc + ".";
}

Error Refused(ErrorCode code, int status, const std::string& what, std::string hint) {
  return Error(code, what + " RKNN: rknn_init failed (" + StatusText(status) + ").")
      .WithCall("rknn_init", status)
      .WithHint(std::move(hint));
}

// The device is opened before the model is looked at, so the model is not the reason.
Error NoDevice(int status, const Board& board) {
  std::string remedy;
  const std::string problem = AccessProblem(remedy);
  if (!problem.empty()) {
    return Refused(ErrorCode::DEVICE_NOT_FOUND, status, "The NPU can't be opened. " + problem,
                   remedy);
  }
  const std::string warning = DriverWarning(DriverVersion());
  if (!warning.empty()) {
    return Refused(ErrorCode::RUNTIME_INCOMPATIBLE, status, warning,
                   "A driver of " + std::string(kLeastDriver) + " or later goes with it.");
  }
  return Refused(
      ErrorCode::DEVICE_NOT_FOUND, status, "The NPU of " + Where(board) + " can't be opened.",
      board.soc.empty() ? kContainerHint : "`dmesg | grep -i rknpu` says what the driver found.");
}

Error InitError(int status, const Board& board, const std::string& key) {
  switch (status) {
    case kFail:
    case kDeviceUnavailable:
      return NoDevice(status, board);
    case kMallocFail:
      return Refused(ErrorCode::OUT_OF_MEMORY, status, "There is no memory for the model.", {});
    case kDeviceUnmatch:
    case kPlatformUnmatch:
      return Refused(ErrorCode::MODEL_UNSUPPORTED, status,
                     ModelName(key) + " was converted for another chip than " + Where(board) + ".",
                     HowToConvert(board));
    case kModelInvalid:
      return Refused(ErrorCode::MODEL_INVALID, status,
                     ModelName(key) + " is no model that librknnrt " + LibraryVersion() +
                         " can read on " + Where(board) + ".",
                     "Is the file complete? " + HowToConvert(board));
    default:
      return Refused(ErrorCode::VENDOR_FAILURE, status,
                     ModelName(key) + " could not be loaded on " + Where(board) + ".", {});
  }
}

}  // namespace

std::shared_ptr<const std::vector<uint8_t>> ReadModel(const ModelSource& source) {
  if (source.bytes) return source.bytes;
  std::ifstream file(source.path, std::ios::binary);
  auto bytes = std::make_shared<std::vector<uint8_t>>(std::istreambuf_iterator<char>(file),
                                                      std::istreambuf_iterator<char>());
  if (!file && !file.eof()) {
    throw Error(ErrorCode::MODEL_INVALID, "The model " + source.path + " could not be read.");
  }
  return bytes;
}

std::shared_ptr<NpuContext> InitContext(const std::vector<uint8_t>& model, uint32_t flags,
                                        const Board& board, const std::string& key) {
  if (model.empty() || model.size() > UINT32_MAX) {
    throw Error(ErrorCode::MODEL_INVALID, "A .rknn model has between 1 byte and 4 GiB.");
  }
  rknn_context raw = 0;
  // It does not write to the model, though it does not say so.
  const int status = Api().init(&raw, const_cast<uint8_t*>(model.data()),
                                static_cast<uint32_t>(model.size()), flags, nullptr);
  if (status < kSuccess) throw InitError(status, board, key);
  // What takes a context of 0 crashes.
  if (raw == 0) {
    throw Error(ErrorCode::VENDOR_FAILURE, "RKNN: rknn_init gave no context.")
        .WithCall("rknn_init", status);
  }
  return std::make_shared<NpuContext>(raw);
}

}  // namespace accelnode::rknn
