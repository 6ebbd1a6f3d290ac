#include "armnn_delegate.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>

#include "../platform.h"
#include "../runtime_opener.h"
#include "armnn_guard.h"

namespace accelnode::armnn {
namespace {

struct DelegateFunctions {
#define X(result, name, parameters) result(*name) parameters = nullptr;
  ACCELNODE_DELEGATE_FUNCTIONS(X)
#undef X
};

DelegateFunctions g_delegate;
std::mutex g_mutex;
std::string g_library, g_libarmnn, g_named;
std::atomic<bool> g_log_is_caught{false};
// What the one Arm NN of this process was started with.
std::optional<std::map<std::string, std::string>> g_process_options;

// Arm NN keeps these from the first delegate of a process and ignores those of later ones.
bool BelongsToProcess(const std::string& key) {
  static const std::set<std::string> kKeys = {"dynamic-backends-path", "gpu-tuning-level",
                                              "gpu-tuning-file", "gpu-kernel-profiling-enabled"};
  return kKeys.count(key) > 0;
}

// report_error gets no user data; it is called on the thread that makes the delegate.
thread_local std::string t_words;

void KeepWords(const char* words) {
  try {
    t_words += (t_words.empty() ? "" : "\n") + std::string(words);
  } catch (...) {
  }
}

Runtime AdoptDelegate(const Library& library) {
  DelegateFunctions functions;
#define X(result, name, parameters)                                               \
  functions.name = reinterpret_cast<result(*) parameters>(library.Symbol(#name)); \
  if (functions.name == nullptr) {                                                \
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,                                  \
                "it has no function " #name ": not a delegate of TFLite");        \
  }
  ACCELNODE_DELEGATE_FUNCTIONS(X)
#undef X
  Runtime runtime;
  runtime.library = library.Path(reinterpret_cast<void*>(functions.tflite_plugin_create_delegate));
  // A function of Arm NN itself, to find its library: armnn::ConfigureLogging.
  const void* inside = library.Symbol("_ZN5armnn16ConfigureLoggingEbbNS_11LogSeverityE");
  g_libarmnn = inside == nullptr ? runtime.library : library.Path(inside);
  g_log_is_caught = StandardOutput().Catch(library);
  g_delegate = functions;
  return runtime;
}

OpenRequest RequestFor(const std::string& named) {
  OpenRequest request;
  const char* variable = std::getenv("ACCELNODE_ARMNN_DELEGATE");
  std::lock_guard lock(g_mutex);
  if (named.empty() && !g_named.empty()) {
    request.candidates.push_back({g_named, "option"});
  } else if (!named.empty()) {
    request.candidates.push_back({named, "option"});
  } else if (variable != nullptr && *variable != '\0') {
    request.candidates.push_back({variable, "ACCELNODE_ARMNN_DELEGATE"});
  }
  request.exclusive = !request.candidates.empty();
  return request;
}

void CheckProcessOptions(const DelegateOptions& options) {
  std::map<std::string, std::string> wanted;
  for (const auto& [key, value] : options) {
    if (BelongsToProcess(key)) wanted[key] = value;
  }
  if (!g_process_options) g_process_options = wanted;
  if (*g_process_options == wanted) return;
  const auto text = [](const std::map<std::string, std::string>& values) {
    std::string all;
    for (const auto& [key, value] : values) all += (all.empty() ? "" : ", ") + key + "=" + value;
    return all.empty() ? std::string("nothing") : all;
  };
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "Arm NN keeps its tuning and its backends for the whole process. An earlier session "
              "of this process has set " +
                  text(*g_process_options) + "; this one wants " + text(wanted) + ".")
      .WithHint("Use the same options of armnn.tuning and armnn.dynamicBackends in all sessions.");
}

}  // namespace

void NameDelegate(const std::string& path) {
  std::lock_guard lock(g_mutex);
  g_named = path;
}

void OpenDelegate(const std::string& named) {
  static auto& opener = *new RuntimeOpener;
  const std::vector<LibraryCandidate> names = {{"libarmnnDelegate.so", "system"},
                                               {"libarmnnDelegate.so.29", "system"},
                                               {"libarmnnDelegate.so.28", "system"}};
  const Runtime runtime = opener.Open(
      RequestFor(named),
      {"Arm NN's delegate", names,
       "Unpack Arm NN's release for this machine (libarmnn, libarmnnDelegate) and set "
       "ACCELNODE_ARMNN_DELEGATE to its libarmnnDelegate.so. Without it there is armnn:tflite."},
      AdoptDelegate);
  std::lock_guard lock(g_mutex);
  g_library = runtime.library;
}

std::string DelegateLibrary() {
  std::lock_guard lock(g_mutex);
  return g_library;
}

std::string ArmnnLibrary() {
  std::lock_guard lock(g_mutex);
  return g_libarmnn;
}

bool LogIsCaught() { return g_log_is_caught; }

void FreeDelegate::operator()(TfLiteDelegate* delegate) const {
  g_delegate.tflite_plugin_destroy_delegate(delegate);
}

DelegateOptions MakeDelegateOptions(const std::string& device, const Value& options) {
  const auto yes = [](bool value) { return value ? "true" : "false"; };
  const bool fast = options.Bool("fastMath", true);
  const bool half = options.Bool("fp16Turbo", false);
  DelegateOptions all = {
      {"backends", device},
      {"logging-severity", options.String("logging", "warning")},
      {"enable-fast-math", yes(fast)},
      {"reduce-fp32-to-fp16", yes(half)},
  };
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) all.emplace_back(key, value);
  };
  if (const double* threads = options["threads"].AsNumber()) {
    add("number-of-threads", std::to_string(static_cast<int>(*threads)));
  }
  if (options.Bool("memoryImport", false)) add("memory-import", "true");
  add("dynamic-backends-path", options.String("dynamicBackends"));
  const Value& tuning = options["tuning"];
  if (tuning.IsSet()) {
    add("gpu-tuning-level", std::to_string(static_cast<int>(tuning.Number("level", 2))));
    add("gpu-tuning-file", tuning.String("file"));
  }
  return all;
}

