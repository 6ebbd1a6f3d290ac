#include "tensorrt_calibrator.h"

#include <algorithm>
#include <utility>

#include "cuda_check.h"
#include "cuda_library.h"
#include "tensorrt_types.h"

namespace accelnode::cuda {

Calibrator::Calibrator(const Value& options, const std::vector<NetworkInput>& inputs,
                       std::vector<std::vector<int64_t>> shapes,
                       const std::vector<std::string>& order, int device, LoadMonitor& monitor)
    : cache_path_(options.String("cache")),
      minmax_(options.String("algorithm") == "minmax"),
      has_batches_(options.Bool("batches", false)),
      inputs_(inputs),
      shapes_(std::move(shapes)),
      device_(device),
      monitor_(monitor),
      memory_(inputs.size(), Scratch(MemoryKind::kDevice, device)) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto found = std::find(order.begin(), order.end(), inputs[i].name);
    const bool known = order.size() == inputs.size() && found != order.end();
    places_.push_back(known ? static_cast<size_t>(found - order.begin()) : i);
  }
}

InterfaceInfo Calibrator::getInterfaceInfo() const noexcept {
  return {minmax_ ? "IInt8MinMaxCalibrator" : "IInt8EntropyCalibrator2", 1, 0};
}

int32_t Calibrator::getAlgorithm() noexcept {
  return minmax_ ? trt::kMinMaxCalibration : trt::kEntropyCalibration2;
}

int32_t Calibrator::getBatchSize() const noexcept {
  // The networks have their batch as a dimension; this is but a hint.
  return shapes_.empty() || shapes_[0].empty() ? 1 : static_cast<int32_t>(shapes_[0][0]);
}

bool Calibrator::getBatch(void* bindings[], const char* names[], int32_t count) noexcept {
  if (error_ || !has_batches_ || monitor_.Cancelled()) return false;
  try {
    return NextBatch(bindings, names, count);
  } catch (...) {
    error_ = CurrentError();
    return false;
  }
}

bool Calibrator::NextBatch(void* bindings[], const char* names[], int32_t count) {
  std::vector<Tensor> batch(inputs_.size());
  if (!monitor_.NextCalibrationBatch(batch)) return false;
  UseDevice(device_);
  try {
    for (size_t i = 0; i < inputs_.size(); ++i) Upload(i, batch[places_[i]]);
  } catch (...) {
    Cudart().cudaStreamSynchronize(nullptr);  // the batch is the caller's again
    throw;
  }
  CUDA_CALL(cudaStreamSynchronize, nullptr);
  for (int32_t at = 0; at < count; ++at) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i].name == names[at]) bindings[at] = memory_[i].data();
    }
  }
  return true;
}

void Calibrator::Upload(size_t index, const Tensor& batch) {
  const NetworkInput& input = inputs_[index];
  const Shape wanted(shapes_[index].data(), shapes_[index].size());
  const size_t bytes = ByteSize(input.type, wanted.Elements());
  if (batch.shape != wanted || batch.bytes != bytes) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "A batch for calibration has the shape " +
                    ShapeText(batch.shape.data(), batch.shape.rank()) + " (" +
                    std::to_string(batch.bytes) + " bytes) for the input \"" + input.name +
                    "\", which is calibrated with " + ShapeText(wanted.data(), wanted.rank()) +
                    " (" + std::to_string(bytes) + " bytes).")
        .WithHint("A batch has the shape that the input is tuned for: `opt` of the shapes option.");
  }
  void* address = memory_[index].AtLeast(bytes);
  if (bytes > 0) CUDA_CALL(cudaMemcpyAsync, address, batch.data, bytes, kMemcpyDefault, nullptr);
}

const void* Calibrator::readCalibrationCache(size_t& length) noexcept {
  length = 0;
  try {
    if (std::optional<Bytes> cache = ReadCache(cache_path_)) cache_ = std::move(*cache);
  } catch (...) {
    return nullptr;  // then it is measured again
  }
  length = cache_.size();
  return cache_.empty() ? nullptr : cache_.data();
}

void Calibrator::writeCalibrationCache(const void* cache, size_t length) noexcept {
  // What is made of a part of the batches must not be taken for the whole of them by later builds.
  if (cache_path_.empty() || error_ || monitor_.Cancelled()) return;
  try {
    if (const std::error_code failed = ReplaceFile(cache_path_, cache, length)) {
      throw Error(ErrorCode::VENDOR_FAILURE, "Can't write the calibration cache " + cache_path_ +
                                                 ": " + failed.message() + ".")
          .WithHint("Mend that, or name another file: cuda.calibration.cache.");
    }
  } catch (...) {
    error_ = CurrentError();
  }
}

}  // namespace accelnode::cuda
