#include "rknn_library.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "../platform.h"
#include "../runtime_opener.h"
#include "../system_files.h"
#include "rknn_system.h"

namespace accelnode::rknn {
namespace {

Functions g_functions;
std::string g_version;

constexpr const char* kUnknown = "unknown";
constexpr const char* kLeastRelease = "1.6";

// Resolves every function; the name of the first obligatory one that is missing, or null.
const char* Resolve(const Library& library, Functions& functions) {
#define X(result, name, parameters) \
  functions.name = reinterpret_cast<result(*) parameters>(library.Symbol("rknn_" #name));
  ACCELNODE_RKNN_OPTIONAL_FUNCTIONS(X)
#undef X
#define X(result, name, parameters)                                                       \
  functions.name = reinterpret_cast<result(*) parameters>(library.Symbol("rknn_" #name)); \
  if (functions.name == nullptr) return "rknn_" #name;
  ACCELNODE_RKNN_FUNCTIONS(X)
#undef X
  return nullptr;
}

// Before a model is loaded no function tells it; the file does, in words that it logs later:
// "librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)".
std::string ReadVersion(const std::string& path) {
  const std::optional<std::string> file = ReadText(path);
  if (!file) return kUnknown;
  for (const std::string mark : {"librknnrt version: ", "librknn_api version: "}) {
    for (size_t at = file->find(mark); at != std::string::npos; at = file->find(mark, at + 1)) {
      const size_t begin = at + mark.size();
      const size_t end = file->find_first_not_of("0123456789.", begin);
      if (end != std::string::npos && end > begin) return file->substr(begin, end - begin);
    }
  }
  return kUnknown;
}

Runtime Adopt(const Library& library) {
  Functions functions;
  if (const char* missing = Resolve(library, functions)) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                std::string("it has no function ") + missing + ": not RKNN's runtime");
  }
  Runtime runtime;
  runtime.library = library.Path(reinterpret_cast<void*>(functions.init));
  runtime.version = ReadVersion(runtime.library);
  g_functions = functions;
  g_version = runtime.version;
  Value::Map details;
  if (g_version != kUnknown && IsOlder(g_version, kLeastRelease)) {
    runtime.warnings.push_back("librknnrt " + g_version + " is older than " + kLeastRelease +
                               ", the first that accelnode is made for. Update it.");
  }
  if (functions.dup_context == nullptr) {
    runtime.warnings.push_back(
        "This librknnrt has no rknn_dup_context: each lane takes memory for the weights again.");
  }
  const std::string driver = DriverVersion();
  if (!driver.empty()) details["driver"] = driver;
  std::string warning = DriverWarning(driver);
  if (!warning.empty()) runtime.warnings.push_back(std::move(warning));
  details["zeroCopy"] = HasZeroCopy();
  runtime.details = std::move(details);
  return runtime;
}

}  // namespace

const Functions& Api() { return g_functions; }
const std::string& LibraryVersion() { return g_version; }

// Without rknn_mem_sync nobody could say when the CPU has written what the NPU is to read.
bool HasZeroCopy() {
  const Functions& api = Api();
  return api.create_mem && api.create_mem2 && api.create_mem_from_fd && api.destroy_mem &&
         api.set_io_mem && api.mem_sync;
}

Runtime OpenLibrary(const OpenRequest& request) {
  if (OnWindows()) {
    throw Error(ErrorCode::UNSUPPORTED, "Rockchip's NPUs run under Linux.");
  }
  static auto& opener = *new RuntimeOpener;
  return opener.Open(
      request,
      {"RKNN",
       {{"librknnrt.so", "system"}, {"librknn_api.so", "system"}},
       "Put librknnrt.so of rknn-toolkit2 (rknpu2/runtime/Linux/librknn_api/aarch64) "
       "into /usr/lib, or set ACCELNODE_RKNN_LIBRARY to it."},
      Adopt);
}

std::string DriverWarning(const std::string& driver) {
  if (driver.empty() || !IsOlder(driver, kLeastDriver)) return {};
  return "The NPU's driver is " + driver + ", older than " + kLeastDriver + ": librknnrt " +
         LibraryVersion() + " may fail with it, or compute wrongly. Update the board's kernel.";
}

}  // namespace accelnode::rknn
