// Memory of a device and pinned memory, and the few objects of HIP's that a run needs.
#pragma once

#include <memory>

#include "../tensor.h"
#include "hip_abi.h"

namespace accelnode::rocm {

// On the given device. Never empty, so that a tensor of no elements has an address.
Buffer AllocateDevice(size_t bytes, int device);
Buffer AllocatePinned(size_t bytes, int device);  // its contents are not set

// The device that such a buffer was allocated for; -1 for ordinary memory.
int DeviceOf(const Buffer& buffer);

// Memory that a context keeps and makes larger when a run needs more.
class Scratch {
 public:
  Scratch(MemoryKind kind, int device) : kind_(kind), device_(device) {}
  void* AtLeast(size_t bytes);
  size_t bytes() const { return buffer_.bytes; }
  void* data() const { return buffer_.data; }

 private:
  const MemoryKind kind_;
  const int device_;
  Buffer buffer_;
};

struct DestroyStream {
  void operator()(hipStream_t stream) const;
};
struct DestroyEvent {
  void operator()(hipEvent_t event) const;
};
using Stream = std::unique_ptr<ihipStream_t, DestroyStream>;
using Event = std::unique_ptr<ihipEvent_t, DestroyEvent>;

// On the calling thread's device.
Stream MakeStream();
Event MakeEvent();

}  // namespace accelnode::rocm
