// An addon for the tests under AddressSanitizer: looks for leaks before a process ends, and makes
// the mistakes that prove that each kind is noticed.
#include <node_api.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#include <sys/mman.h>

#include <cstdio>
#include <limits>
#include <memory>
#include <string>

namespace {

// Volatile, so that the compiler can neither foresee a mistake nor leave it out.
volatile int zero = 0;

// lookForLeaks(): are there any? What they are goes where the sanitizers report.
napi_value LookForLeaks(napi_env env, napi_callback_info) {
  napi_value found = nullptr;
  napi_get_boolean(env, __lsan_do_recoverable_leak_check() != 0, &found);
  return found;
}

// reportTo(path): what the sanitizers find in this process goes there from now on.
napi_value ReportTo(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value path = nullptr;
  napi_get_cb_info(env, info, &count, &path, nullptr, nullptr);
  std::string text(4096, '\0');
  napi_get_value_string_utf8(env, path, text.data(), text.size(), &length);
  __sanitizer_set_report_path(text.c_str());
  return nullptr;
}

// Makes the search for leaks itself crash, as it does now and then among the threads of vendors: it
// is told to look into memory that cannot be read, a mapping whose file has ended before it.
napi_value CrashScan(napi_env, napi_callback_info) {
  std::FILE* const file = std::tmpfile();
  void* const beyond = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
  __lsan_register_root_region(beyond, 4096);
  return nullptr;
}

napi_value Leak(napi_env, napi_callback_info) {
  // Of several: a copy of the last address may linger on the stack, where it counts as in use.
  for (int i = 0; i < 100; ++i) {
    int* volatile lost = new int[100];
    lost[0] = zero;
  }
  return nullptr;
}

napi_value UseAfterFree(napi_env, napi_callback_info) {
  auto number = std::make_unique<int>(1);
  int* const address = number.get();
  number.reset();
  zero = *static_cast<volatile int*>(address);
  return nullptr;
}

napi_value Overflow(napi_env, napi_callback_info) {
  zero = std::numeric_limits<int>::max() - zero;
  zero = zero + 1;
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const auto add = [&](const char* name, napi_callback callback) {
    napi_value function = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  };
  add("lookForLeaks", LookForLeaks);
  add("reportTo", ReportTo);
  add("crashScan", CrashScan);
  add("leak", Leak);
  add("useAfterFree", UseAfterFree);
  add("overflow", Overflow);
  return exports;
}
