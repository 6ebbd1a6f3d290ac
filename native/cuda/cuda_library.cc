#include "cuda_library.h"

#include <filesystem>
#include <optional>
#include <utility>

#include "../platform.h"
#include "../runtime_opener.h"
#include "cuda_check.h"

namespace accelnode::cuda {

int g_major = 0;

namespace {

CudartFunctions g_cudart;
TensorRtFunctions g_tensorrt;
NvmlFunctions g_nvml;
bool g_has_nvml = false;
int g_minor = 0;

constexpr int kDriverTold = 12030;  // below it, users are told to update

// Fills a table of functions; the name of the first that is missing, or null.
#define X(result, name, parameters)                                               \
  functions.name = reinterpret_cast<result(*) parameters>(library.Symbol(#name)); \
  if (functions.name == nullptr && missing == nullptr) missing = #name;
#define ACCELNODE_RESOLVE(Name, Functions, LIST)                   \
  const char* Name(const Library& library, Functions& functions) { \
    const char* missing = nullptr;                                 \
    LIST(X)                                                        \
    return missing;                                                \
  }
ACCELNODE_RESOLVE(ResolveCudart, CudartFunctions, ACCELNODE_CUDART_FUNCTIONS)
ACCELNODE_RESOLVE(ResolveCudartOptional, CudartFunctions, ACCELNODE_CUDART_OPTIONAL_FUNCTIONS)
ACCELNODE_RESOLVE(ResolveTensorRt, TensorRtFunctions, ACCELNODE_NVINFER_FUNCTIONS)
ACCELNODE_RESOLVE(ResolveTensorRtOptional, TensorRtFunctions, ACCELNODE_NVINFER_OPTIONAL_FUNCTIONS)
ACCELNODE_RESOLVE(ResolveParser, TensorRtFunctions, ACCELNODE_ONNX_PARSER_FUNCTIONS)
ACCELNODE_RESOLVE(ResolvePlugin, TensorRtFunctions, ACCELNODE_PLUGIN_FUNCTIONS)
ACCELNODE_RESOLVE(ResolveNvml, NvmlFunctions, ACCELNODE_NVML_FUNCTIONS)
ACCELNODE_RESOLVE(ResolveNvmlOptional, NvmlFunctions, ACCELNODE_NVML_OPTIONAL_FUNCTIONS)
#undef ACCELNODE_RESOLVE
#undef X

std::string FileName(const std::string& path) {
  return std::filesystem::u8path(path).filename().u8string();
}

bool StartsWith(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

// Looks for what goes with libnvinfer: in its folder, among the candidates that lib/ named, then
// wherever the system's loader looks.
class Siblings {
 public:
  Siblings(std::string folder, std::vector<LibraryCandidate> named)
      : folder_(std::move(folder)), named_(std::move(named)) {}

  // Opens the first of `names` that `accept` takes; it says what is wrong with the others.
  template <typename Accept>
  std::optional<Library> Open(const std::vector<std::string>& names, const Accept& accept) {
    for (const LibraryCandidate& candidate : Candidates(names)) {
      LoadAttempt& attempt = attempts_.emplace_back();
      attempt.name = candidate.name;
      attempt.origin = candidate.origin;
      const Library library = Library::Open(candidate.name, &attempt.error);
      if (!library) continue;
      attempt.opened = true;
      attempt.error = accept(library);
      if (attempt.error.empty()) return library;
    }
    return std::nullopt;
  }

  std::vector<LoadAttempt> TakeAttempts() { return std::move(attempts_); }

 private:
  std::vector<LibraryCandidate> Candidates(const std::vector<std::string>& names) const {
    std::vector<LibraryCandidate> candidates;
    for (const std::string& name : names) {
      const std::string file = folder_ + "/" + name;
      if (FileExists(file)) candidates.push_back({file, "beside TensorRT"});
    }
    for (const std::string& name : names) {
      for (const LibraryCandidate& each : named_) {
        if (FileName(each.name) == name) candidates.push_back(each);
      }
    }
    for (const std::string& name : names) candidates.push_back({name, "system"});
    return candidates;
  }

  const std::string folder_;
  const std::vector<LibraryCandidate> named_;
  std::vector<LoadAttempt> attempts_;
};

std::string Missing(const char* function) {
  return function ? std::string("it has no function ") + function : std::string();
}

void OpenCudart(Siblings& siblings) {
  // The newest; but one that finds the driver too old gives way to an older one, if there is any.
  std::optional<CudartFunctions> too_new;
  const auto accept = [&](const Library& library) {
    if (const char* missing = ResolveCudart(library, g_cudart)) return Missing(missing);
    ResolveCudartOptional(library, g_cudart);
    cudaError_t status = cudaSuccess;
    CountDevices(&status);
    if (status != 35) return std::string();
    const std::string words = StatusText(status);
    if (!too_new) too_new = g_cudart;
    return words;
  };
  if (siblings.Open({"libcudart.so.13", "libcudart.so.12"}, accept)) return;
  if (!too_new) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                "CUDA's runtime, libcudart.so.13 or .12, was not found");
  }
  g_cudart = *too_new;
}

std::string ParserVersion() {
  const int version = TensorRt().getNvOnnxParserVersion();
  return std::to_string(version);
}

// Throws unless it is a TensorRT whose layout is known.
std::string CheckedVersion(const Library& library) {
  const char* missing = ResolveTensorRt(library, g_tensorrt);
  if (g_tensorrt.getInferLibVersion == nullptr) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, Missing(missing) + ": not TensorRT");
  }
  if (missing != nullptr) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                "its version is " + std::to_string(g_tensorrt.getInferLibVersion()) + " and " +
                    Missing(missing) + ": TensorRT 10.0 or later is needed");
  }
  ResolveTensorRtOptional(library, g_tensorrt);
  const int major = g_tensorrt.getInferLibMajorVersion();
  std::string version = std::to_string(major) + "." +
                        std::to_string(g_tensorrt.getInferLibMinorVersion()) + "." +
                        std::to_string(g_tensorrt.getInferLibPatchVersion());
  if (major != 10 && major != 11) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                "TensorRT " + version + " has another layout; 10 and 11 are supported");
  }
  return version;
}

