#include "tflite_library.h"

#include <cstdio>

#include "../platform.h"
#include "../runtime_opener.h"

namespace accelnode::armnn {
namespace {

Functions g_functions;

// What distributions and TFLite's own builds call the C library. Debian's libtensorflow-lite has
// the C API in it.
std::vector<LibraryCandidate> SystemCandidates() {
  std::vector<LibraryCandidate> candidates;
#if defined(_WIN32)
  const char* const names[] = {"tensorflowlite_c.dll"};
#elif defined(__APPLE__)
  const char* const names[] = {"libtensorflowlite_c.dylib"};
#else
  const char* const names[] = {"libtensorflowlite_c.so", "libtensorflow-lite.so",
                               "libtensorflow-lite.so.2", "libtensorflow-lite.so.2.14.1"};
#endif
  for (const char* name : names) candidates.push_back({name, "system"});
  return candidates;
}

// Resolves every function; the name of the first obligatory one that is missing, or null.
const char* ResolveFunctions(const Library& library, Functions& functions) {
#define X(result, name, parameters) \
  functions.name = reinterpret_cast<result(*) parameters>(library.Symbol(#name));
  ACCELNODE_TFLITE_OPTIONAL_FUNCTIONS(X)
#undef X
#define X(result, name, parameters)                                               \
  functions.name = reinterpret_cast<result(*) parameters>(library.Symbol(#name)); \
  if (functions.name == nullptr) return #name;
  ACCELNODE_TFLITE_FUNCTIONS(X)
#undef X
  return nullptr;
}

Runtime Adopt(const Library& library) {
  Functions functions;
  if (const char* missing = ResolveFunctions(library, functions)) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                std::string("it has no function ") + missing + ": not TFLite's C library");
  }
  Runtime runtime;
  runtime.version = functions.TfLiteVersion();
  int major = 0, minor = 0;
  if (std::sscanf(runtime.version.c_str(), "%d.%d", &major, &minor) != 2 || major != 2 ||
      minor < 9) {
    throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                "TFLite " + runtime.version + " is not of the versions 2.9 and later");
  }
  runtime.library = library.Path(reinterpret_cast<void*>(functions.TfLiteModelCreate));
  g_functions = functions;
  return runtime;
}

struct TypeRow {
  TfLiteType number;
  DataType type;
};

constexpr TypeRow kTypes[] = {
    {1, DataType::kFloat32},  {2, DataType::kInt32},   {3, DataType::kUint8},
    {4, DataType::kInt64},    {5, DataType::kString},  {6, DataType::kBool},
    {7, DataType::kInt16},    {9, DataType::kInt8},    {10, DataType::kFloat16},
    {11, DataType::kFloat64}, {13, DataType::kUint64}, {16, DataType::kUint32},
    {17, DataType::kUint16},  {18, DataType::kInt4},   {19, DataType::kBFloat16},
    {21, DataType::kUint4},
};

}  // namespace

const Functions& Api() { return g_functions; }

Runtime OpenTflite(const OpenRequest& request) {
  static auto& opener = *new RuntimeOpener;
  return opener.Open(
      request,
      {"TFLite", SystemCandidates(),
       "Set ACCELNODE_ARMNN_LIBRARY to a libtensorflowlite_c of TFLite 2.9 or later."},
      Adopt);
}

DataType FromTflite(TfLiteType type) {
  for (const TypeRow& row : kTypes) {
    if (row.number == type) return row.type;
  }
  return DataType::kUnknown;
}

}  // namespace accelnode::armnn
