// accelnode's options as OpenVINO's properties.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "openvino_library.h"

namespace accelnode::openvino {

using Properties = std::vector<std::pair<std::string, std::string>>;

// `device` as ResolveDevice returned it. Throws UNSUPPORTED for a precision that the device lacks.
Properties MakeProperties(const ov_core* core, const std::string& device, const Value& options);

// As Check, for a call that was given properties: one that OpenVINO does not know or a value that
// it does not take is INVALID_ARGUMENT.
void CheckProperties(ov_status status, const char* function, ErrorCode otherwise);

}  // namespace accelnode::openvino
