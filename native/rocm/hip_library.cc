#include "hip_library.h"

namespace accelnode::rocm {
namespace {

HipFunctions g_hip;
bool g_has_hip = false;

// The name of the first function that is missing, or null.
const char* ResolveHip(const Library& library) {
  const char* missing = nullptr;
#define X(result, name, parameters)                                           \
  g_hip.name = reinterpret_cast<result(*) parameters>(library.Symbol(#name)); \
  if (g_hip.name == nullptr && missing == nullptr) missing = #name;
  ACCELNODE_HIP_FUNCTIONS(X)
#undef X
  return missing;
}

}  // namespace

const HipFunctions& Hip() { return g_hip; }
bool HasHip() { return g_has_hip; }

void OpenHip(std::vector<LoadAttempt>& attempts) {
  constexpr const char* kNames[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5"};
  const auto accept = [&](const char* name, const char* origin, const Library& library,
                          std::string error) {
    LoadAttempt attempt{name, origin, static_cast<bool>(library), std::move(error)};
    if (library) {
      const char* missing = ResolveHip(library);
      g_has_hip = missing == nullptr;
      if (missing != nullptr) attempt.error = std::string("it has no function ") + missing;
    }
    attempts.push_back(std::move(attempt));
    return g_has_hip;
  };
  // Memory of one HIP is nothing to another, so the one that MIGraphX computes with comes first.
  for (const char* name : kNames) {
    const Library library = Library::FindLoaded(name);
    if (library && accept(name, "loaded by MIGraphX", library, {})) return;
  }
  for (const char* name : kNames) {
    std::string error;
    const Library library = Library::Open(name, &error);
    if (accept(name, "system", library, std::move(error))) return;
  }
}

}  // namespace accelnode::rocm
