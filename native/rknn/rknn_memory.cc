#include "rknn_memory.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include "rknn_check.h"

namespace accelnode::rknn {
namespace {

constexpr size_t kPage = 4096;
constexpr rknn_context kNoContext = 0;

// Of whole pages, as the driver allocates: the NPU may want more room than the elements take.
size_t InPages(size_t bytes) { return (std::max<size_t>(bytes, 1) + kPage - 1) / kPage * kPage; }

Error NoMemory(const char* function, size_t bytes) {
  return Error(ErrorCode::OUT_OF_MEMORY, "RKNN: " + std::string(function) + " has no " +
                                             std::to_string(bytes) + " bytes for the NPU.")
      .WithCall(function, kMallocFail);
}

Memory Own(rknn_tensor_mem* memory, rknn_context context, const char* function, size_t bytes) {
  if (memory == nullptr) throw NoMemory(function, bytes);
  return Memory(memory, DestroyMemory{context});
}

}  // namespace

NpuContext::~NpuContext() { Api().destroy(raw_); }

void DestroyMemory::operator()(rknn_tensor_mem* memory) const {
  Api().destroy_mem(context, memory);
}

Memory MakeMemory(const NpuContext& context, size_t bytes) {
  const size_t room = InPages(bytes);
  return Own(Api().create_mem(context.get(), static_cast<uint32_t>(room)), context.get(),
             "rknn_create_mem", room);
}

Memory ImportMemory(const NpuContext& context, const Buffer& buffer) {
  const rknn_tensor_mem& shared = *SharedMemory(buffer);
  return Own(Api().create_mem_from_fd(context.get(), shared.fd, shared.virt_addr, shared.size, 0),
             context.get(), "rknn_create_mem_from_fd", shared.size);
}

Buffer AllocateShared(size_t bytes) {
  const size_t room = InPages(bytes);
  if (room > UINT32_MAX) {
    throw Error(ErrorCode::UNSUPPORTED, "librknnrt has no tensors of 4 GiB or more.");
  }
  Memory memory = Own(Api().create_mem2(kNoContext, room, kMemoryCacheable | kMemoryNoContext),
                      kNoContext, "rknn_create_mem2", room);
  Buffer buffer;
  buffer.data = memory->virt_addr;
  buffer.handle = memory.get();
  buffer.bytes = bytes;
  buffer.kind = MemoryKind::kPinned;
  buffer.owner = std::shared_ptr<rknn_tensor_mem>(std::move(memory));
  std::memset(buffer.data, 0, bytes);
  return buffer;
}

bool HasSharedMemory() {
  if (!HasZeroCopy()) return false;
  static std::atomic<bool> has{false};
  if (has) return true;
  rknn_tensor_mem* memory =
      Api().create_mem2(kNoContext, kPage, kMemoryCacheable | kMemoryNoContext);
  if (memory == nullptr) return false;  // or there is none at the moment
  Api().destroy_mem(kNoContext, memory);
  has = true;
  return true;
}

}  // namespace accelnode::rknn
