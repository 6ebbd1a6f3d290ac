// The functions of libnvinfer and libnvinfer_lean, which has no builder. Built for each major.
#include "build.h"
#include "tensorrt.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

int Release() { return fake::ReleaseOf(TENSORRT_MAJOR); }

// What the functions that make objects check first; an empty logger otherwise.
bool Check(void* logger, int version, const char* call) {
  if (logger == nullptr) {
    fake::Violation(fake::Format("%s without a logger", call));
    return false;
  }
  if (Release() >= 110000 && !fake::CheckInterface(logger, "ILogger")) return false;
  if (Release() < 110000 && fake::LooksVersioned(logger)) {
    fake::Violation(fake::Format("%s with a logger of 11, which 10 calls by other slots", call));
  }
  if (version != Release()) {
    fake::Violation(
        fake::Format("%s with version %d, while the library is %d", call, version, Release()));
    return false;
  }
  if (fake::Block().count_status != 0) {
    fake::Violation(
        fake::Format("%s without a device, where some releases abort the process", call));
    return false;
  }
  fake::NeedCurrentDevice(call);
  return true;
}

}  // namespace

EXPORT int getInferLibVersion() { return Release(); }
EXPORT int getInferLibMajorVersion() { return Release() / 10000; }
EXPORT int getInferLibMinorVersion() { return Release() / 100 % 100; }
EXPORT int getInferLibPatchVersion() { return Release() % 100; }
EXPORT int getInferLibBuildVersion() { return 7; }

EXPORT void* createInferRuntime_INTERNAL(void* object, int version) {
  if (!Check(object, version, "createInferRuntime_INTERNAL")) return nullptr;
  const fake::Logger logger(object, Release());
  if (fake::Fails("createInferRuntime_INTERNAL", logger)) return nullptr;
  return fake::Public(new fake::Runtime(Release(), logger));
}

#ifndef TENSORRT_LEAN
EXPORT void* createInferBuilder_INTERNAL(void* object, int version) {
  if (!Check(object, version, "createInferBuilder_INTERNAL")) return nullptr;
  const fake::Logger logger(object, Release());
  if (fake::Fails("createInferBuilder_INTERNAL", logger)) return nullptr;
  return fake::Public(new fake::Builder(Release(), logger));
}
#endif
