#include "tensorrt_allocator.h"

#include "cuda_check.h"
#include "cuda_library.h"
#include "tensorrt_logger.h"

namespace accelnode::cuda {
namespace {

void Refused(ErrorRecorder& recorder, uint64_t size, cudaError_t status, const char* function) {
  Cudart().cudaGetLastError();
  const Error error = AllocationError(status, function, size, "on the device");
  ErrorRecorder* of_operation = LogScope::Recorder();
  (of_operation ? *of_operation : recorder).AddCause(error);
}

}  // namespace

void* GpuAllocator::allocate(uint64_t size, uint64_t alignment, uint32_t flags) noexcept {
  return allocateAsync(size, alignment, flags, nullptr);
}

// Allowed to be impossible: TensorRT then allocates anew and copies.
void* GpuAllocator::reallocate(void*, uint64_t, uint64_t) noexcept { return nullptr; }

bool GpuAllocator::deallocate(void* memory) noexcept { return deallocateAsync(memory, nullptr); }

void* GpuAllocator::allocateAsync(uint64_t size, uint64_t alignment, uint32_t,
                                  cudaStream_t stream) noexcept {
  if (size == 0) return nullptr;
  try {
    // Only what is for one stream may come from the pool: all others use memory that is there now.
    const bool pooled = has_pools_ && stream != nullptr;
    void* memory = nullptr;
    const cudaError_t status = pooled ? Cudart().cudaMallocAsync(&memory, size, stream)
                                      : Cudart().cudaMalloc(&memory, size);
    if (status == cudaSuccess) return Keep(memory, size, alignment, pooled);
    Refused(recorder_, size, status, pooled ? "cudaMallocAsync" : "cudaMalloc");
  } catch (...) {
    // No memory of the host's; TensorRT then says that it got none.
  }
  return nullptr;
}

bool GpuAllocator::deallocateAsync(void* memory, cudaStream_t stream) noexcept {
  if (memory == nullptr) return true;
  // What fails here is nothing that TensorRT could mend; a lost device is told by the next call.
  if (Forget(memory).pooled && stream != nullptr) {
    Cudart().cudaFreeAsync(memory, stream);
  } else {
    Cudart().cudaFree(memory);  // waits for whoever may still use it
  }
  return true;
}

void* GpuAllocator::Keep(void* memory, uint64_t size, uint64_t alignment, bool pooled) {
  const bool aligned = alignment == 0 || reinterpret_cast<uintptr_t>(memory) % alignment == 0;
  try {
    if (aligned) {
      std::lock_guard lock(mutex_);
      blocks_[memory] = {size, pooled};
      bytes_ += size;
      return memory;
    }
  } catch (...) {
    // It could never be given back.
  }
  Cudart().cudaFree(memory);
  return nullptr;
}

GpuAllocator::Block GpuAllocator::Forget(void* memory) {
  std::lock_guard lock(mutex_);
  const auto found = blocks_.find(memory);
  if (found == blocks_.end()) return {0, false};
  const Block block = found->second;
  blocks_.erase(found);
  bytes_ -= block.bytes;
  return block;
}

}  // namespace accelnode::cuda
