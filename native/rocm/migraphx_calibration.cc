#include "migraphx_calibration.h"

#include "migraphx_program.h"
#include "migraphx_words.h"

namespace accelnode::rocm {
namespace {

void CheckBatch(const Parameter& wanted, const Tensor& given) {
  const std::vector<int64_t> shape(given.shape.begin(), given.shape.end());
  const size_t bytes = ByteSize(wanted.layout.type, wanted.layout.Elements());
  if (shape == wanted.layout.dims && given.bytes == bytes) return;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "A batch for calibration has the shape " + ShapeText(shape) + " (" +
                  std::to_string(given.bytes) + " bytes) for the input \"" + wanted.name +
                  "\", which is compiled for " + ShapeText(wanted.layout.dims) + " (" +
                  std::to_string(bytes) + " bytes).")
      .WithHint(
          "A batch has the shape that the input is compiled for: `opt` of the shapes option.");
}

}  // namespace

CalibrationData::CalibrationData(migraphx_program* program,
                                 const std::vector<std::string>& input_names, LoadMonitor& monitor)
    : options_(Make<Int8Options>(MIGRAPHX(quantize_int8_options_create))) {
  const ParameterList wanted(program, input_names);
  std::vector<Tensor> batch(input_names.size());
  while (!monitor.Cancelled() && monitor.NextCalibrationBatch(batch)) {
    const auto parameters = Make<Parameters>(MIGRAPHX(program_parameters_create));
    for (size_t i = 0; i < batch.size(); ++i) {
      const Parameter& input = wanted.inputs()[i];
      if (input.shape == nullptr) continue;
      CheckBatch(input, batch[i]);
      const auto* data = static_cast<const uint8_t*>(batch[i].data);
      std::vector<uint8_t>& copy = memory_.emplace_back(data, data + batch[i].bytes);
      const auto argument =
          Make<Argument>(MIGRAPHX(argument_create), input.shape, static_cast<void*>(copy.data()));
      Call(MIGRAPHX(program_parameters_add), parameters.get(), input.name.c_str(),
           static_cast<const migraphx_argument*>(argument.get()));
    }
    Call(MIGRAPHX(quantize_int8_options_add_calibration_data), options_.get(), parameters.get());
  }
  if (monitor.Cancelled()) throw Error(ErrorCode::CANCELLED, "The load was cancelled.");
  if (memory_.empty()) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "There was no data for calibration.")
        .WithHint("rocm.calibration.batches must give at least one batch.");
  }
}

}  // namespace accelnode::rocm
