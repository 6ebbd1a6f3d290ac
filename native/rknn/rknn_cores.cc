#include "rknn_cores.h"

#include <algorithm>
#include <string>

#include "rknn_abi.h"
#include "rknn_devices.h"

namespace accelnode::rknn {
namespace {

std::string CoresText(const Board& board) {
  if (board.cores == 0) return "it is not known how many cores this board's NPU has";
  const std::string count = board.cores == 1 ? "one core" : std::to_string(board.cores) + " cores";
  return "the NPU of " + SocName(board) + " has " + count;
}

const char* HintFor(const Board& board) {
  switch (board.cores) {
    case 0:
      return kContainerHint;
    case 1:
      return "Leave rknn.threads and rknn.coreMask out.";
    case 2:
      return "At most two threads; masks are 1, 2, and 3 for both.";
    default:
      return "At most three threads; masks are 1, 2, 4, 3 for the first two, and 7 for all.";
  }
}

std::vector<int> GivenMasks(const Value& mask) {
  std::vector<int> masks;
  if (const double* number = mask.AsNumber()) masks.push_back(static_cast<int>(*number));
  if (mask.AsList() != nullptr) {
    for (const Value& each : *mask.AsList()) {
      masks.push_back(static_cast<int>(*each.AsNumber()));
    }
  }
  return masks;
}

}  // namespace

Cores::Cores(const Board& board, const Value& options) : cores_(board.cores) {
  const Value& own = options["rknn"];
  const int threads = static_cast<int>(own.Number("threads", 0));
  if (threads > std::max(cores_, 1)) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "rknn.threads is " + std::to_string(threads) + ", but " + CoresText(board) + ".")
        .WithHint(HintFor(board));
  }
  const int batch_cores = static_cast<int>(own.Number("batchCores", 0));
  if (batch_cores > std::max(cores_, 1)) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "rknn.batchCores is " + std::to_string(batch_cores) +
                                                 ", but " + CoresText(board) + ".")
        .WithHint(cores_ == 0 ? kContainerHint : "Give at most that many.");
  }
  const std::string mode = own.String("coreMask", "auto");
  given_masks_ = GivenMasks(own["coreMask"]);
  if (cores_ == 0 && (mode != "auto" || !given_masks_.empty())) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "rknn.coreMask chooses cores, but " + CoresText(board) + ".")
        .WithHint(HintFor(board));
  }
  for (int mask : given_masks_) {
    if (mask < 1 << std::max(cores_, 1)) continue;
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "rknn.coreMask is " + std::to_string(mask) + ", but " + CoresText(board) + ".")
        .WithHint(HintFor(board));
  }
  const bool all = mode == "all";
  if (all) given_masks_ = {cores_ == 2 ? kCores01 : kCores012};
  // A batch that is spread over cores needs them all for one lane, unless threads or masks are
  // given as well.
  const bool spreads = batch_cores > 0 && threads == 0 && mode == "auto" && given_masks_.empty();
  // A core each; but one for all lanes when that is what the mask says.
  const int preferred = spreads                ? 1
                        : given_masks_.empty() ? std::max(cores_, 1)
                                               : static_cast<int>(given_masks_.size());
  lanes_ = static_cast<int>(options.Number("lanes", threads > 0 ? threads : preferred));
  per_lane_ = given_masks_.empty() && !spreads && (mode == "per-thread" || lanes_ > 1);
}

std::optional<int> Cores::MaskOf(int lane) const {
  if (cores_ < 2) return std::nullopt;  // it refuses to be told
  const auto index = static_cast<size_t>(lane);
  if (!given_masks_.empty()) return given_masks_[index % given_masks_.size()];
  if (per_lane_) return 1 << (lane % cores_);
  return std::nullopt;
}

}  // namespace accelnode::rknn
