#include "openvino_library.h"

#include <cstdio>
#include <sstream>

#include "../platform.h"
#include "../runtime_opener.h"
#include "openvino_types.h"

namespace accelnode::openvino {
namespace {

Functions g_functions;
std::string g_folder;

constexpr Version kOldest{2023, 0};
constexpr Version kOldestSupported{2024, 3};
constexpr Version kNewestTested{2026, 4};

// What a system's package or Intel's archive installs; the loader also looks in LD_LIBRARY_PATH,
// which OpenVINO's setupvars script sets. The unversioned name is what the system considers its
// default; the others are the versions that exist, newest first.
std::vector<LibraryCandidate> SystemCandidates() {
  std::vector<LibraryCandidate> candidates;
  auto add = [&](const std::string& name) { candidates.push_back({name, "system"}); };
#if defined(_WIN32)
  add("openvino_c.dll");
#else
#if defined(__APPLE__)
  const std::string before = "libopenvino_c.", after = ".dylib";
  add("libopenvino_c.dylib");
#else
  const std::string before = "libopenvino_c.so.", after;
  add("libopenvino_c.so");
#endif
  for (const char* version :
       {"2641", "2640", "2631", "2630", "2621", "2620", "2610", "2600", "2541", "2540", "2530",
        "2520", "2510", "2500", "2460", "2450", "2440", "2430"}) {
    add(before + version + after);
  }
#endif
  return candidates;
}

// Resolves every function; the name of the first that is missing, or null.
const char* ResolveFunctions(const Library& library, Functions& functions) {
#define X(result, name, parameters)                                               \
  functions.name = reinterpret_cast<result(*) parameters>(library.Symbol(#name)); \
  if (functions.name == nullptr) return #name;
  ACCELNODE_OPENVINO_FUNCTIONS(X)
#undef X
  return nullptr;
}

// "2026.4.1-22982-e213a147257-releases/2026/4"
Version ParseVersion(const std::string& build) {
  Version version;
  if (std::sscanf(build.c_str(), "%d.%d", &version.year, &version.minor) != 2) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                "it calls itself \"" + build + "\", which is no version of OpenVINO");
  }
  return version;
}

// Makes `library` the OpenVINO of this process, or throws why it can't be.
Runtime Adopt(const Library& library) {
  if (const char* missing = ResolveFunctions(library, g_functions)) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, std::string("it has no function ") + missing +
                                                     ": not OpenVINO's C library, or one too old");
  }
  ov_version raw{};
  OV_CALL(ov_get_openvino_version, &raw);
  Runtime runtime;
  runtime.version = raw.build_number ? raw.build_number : "";
  g_functions.ov_version_free(&raw);

  const Version version = ParseVersion(runtime.version);
  if (version < kOldest) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                "OpenVINO " + runtime.version + " is older than 2023.0");
  }
  ChooseElementTypes(version);
  if (version < kOldestSupported) {
    runtime.warnings.push_back("OpenVINO " + runtime.version +
                               " is older than 2024.3, the oldest one that accelnode supports.");
  }
  if (kNewestTested < version) {
    runtime.warnings.push_back("OpenVINO " + runtime.version +
                               " is newer than the newest one that accelnode was tested with, " +
                               std::to_string(kNewestTested.year) + "." +
                               std::to_string(kNewestTested.minor) + ".");
  }
  runtime.library = library.Path(reinterpret_cast<void*>(g_functions.ov_core_create_with_config));
  g_folder = DirectoryOf(runtime.library);
  return runtime;
}

}  // namespace

const Functions& Api() { return g_functions; }

const std::string& LibraryFolder() { return g_folder; }

Runtime OpenLibrary(const OpenRequest& request) {
  static auto& opener = *new RuntimeOpener;
  return opener.Open(
      request,
      {"OpenVINO", SystemCandidates(),
       "Run `npx accelnode runtime install openvino`, or install OpenVINO 2024.3 or later and set "
       "ACCELNODE_OPENVINO_LIBRARY to its libopenvino_c."},
      Adopt);
}

namespace {

// Drops the lines that name OpenVINO's source files and keeps what it has to say.
std::string Tidy(const std::string& raw) {
  std::istringstream lines(raw);
  std::string line, text;
  while (std::getline(lines, line)) {
    const bool location = line.rfind("Exception from ", 0) == 0 ||
                          (line.rfind("Check '", 0) == 0 && line.find("failed at ") != line.npos);
    if (line.empty() || location) continue;
    text += (text.empty() ? "" : "\n") + line;
  }
  return text.empty() ? raw : text;
}

bool Contains(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != text.npos) return true;
  }
  return false;
}

}  // namespace

void Check(ov_status status, const char* function, ErrorCode code) {
  if (status == kOk) return;
  std::string message;
  // The text is the last failure's of the whole process, so two threads failing at once may get
  // each other's; OpenVINO offers no better. The C layer itself sets none.
  if (status != kInvalidParameter) {
    const char* text = Api().ov_get_last_err_msg();
    if (text != nullptr) {
      message = Tidy(text);
      Api().ov_free(text);
    }
  }
  if (message.empty()) {
    const char* text = Api().ov_get_error_info(status);
    message = std::string(function) + " failed: " + (text ? text : "no reason given");
  }
  if (status == kInvalidParameter) {
    // A mistake in our call, whatever it was about: no fault of the model or the user.
    code = ErrorCode::VENDOR_FAILURE;
  } else if (Contains(message, {"bad_alloc", "out of memory", "Cannot allocate memory",
                                "CL_OUT_OF_HOST_MEMORY", "CL_MEM_OBJECT_ALLOCATION_FAILURE"})) {
    code = ErrorCode::OUT_OF_MEMORY;
  } else if (Contains(message, {"CL_OUT_OF_RESOURCES", "ZE_RESULT_ERROR_DEVICE_LOST"})) {
    code = ErrorCode::DEVICE_LOST;
  }
  throw Error(code, message).WithCall(function, status);
}

std::string TakeString(char* text) {
  std::string copy = text ? text : "";
  if (text != nullptr) Api().ov_free(text);
  return copy;
}

}  // namespace accelnode::openvino
