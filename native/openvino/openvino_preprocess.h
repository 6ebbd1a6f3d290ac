// Preprocessing that becomes part of the graph: decoded images go in as they are (u8, NHWC) and the
// device converts, resizes and normalises them.
#pragma once

#include <string>
#include <vector>

#include "openvino_library.h"

namespace accelnode::openvino {

// The model with the steps of options.openvino.preprocess before its inputs; the model itself when
// there are none. `steps` is { <input name>: { type, layout, … } }; lib/options/openvino.ts
// describes the fields.
ModelHandle AddPreprocessing(ModelHandle model, const std::vector<std::string>& input_names,
                             const Value& steps);

}  // namespace accelnode::openvino
