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

std::string DestroyProblem(rknn_context context, rknn_tensor_mem* memory) {
  const int status = Api().destroy_mem(context, memory);
  if (status >= kSuccess) return {};
  return "rknn_destroy_mem does not free it (" + StatusText(status) + ")";
}

// Makes memory of no context and frees it; between the two `context` imports it, if it is given.
// Says what librknnrt refuses.
std::string Probe(const NpuContext* context) {
  if (!HasZeroCopy()) return "this librknnrt lacks functions for it";
  // What can't be freed is not made again.
  static std::atomic<bool> stays{false};
  if (stays) return "rknn_destroy_mem did not free it earlier";
  rknn_tensor_mem* memory =
      Api().create_mem2(kNoContext, kPage, kMemoryCacheable | kMemoryNoContext);
  if (memory == nullptr) return "rknn_create_mem2 makes none without a context";
  std::string problem;
  if (context != nullptr) {
    rknn_tensor_mem* import =
        Api().create_mem_from_fd(context->get(), memory->fd, memory->virt_addr, memory->size, 0);
    if (import == nullptr) {
      problem = "rknn_create_mem_from_fd does not import it into a context";
    } else {
      problem = DestroyProblem(context->get(), import);
    }
  }
  const std::string kept = DestroyProblem(kNoContext, memory);
  if (!kept.empty()) stays = true;
  return problem.empty() ? kept : problem;
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
  static std::atomic<bool> has{false};
  if (!has) has = Probe(nullptr).empty();
  return has;
}

std::string WhyNotShared(const NpuContext& context) { return Probe(&context); }

}  // namespace accelnode::rknn
