#include "objects.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace fake {
namespace {

std::mutex& Mutex() {
  static auto& mutex = *new std::mutex;
  return mutex;
}

}  // namespace

Shadow::Shadow(size_t bytes) : bytes_(bytes) {
  data_ = mmap(nullptr, bytes == 0 ? 1 : bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0);
  if (data_ == MAP_FAILED) {
    std::perror("mmap");
    std::abort();
  }
}

// The addresses stay taken: other memory at the same place would hide a use.
Shadow::~Shadow() {
  mprotect(data_, bytes_ == 0 ? 1 : bytes_, PROT_NONE);
  madvise(data_, bytes_ == 0 ? 1 : bytes_, MADV_DONTNEED);
}

void Interpreter::Invalidate() {
  allocated = false;
  tensors.clear();
}

All::All() : lock_(Mutex()) {}

Objects* All::operator->() const {
  static auto& objects = *new Objects;
  return &objects;
}

void CountMade(Kind kind) {
  const Locked control;
  ++control->made;
  ++control->live[static_cast<int>(kind)];
}

void CountDeleted(Kind kind) {
  const Locked control;
  --control->live[static_cast<int>(kind)];
}

}  // namespace fake
