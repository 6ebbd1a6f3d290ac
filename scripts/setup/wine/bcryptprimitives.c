// The one function of Windows' bcryptprimitives.dll that programs in Rust want, which vitest has
// inside: Debian's Wine 8 has no such library.
#include <stddef.h>

// RtlGenRandom, by the name that advapi32 exports it under.
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void* data, unsigned long size);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char* data, size_t size) {
  return SystemFunction036(data, (unsigned long)size);
}
