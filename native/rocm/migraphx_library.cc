#include "migraphx_library.h"

#include <cstdlib>
#include <utility>

#include "../platform.h"
#include "../runtime_opener.h"
#include "../temporary_file.h"
#include "hip_check.h"
#include "migraphx_types.h"
#include "migraphx_words.h"
#include "mxr_header.h"
#include "rocm_devices.h"

namespace accelnode::rocm {
namespace {

MigraphxFunctions g_migraphx;
std::string g_version;

// The name of the first required function that is missing, or null.
const char* ResolveMigraphx(const Library& library) {
  const char* missing = nullptr;
#define X(name, parameters)                                                               \
  g_migraphx.name =                                                                       \
      reinterpret_cast<migraphx_status(*) parameters>(library.Symbol("migraphx_" #name)); \
  if (g_migraphx.name == nullptr && missing == nullptr) missing = "migraphx_" #name;
  ACCELNODE_MIGRAPHX_FUNCTIONS(X)
  const char* required = missing;
  ACCELNODE_MIGRAPHX_OPTIONAL_FUNCTIONS(X)
#undef X
  return required;
}

// No function tells it, but a saved program does.
std::string AskVersion() {
  const auto program = Make<Program>(MIGRAPHX(program_create));
  const auto options = Make<FileOptions>(MIGRAPHX(file_options_create));
  const TemporaryFile file("");
  Call(MIGRAPHX(save), program.get(), file.path().c_str(), options.get());
  return ReadMxrHeader(file.path()).version;
}

// HIP comes with the GPU target, which MIGraphX loads when it is first asked for.
void OpenGpu(Runtime& runtime) {
  try {
    Make<Target>(MIGRAPHX(target_create), "gpu");
  } catch (const Error& error) {
    return LearnDevices(error.message);
  }
  OpenHip(runtime.attempts);
  LearnDevices(HasHip() ? "" : "HIP's runtime, libamdhip64, was not found.");
}

// Makes `library` the MIGraphX of this process, or throws why it can't be.
Runtime Adopt(const Library& library) {
  if (const char* missing = ResolveMigraphx(library)) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, std::string("it has no function ") + missing +
                                                     ": MIGraphX of ROCm 5.4 or later is needed");
  }
  Runtime runtime;
  if (!StandardError().Catch(library)) {
    runtime.warnings.push_back("MIGraphX's error texts can't be caught here: they go to stderr.");
  }
  ChooseNumbering();
  g_version = AskVersion();
  runtime.version = g_version;
  runtime.library = library.Path(reinterpret_cast<void*>(g_migraphx.program_run));
  OpenGpu(runtime);

  Value::Map details;
  if (HasHip()) {
    int version = 0;
    Hip().hipRuntimeGetVersion(&version);
    details["hip"] =
        std::to_string(version / 10000000) + "." + std::to_string(version / 100000 % 100);
  }
  // The known remedies for GPUs that ROCm does not support; whoever has set them wants to see it.
  for (const char* name :
       {"HSA_OVERRIDE_GFX_VERSION", "HSA_USE_SVM", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"}) {
    if (const char* value = std::getenv(name)) details[name] = value;
  }
  runtime.details = std::move(details);
  return runtime;
}

}  // namespace

const MigraphxFunctions& Migraphx() { return g_migraphx; }
const std::string& MigraphxVersion() { return g_version; }

Runtime OpenLibraries(const OpenRequest& request) {
  if (OnWindows()) {
    throw Error(ErrorCode::UNSUPPORTED, "MIGraphX runs on Linux here.")
        .WithHint("Use WSL2, where Linux and its ROCm have the GPU.");
  }
  static auto& opener = *new RuntimeOpener;
  return opener.Open(
      request,
      {"MIGraphX",
       {{"libmigraphx_c.so.3", "system"}, {"/opt/rocm/lib/libmigraphx_c.so.3", "system"}},
       "Install ROCm's package migraphx (Debian: libmigraphx-c3 and migraphx-tools), or set "
       "ACCELNODE_ROCM_LIBRARY to its libmigraphx_c.so.3."},
      Adopt);
}

}  // namespace accelnode::rocm
