// Data for post-training quantization: batches of the caller's, as MIGraphX wants them.
#pragma once

#include <string>
#include <vector>

#include "../backend.h"
#include "migraphx_library.h"

namespace accelnode::rocm {

class CalibrationData {
 public:
  // Asks for all batches: MIGraphX looks at them together, so they are copied. Throws
  // INVALID_ARGUMENT when there is none, or one does not have the shapes of the program's
  // parameters, which MIGraphX does not check.
  CalibrationData(migraphx_program* program, const std::vector<std::string>& input_names,
                  LoadMonitor& monitor);

  migraphx_quantize_int8_options* options() const { return options_.get(); }

 private:
  std::vector<std::vector<uint8_t>> memory_;
  const Int8Options options_;
};

}  // namespace accelnode::rocm
