// For loops that look for something that comes within microseconds.
#pragma once

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace accelnode {

// Takes up to 140 cycles, in which the core's other thread has it for itself.
inline void PauseCpu() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace accelnode
