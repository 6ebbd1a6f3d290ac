// Which cores of the NPU the lanes compute on.
#pragma once

#include <optional>
#include <vector>

#include "../backend.h"
#include "rknn_system.h"

namespace accelnode::rknn {

// How many lanes, and where: what rknn_set_core_mask is told for each, or nothing for one that
// librknnrt finds a core for. Throws INVALID_ARGUMENT for what the chip does not have.
class Cores {
 public:
  Cores(const Board& board, const Value& options);

  int lanes() const { return lanes_; }
  // Beyond lanes(), too: they begin again with the first core.
  std::optional<int> MaskOf(int lane) const;

 private:
  const int cores_;
  int lanes_ = 1;
  bool per_lane_ = false;         // a core each
  std::vector<int> given_masks_;  // one for all, or one for each lane
};

}  // namespace accelnode::rknn
