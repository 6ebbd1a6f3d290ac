// The library that the interposer forwards to: ACCELNODE_FAKE_REAL names it.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace fake {

inline void* RealSymbol(const char* name) {
  static void* const library = [] {
    const char* path = std::getenv("ACCELNODE_FAKE_REAL");
    return path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  }();
  void* symbol = library ? dlsym(library, name) : nullptr;
  if (symbol == nullptr) {
    std::fprintf(stderr, "The interposer can't find %s: %s\n", name, dlerror());
    std::abort();
  }
  return symbol;
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(RealSymbol(name));
}

}  // namespace fake

#define EXPORT extern "C" __attribute__((visibility("default")))

// The real function of this name: REAL(TfLiteVersion, const char*()).
#define REAL(name, type) static const auto real = fake::Real<type>(#name)