// Makes `library` the TensorRT of this process, or throws why it can't be.
Runtime Adopt(const Library& library, const std::vector<LibraryCandidate>& named) {
  Runtime runtime;
  runtime.version = CheckedVersion(library);
  runtime.library = library.Path(reinterpret_cast<void*>(g_tensorrt.getInferLibVersion));
  Siblings siblings(DirectoryOf(runtime.library), named);
  OpenCudart(siblings);

  g_major = g_tensorrt.getInferLibMajorVersion();
  g_minor = g_tensorrt.getInferLibMinorVersion();
  const std::string major = std::to_string(g_major);
  bool has_parser = false;
  if (HasBuilder()) {
    has_parser =
        siblings
            .Open({"libnvonnxparser.so." + major},
                  [](const Library& each) { return Missing(ResolveParser(each, g_tensorrt)); })
            .has_value();
    if (!has_parser) {
      g_tensorrt.createNvOnnxParser_INTERNAL = nullptr;
      runtime.warnings.push_back("libnvonnxparser.so." + major +
                                 " was not found: only plans can be loaded, no ONNX models.");
    }
    siblings.Open({"libnvinfer_plugin.so." + major},
                  [](const Library& each) { return Missing(ResolvePlugin(each, g_tensorrt)); });
  }
  g_has_nvml = siblings
                   .Open({"libnvidia-ml.so.1"},
                         [](const Library& each) {
                           const char* missing = ResolveNvml(each, g_nvml);
                           if (missing != nullptr) return Missing(missing);
                           ResolveNvmlOptional(each, g_nvml);
                           const int status = g_nvml.nvmlInit_v2();
                           return status == kNvmlSuccess
                                      ? std::string()
                                      : "nvmlInit_v2 returned " + std::to_string(status);
                         })
                   .has_value();
  runtime.attempts = siblings.TakeAttempts();

  int cudart = 0;
  g_cudart.cudaRuntimeGetVersion(&cudart);
  const int driver = DriverCudaVersion();
  Value::Map details{{"tensorrt", runtime.version},
                     {"lean", !HasBuilder()},
                     {"cudart", CudaVersionText(cudart)},
                     {"nvml", g_has_nvml}};
  if (has_parser) details["parser"] = ParserVersion();
  if (driver > 0) details["driver"] = CudaVersionText(driver);
  runtime.details = std::move(details);
  if (driver > 0 && driver < kDriverTold) {
    runtime.warnings.push_back("NVIDIA's driver supports CUDA " + CudaVersionText(driver) +
                               "; 12.3 (driver 545) or later is recommended.");
  }
  return runtime;
}

}  // namespace

