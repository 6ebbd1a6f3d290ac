#include "backend.h"

#include <cstring>
#include <new>

namespace accelnode {

const char* MemoryKindName(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::kPinned:
      return "pinned";
    case MemoryKind::kDevice:
      return "device";
    default:
      return "host";
  }
}

MemoryKind MemoryKindFromName(const std::string& name) {
  if (name == "pinned") return MemoryKind::kPinned;
  return name == "device" ? MemoryKind::kDevice : MemoryKind::kHost;
}

Buffer AllocateHost(size_t bytes) {
  Buffer buffer;
  buffer.owner = std::shared_ptr<void>(
      ::operator new(bytes, std::align_val_t(kHostAlignment)),
      [](void* memory) { ::operator delete(memory, std::align_val_t(kHostAlignment)); });
  buffer.data = buffer.owner.get();
  buffer.bytes = bytes;
  return buffer;
}

Value Context::Profile() {
  throw Error(ErrorCode::UNSUPPORTED, "This backend has no per-layer profile.");
}

void Model::Export(const std::string&) {
  throw Error(ErrorCode::UNSUPPORTED, "This backend can't export a compiled model.");
}

Buffer Backend::Allocate(MemoryKind kind, size_t, const std::string& device) {
  throw Error(ErrorCode::UNSUPPORTED, std::string(Name()) + ":" + device + " has no " +
                                          MemoryKindName(kind) + " memory to allocate.")
      .WithHint("Host memory is as good there.");
}

void Backend::Copy(const Buffer& from, const Buffer& to, size_t bytes) {
  if (from.kind == MemoryKind::kDevice || to.kind == MemoryKind::kDevice) {
    throw Error(ErrorCode::UNSUPPORTED,
                std::string("The ") + Name() + " backend has no device memory.");
  }
  std::memcpy(to.data, from.data, bytes);
}

}  // namespace accelnode
