// OpenVINO's numbers for element types. They were shifted twice: in 2024.2, when types were
// inserted among the unsigned ones, and in 2025.1, when "undefined" went.
#pragma once

#include "openvino_library.h"

namespace accelnode::openvino {

// Chooses the numbering for `version`, then checks it against the library itself. Throws
// RUNTIME_INCOMPATIBLE when they disagree: tensors would silently be read as another type.
void ChooseElementTypes(const Version& version);

ov_element_type ToOpenvino(DataType type);
DataType FromOpenvino(ov_element_type type);  // kUnknown for types that accelnode has no name for

}  // namespace accelnode::openvino
