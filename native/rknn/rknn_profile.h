// Times of the layers in a context's last run.
#pragma once

#include <string>

#include "../value.h"
#include "rknn_memory.h"

namespace accelnode::rknn {

// As Context::Profile gives it. Needs kFlagCollectPerf.
Value QueryProfile(const NpuContext& context);

// librknnrt's table, which is text for people, as rows: each line that begins with a number has the
// columns that the head names.
Value::List ParseProfile(const std::string& table);

}  // namespace accelnode::rknn
