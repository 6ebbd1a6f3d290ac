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

}  // namespace accelnode::openvino
