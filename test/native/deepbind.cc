// To be preloaded before AddressSanitizer's library, which ends the process at dlopen with
// RTLD_DEEPBIND: OpenVINO's TBB asks for that. It does as well without.
#include <dlfcn.h>

extern "C" __attribute__((visibility("default"))) void* dlopen(const char* name, int flags) {
  static const auto next = reinterpret_cast<decltype(&dlopen)>(dlsym(RTLD_NEXT, "dlopen"));
  return next(name, flags & ~RTLD_DEEPBIND);
}
