// Takes the times of layers from TensorRT, in the layout of the opened one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tensorrt_abi.h"

namespace accelnode::cuda {

class Profiler {
 public:
  Profiler() : as10_(*this), as11_(*this) {}
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  void* ForTensorRt(int major) {
    if (major == 10) return static_cast<IProfiler10*>(&as10_);
    return static_cast<IProfiler11*>(&as11_);
  }

  std::vector<std::pair<std::string, float>> layers;  // milliseconds, in the order of computation

 private:
  void Add(const char* layer, float milliseconds) noexcept {
    try {
      layers.emplace_back(layer ? layer : "", milliseconds);
    } catch (...) {
      // No memory for it: the list lacks a layer.
    }
  }

  struct As10 final : IProfiler10 {
    explicit As10(Profiler& owner) : profiler(owner) {}
    void reportLayerTime(const char* layer, float milliseconds) noexcept override {
      profiler.Add(layer, milliseconds);
    }
    Profiler& profiler;
  };
  struct As11 final : IProfiler11 {
    explicit As11(Profiler& owner) : profiler(owner) {}
    void reportLayerTime(const char* layer, float milliseconds) noexcept override {
      profiler.Add(layer, milliseconds);
    }
    Profiler& profiler;
  };

  As10 as10_;
  As11 as11_;
};

}  // namespace accelnode::cuda
