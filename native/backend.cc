#include "backend.h"

#include <cstring>

namespace accelnode {

Value Context::Profile() {
  throw Error(ErrorCode::UNSUPPORTED, "This backend has no per-layer profile.");
}

void Model::Export(const std::string&) {
  throw Error(ErrorCode::UNSUPPORTED, "This backend can't export a compiled model.");
}

Buffer Backend::Allocate(MemoryKind, size_t, const std::string&) {
  throw Error(ErrorCode::UNSUPPORTED,
              std::string("The ") + Name() + " backend has no memory of its own to allocate.");
}

void Backend::Copy(const Buffer& from, const Buffer& to, size_t bytes) {
  if (from.kind == MemoryKind::kDevice || to.kind == MemoryKind::kDevice) {
    throw Error(ErrorCode::UNSUPPORTED,
                std::string("The ") + Name() + " backend has no device memory.");
  }
  std::memcpy(to.data, from.data, bytes);
}

}  // namespace accelnode
