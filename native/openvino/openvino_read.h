// Reading a model from files or bytes, in any format that OpenVINO has a frontend for.
#pragma once

#include "openvino_library.h"

namespace accelnode::openvino {

// Throws MODEL_INVALID for a damaged file, MODEL_UNSUPPORTED for what OpenVINO can't convert, and
// UNSUPPORTED for a format that this OpenVINO can't read.
ModelHandle ReadModel(const ov_core* core, const ModelSource& source);

}  // namespace accelnode::openvino
