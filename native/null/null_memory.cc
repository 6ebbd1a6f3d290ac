#include "null_memory.h"

#include <atomic>
#include <cstring>
#include <new>

#include "../error.h"

namespace accelnode::null {
namespace {

// Added to the address of device memory, it gives one that no CPU accepts: reading it by mistake
// crashes at once, instead of working here and nowhere else. It still fits a double.
constexpr uintptr_t kDeviceOffset = uintptr_t{1} << 50;

constexpr std::align_val_t kAlignment{kHostAlignment};
constexpr int kUnwritten = 0xdd;  // device memory does not come as zeros

std::atomic<uint64_t> g_used[2];

}  // namespace

Buffer Allocate(MemoryKind kind, size_t bytes, int device) {
  std::atomic<uint64_t>& used = g_used[device];
  if (used.fetch_add(bytes) + bytes > kDeviceMemory) {
    used -= bytes;
    throw Error(ErrorCode::OUT_OF_MEMORY,
                "The null device has no " + std::to_string(bytes) + " bytes of memory left.");
  }
  void* contents = ::operator new(bytes, kAlignment, std::nothrow);
  if (contents == nullptr) {
    used -= bytes;
    throw Error(ErrorCode::OUT_OF_MEMORY, "The host has no memory to play the null device's.");
  }
  std::memset(contents, kind == MemoryKind::kDevice ? kUnwritten : 0, bytes);

  Buffer buffer;
  buffer.owner = std::shared_ptr<void>(contents, [&used, bytes](void* memory) {
    ::operator delete(memory, kAlignment);
    used -= bytes;
  });
  buffer.data = kind == MemoryKind::kDevice
                    ? reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(contents) + kDeviceOffset)
                    : contents;
  buffer.bytes = bytes;
  buffer.kind = kind;
  return buffer;
}

uint64_t FreeMemory(int device) { return kDeviceMemory - g_used[device]; }

void* Contents(void* data, MemoryKind kind) {
  if (kind != MemoryKind::kDevice) return data;
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(data) - kDeviceOffset);
}

}  // namespace accelnode::null