const CudartFunctions& Cudart() { return g_cudart; }
const TensorRtFunctions& TensorRt() { return g_tensorrt; }
const NvmlFunctions* Nvml() { return g_has_nvml ? &g_nvml : nullptr; }

bool HasGraphs() {
  return g_cudart.cudaStreamBeginCapture && g_cudart.cudaStreamEndCapture &&
         g_cudart.cudaGraphInstantiate && g_cudart.cudaGraphLaunch && g_cudart.cudaGraphDestroy &&
         g_cudart.cudaGraphExecDestroy;
}

bool HasBuilder() { return g_tensorrt.createInferBuilder_INTERNAL != nullptr; }

bool AtLeast(int major, int minor) { return g_major != major ? g_major > major : g_minor >= minor; }

std::string CudaVersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

int DriverCudaVersion() {
  int version = 0;
  return g_cudart.cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

void Destroy::operator()(void* object) const {
  // The public object's own vtable is a destructor pair; the second one frees it too.
  plain::Call(object, Method<void()>{1, 1});
}

Runtime OpenLibraries(const OpenRequest& request) {
  if (OnWindows()) {
    throw Error(ErrorCode::UNSUPPORTED,
                "TensorRT runs on Linux here; its C++ interface on Windows is another one.")
        .WithHint("Use WSL2, where Linux and its TensorRT have the GPU.");
  }
  static auto& opener = *new RuntimeOpener;
  // lib/ names the files of the runtimes folder without order: libnvinfer, or what goes with it. A
  // full TensorRT, wherever it is installed, comes before a lean one.
  OpenRequest wanted;
  wanted.exclusive = request.exclusive;
  std::vector<LibraryCandidate> full, lean, named;
  for (const LibraryCandidate& candidate : request.candidates) {
    const std::string name = FileName(candidate.name);
    if (request.exclusive && wanted.candidates.empty()) {
      wanted.candidates.push_back(candidate);
    } else if (StartsWith(name, "libnvinfer_lean")) {
      lean.push_back(candidate);
    } else if (StartsWith(name, "libnvinfer.")) {
      full.push_back(candidate);
    } else {
      named.push_back(candidate);
    }
  }
  if (!request.exclusive) {
    wanted.candidates = std::move(full);
    for (const char* name : {"libnvinfer.so.11", "libnvinfer.so.10"}) {
      wanted.candidates.push_back({name, "system"});
    }
    wanted.candidates.insert(wanted.candidates.end(), lean.begin(), lean.end());
  }
  return opener.Open(wanted,
                     {"TensorRT",
                      {{"libnvinfer_lean.so.11", "system"}, {"libnvinfer_lean.so.10", "system"}},
                      "Install TensorRT 10 or 11 and CUDA's runtime and set ACCELNODE_CUDA_LIBRARY "
                      "to its libnvinfer; for plans alone, `npx accelnode runtime install "
                      "tensorrt-lean` and `npx accelnode runtime install cuda` do."},
                     [&](const Library& library) { return Adopt(library, named); });
}

}  // namespace accelnode::cuda
