// Post-training quantization on TensorRT 10: feeds it batches of the caller's, keeps what it
// measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../backend.h"
#include "cuda_memory.h"
#include "tensorrt_files.h"
#include "tensorrt_parse.h"

namespace accelnode::cuda {

class Calibrator final : public IInt8Calibrator {
 public:
  // `shapes`: of a batch, by input. `order`: of the tensors in a batch, by name; empty: that of the
  // inputs. `options` is { cache?, algorithm?, batches? }.
  Calibrator(const Value& options, const std::vector<NetworkInput>& inputs,
             std::vector<std::vector<int64_t>> shapes, const std::vector<std::string>& order,
             int device, LoadMonitor& monitor);

  InterfaceInfo getInterfaceInfo() const noexcept override;
  int32_t getBatchSize() const noexcept override;
  bool getBatch(void* bindings[], const char* names[], int32_t count) noexcept override;
  const void* readCalibrationCache(size_t& length) noexcept override;
  void writeCalibrationCache(const void* cache, size_t length) noexcept override;
  int32_t getAlgorithm() noexcept override;

  // What went wrong in a callback, which TensorRT can't be told.
  const std::optional<Error>& error() const { return error_; }

 private:
  bool NextBatch(void* bindings[], const char* names[], int32_t count);
  void Upload(size_t index, const Tensor& batch);

  const std::string cache_path_;
  const bool minmax_, has_batches_;
  const std::vector<NetworkInput>& inputs_;
  const std::vector<std::vector<int64_t>> shapes_;
  std::vector<size_t> places_;  // of each input in a batch
  const int device_;
  LoadMonitor& monitor_;
  std::vector<Scratch> memory_;  // by input, on the device
  Bytes cache_;
  std::optional<Error> error_;
};

}  // namespace accelnode::cuda
