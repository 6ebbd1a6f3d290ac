// Through this TensorRT allocates on the device: weights, what lies between layers, what a build
// tries kernels with. So it is known how much that is, and what was wanted when there was no more.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "tensorrt_abi.h"
#include "tensorrt_recorder.h"

namespace accelnode::cuda {

// Outlives the objects that it is set on. Threads that come here have the device that is meant.
class GpuAllocator final : public IGpuAllocator {
 public:
  // `recorder`: told of what fails in threads of TensorRT's own.
  GpuAllocator(ErrorRecorder& recorder, bool has_pools)
      : recorder_(recorder), has_pools_(has_pools) {}

  void* allocate(uint64_t size, uint64_t alignment, uint32_t flags) noexcept override;
  void* reallocate(void* memory, uint64_t alignment, uint64_t size) noexcept override;
  bool deallocate(void* memory) noexcept override;
  void* allocateAsync(uint64_t size, uint64_t alignment, uint32_t flags,
                      cudaStream_t stream) noexcept override;
  bool deallocateAsync(void* memory, cudaStream_t stream) noexcept override;

  uint64_t bytes() const { return bytes_; }  // allocated at the moment

 private:
  struct Block {
    uint64_t bytes;
    bool pooled;
  };
  void* Keep(void* memory, uint64_t size, uint64_t alignment, bool pooled);
  Block Forget(void* memory);

  ErrorRecorder& recorder_;
  const bool has_pools_;
  std::mutex mutex_;
  std::unordered_map<void*, Block> blocks_;
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace accelnode::cuda
