// A control block: memory in a file that a test and a double both look at.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace fake {

// The block in the file that an environment variable names; without one, a block that nobody looks
// at. Never unmapped: lanes may still call while the process exits.
template <typename Block>
Block* MapBlock(const char* variable) {
  static Block nobody_looks;
  const char* path = std::getenv(variable);
  if (path == nullptr) return &nobody_looks;
  const int file = open(path, O_RDWR);
  void* memory = mmap(nullptr, sizeof(Block), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) {
    std::perror(path);
    std::abort();
  }
  close(file);
  return static_cast<Block*>(memory);
}

}  // namespace fake
