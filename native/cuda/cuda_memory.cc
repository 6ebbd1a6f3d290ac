#include "cuda_memory.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "cuda_check.h"
#include "cuda_library.h"

namespace accelnode::cuda {
namespace {

template <typename Free>
Buffer Own(void* data, size_t bytes, MemoryKind kind, int device, Free free) {
  Buffer buffer;
  buffer.owner = std::shared_ptr<void>(data, [free, device](void* memory) {
    TryUseDevice(device);
    free(memory);
  });
  buffer.data = data;
  // CUDA has no object behind its memory; the place is used for the device's number, plus one.
  buffer.handle = reinterpret_cast<void*>(static_cast<uintptr_t>(device) + 1);
  buffer.bytes = bytes;
  buffer.kind = kind;
  return buffer;
}

void CheckAllocation(cudaError_t status, const char* function, size_t bytes, const char* where) {
  if (status == cudaSuccess) return;
  Cudart().cudaGetLastError();
  throw AllocationError(status, function, bytes, where);
}

// In whose order memory of the device's pool comes and goes: nothing else is done there. Kept as
// long as the process, like the memory.
cudaStream_t PoolStream(int device) {
  static std::mutex mutex;
  static auto& streams = *new std::map<int, Stream>;
  std::lock_guard lock(mutex);
  Stream& stream = streams[device];
  if (!stream) stream = MakeStream();
  return stream.get();
}

}  // namespace

Buffer AllocateDevice(size_t bytes, int device) {
  UseDevice(device);
  const size_t size = std::max(bytes, kDeviceAlignment);
  void* data = nullptr;
  if (HasPools(device)) {
    const cudaStream_t stream = PoolStream(device);
    CheckAllocation(Cudart().cudaMallocAsync(&data, size, stream), "cudaMallocAsync", size,
                    "on the device");
    // cudaFree waits for all work on the device, and memory is freed on the JavaScript thread too.
    Buffer buffer = Own(data, bytes, MemoryKind::kDevice, device,
                        [stream](void* memory) { Cudart().cudaFreeAsync(memory, stream); });
    CUDA_CALL(cudaStreamSynchronize, stream);  // for whichever stream will use it
    return buffer;
  }
  CheckAllocation(Cudart().cudaMalloc(&data, size), "cudaMalloc", size, "on the device");
  return Own(data, bytes, MemoryKind::kDevice, device,
             [](void* memory) { Cudart().cudaFree(memory); });
}

Buffer AllocatePinned(size_t bytes, int device) {
  UseDevice(device);
  void* data = nullptr;
  const size_t size = std::max(bytes, kDeviceAlignment);
  CheckAllocation(Cudart().cudaHostAlloc(&data, size, kHostAllocPortable | kHostAllocMapped),
                  "cudaHostAlloc", size, "of pinned memory");
  return Own(data, bytes, MemoryKind::kPinned, device,
             [](void* memory) { Cudart().cudaFreeHost(memory); });
}

int DeviceOf(const Buffer& buffer) {
  return static_cast<int>(reinterpret_cast<uintptr_t>(buffer.handle)) - 1;
}

void* MappedAddress(void* pinned) {
  void* address = nullptr;
  CUDA_CALL(cudaHostGetDevicePointer, &address, pinned, 0);
  return address;
}

bool IsIntegrated(int device) {
  int integrated = 0;
  CUDA_CALL(cudaDeviceGetAttribute, &integrated, kAttributeIntegrated, device);
  return integrated != 0 && Cudart().cudaHostGetDevicePointer != nullptr;
}

bool HasPools(int device) {
  if (Cudart().cudaMallocAsync == nullptr || Cudart().cudaFreeAsync == nullptr) return false;
  int pools = 0;
  CUDA_CALL(cudaDeviceGetAttribute, &pools, kAttributeMemoryPools, device);
  return pools != 0;
}

void* Scratch::AtLeast(size_t bytes) {
  bytes = std::max(bytes, kDeviceAlignment);  // as is allocated, so that it is counted too
  if (buffer_.data == nullptr || buffer_.bytes < bytes) {
    buffer_ = {};  // first, so that both need not fit at once
    buffer_ = kind_ == MemoryKind::kDevice ? AllocateDevice(bytes, device_)
                                           : AllocatePinned(bytes, device_);
  }
  return buffer_.data;
}

Buffer Scratch::Take() { return std::exchange(buffer_, {}); }

void DestroyStream::operator()(cudaStream_t stream) const { Cudart().cudaStreamDestroy(stream); }
void DestroyEvent::operator()(cudaEvent_t event) const { Cudart().cudaEventDestroy(event); }
void DestroyGraph::operator()(cudaGraph_t graph) const { Cudart().cudaGraphDestroy(graph); }
void DestroyGraphExec::operator()(cudaGraphExec_t graph) const {
  Cudart().cudaGraphExecDestroy(graph);
}

Stream MakeStream() {
  cudaStream_t stream = nullptr;
  CUDA_CALL(cudaStreamCreateWithFlags, &stream, kStreamNonBlocking);
  return Stream(stream);
}

Event MakeEvent() {
  cudaEvent_t event = nullptr;
  CUDA_CALL(cudaEventCreateWithFlags, &event, 0);
  return Event(event);
}

}  // namespace accelnode::cuda
