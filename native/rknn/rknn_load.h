// rknn_init, and what its refusals mean.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rknn_devices.h"
#include "rknn_memory.h"

namespace accelnode::rknn {

// A model's file in memory: librknnrt would map it, and one that is cut off later would take the
// process down.
std::shared_ptr<const std::vector<uint8_t>> ReadModel(const ModelSource& source);

// `key`: that of the chip under which the model was given, if it was.
std::shared_ptr<NpuContext> InitContext(const std::vector<uint8_t>& model, uint32_t flags,
                                        const Board& board, const std::string& key);

}  // namespace accelnode::rknn