DelegateOptions WithNetworkFile(DelegateOptions options, const std::string& path, bool save) {
  options.emplace_back("cached-network-filepath", path);
  options.emplace_back("save-cached-network", save ? "true" : "false");
  return options;
}

DelegateHandle MakeDelegate(const DelegateOptions& options, Reporter& reporter) {
  // One at a time: Arm NN starts itself with the first.
  std::lock_guard lock(g_mutex);
  CheckProcessOptions(options);
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : options) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  t_words.clear();
  DelegateHandle delegate(Guarded(reporter, "tflite_plugin_create_delegate", [&] {
    return g_delegate.tflite_plugin_create_delegate(keys.data(), values.data(), keys.size(),
                                                    KeepWords);
  }));
  if (delegate) return delegate;
  std::string words = t_words.empty() ? reporter.Take() : t_words;
  if (words.empty()) words = "it gives no reason.";
  const bool no_backend = words.find("No known backend") != words.npos;
  Error error(no_backend ? ErrorCode::DEVICE_NOT_FOUND : ErrorCode::VENDOR_FAILURE,
              "Arm NN's delegate could not be made: " + words);
  error.call = "tflite_plugin_create_delegate";
  if (no_backend) {
    error.hint =
        "This Arm NN was built without the backend, or does not find it: armnn.dynamicBackends "
        "names the folder of backends that come as files of their own.";
  }
  throw error;
}

void RequireEachBackend(const std::string& device, const DelegateOptions& options,
                        Reporter& reporter) {
  static std::mutex mutex;
  static auto& present = *new std::set<std::string>;
  std::lock_guard lock(mutex);
  std::istringstream names(device);
  for (std::string name; std::getline(names, name, ',');) {
    if (present.count(name) > 0) continue;
    DelegateOptions alone = options;
    for (auto& [key, value] : alone) {
      if (key == "backends") value = name;
    }
    MakeDelegate(alone, reporter);
    present.insert(name);
  }
}

}  // namespace accelnode::armnn
