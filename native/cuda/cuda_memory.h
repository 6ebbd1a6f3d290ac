// Memory of a device and pinned memory, and the few objects of CUDA's that a run needs.
#pragma once

#include <memory>

#include "../tensor.h"
#include "cuda_abi.h"

namespace accelnode::cuda {

// What TensorRT asks of the addresses of tensors.
constexpr size_t kDeviceAlignment = 256;

// On the given device. Never empty, so that a tensor of no elements has an address.
Buffer AllocateDevice(size_t bytes, int device);
Buffer AllocatePinned(size_t bytes, int device);  // its contents are not set

// The device that such a buffer was allocated for; -1 for ordinary memory.
int DeviceOf(const Buffer& buffer);

// Where the device sees pinned memory.
void* MappedAddress(void* pinned);

bool IsIntegrated(int device);  // shares the host's memory
bool HasPools(int device);      // can it allocate and free in the order of a stream?

// Memory that a context keeps and makes larger when a run needs more.
class Scratch {
 public:
  Scratch(MemoryKind kind, int device) : kind_(kind), device_(device) {}
  void* AtLeast(size_t bytes);
  size_t bytes() const { return buffer_.bytes; }
  void* data() const { return buffer_.data; }
  // For the caller to keep.
  Buffer Take();

 private:
  const MemoryKind kind_;
  const int device_;
  Buffer buffer_;
};

struct DestroyStream {
  void operator()(cudaStream_t stream) const;
};
struct DestroyEvent {
  void operator()(cudaEvent_t event) const;
};
struct DestroyGraph {
  void operator()(cudaGraph_t graph) const;
};
struct DestroyGraphExec {
  void operator()(cudaGraphExec_t graph) const;
};
using Stream = std::unique_ptr<CUstream_st, DestroyStream>;
using Event = std::unique_ptr<CUevent_st, DestroyEvent>;
using Graph = std::unique_ptr<CUgraph_st, DestroyGraph>;
using GraphExec = std::unique_ptr<CUgraphExec_st, DestroyGraphExec>;

// On the calling thread's device.
Stream MakeStream();
Event MakeEvent();

}  // namespace accelnode::cuda
