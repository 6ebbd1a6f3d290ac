#include "hip_memory.h"

#include <algorithm>
#include <utility>

#include "hip_check.h"

namespace accelnode::rocm {
namespace {

constexpr size_t kLeastBytes = 256;

template <typename Free>
Buffer Own(void* data, size_t bytes, MemoryKind kind, int device, Free free) {
  Buffer buffer;
  buffer.owner = std::shared_ptr<void>(data, [free, device](void* memory) {
    TryUseDevice(device);
    free(memory);
  });
  buffer.data = data;
  // HIP has no object behind its memory; the place is used for the device's number, plus one.
  buffer.handle = reinterpret_cast<void*>(static_cast<uintptr_t>(device) + 1);
  buffer.bytes = bytes;
  buffer.kind = kind;
  return buffer;
}

}  // namespace

Buffer AllocateDevice(size_t bytes, int device) {
  UseDevice(device);
  void* data = nullptr;
  HIP_CALL(hipMalloc, &data, std::max(bytes, kLeastBytes));
  return Own(data, bytes, MemoryKind::kDevice, device, [](void* memory) { Hip().hipFree(memory); });
}

Buffer AllocatePinned(size_t bytes, int device) {
  UseDevice(device);
  void* data = nullptr;
  HIP_CALL(hipHostMalloc, &data, std::max(bytes, kLeastBytes), kHostMallocPortable);
  return Own(data, bytes, MemoryKind::kPinned, device,
             [](void* memory) { Hip().hipHostFree(memory); });
}

int DeviceOf(const Buffer& buffer) {
  return static_cast<int>(reinterpret_cast<uintptr_t>(buffer.handle)) - 1;
}

void* Scratch::AtLeast(size_t bytes) {
  if (buffer_.data == nullptr || buffer_.bytes < bytes) {
    buffer_ = {};  // first, so that both need not fit at once
    buffer_ = kind_ == MemoryKind::kDevice ? AllocateDevice(bytes, device_)
                                           : AllocatePinned(bytes, device_);
  }
  return buffer_.data;
}

void DestroyStream::operator()(hipStream_t stream) const { Hip().hipStreamDestroy(stream); }
void DestroyEvent::operator()(hipEvent_t event) const { Hip().hipEventDestroy(event); }

Stream MakeStream() {
  hipStream_t stream = nullptr;
  HIP_CALL(hipStreamCreateWithFlags, &stream, kStreamNonBlocking);
  return Stream(stream);
}

Event MakeEvent() {
  hipEvent_t event = nullptr;
  HIP_CALL(hipEventCreateWithFlags, &event, 0);
  return Event(event);
}

}  // namespace accelnode::rocm
