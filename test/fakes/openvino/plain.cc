// OpenVINO used plainly, without accelnode: what does it load?
//   plain <libopenvino_c> device <name>   asks which devices of that kind there are
//   plain <libopenvino_c> model <file>    loads the model for the CPU
// Ends with 0 when OpenVINO could be opened, whatever it then said.
#include <dlfcn.h>

#include <cstdio>
#include <cstring>

#include "types.h"

namespace {

template <typename Function>
Function* Symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  void* library = dlopen(argv[1], RTLD_NOW);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  ov_core* core = nullptr;
  if (Symbol<ov_status(ov_core**)>(library, "ov_core_create")(&core) != 0) return 1;
  ov_status status = 0;
  if (std::strcmp(argv[2], "device") == 0) {
    char* value = nullptr;
    status = Symbol<ov_status(const ov_core*, const char*, const char*, char**)>(
        library, "ov_core_get_property")(core, argv[3], "AVAILABLE_DEVICES", &value);
  } else {
    ov_model* model = nullptr;
    status = Symbol<ov_status(const ov_core*, const char*, const char*, ov_model**)>(
        library, "ov_core_read_model")(core, argv[3], nullptr, &model);
    ov_compiled_model* compiled = nullptr;
    if (status == 0) {
      status = Symbol<ov_status(const ov_core*, const ov_model*, const char*, size_t,
                                ov_compiled_model**, ...)>(library, "ov_core_compile_model")(
          core, model, "CPU", 0, &compiled);
    }
  }
  const char* words = status == 0 ? "" : Symbol<const char*()>(library, "ov_get_last_err_msg")();
  std::printf("%d %s\n", status, words ? words : "");
  return 0;
}
