// The functions of libnvonnxparser. Built for each major.
#include "parser.h"
#include "tensorrt.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {
constexpr int kVersion = TENSORRT_MAJOR == 10 ? 100 : 200;
}

EXPORT int getNvOnnxParserVersion() { return kVersion; }

EXPORT void* createNvOnnxParser_INTERNAL(void* network, void* logger, int version) {
  if (version != kVersion) {
    fake::Violation(fake::Format(
        "createNvOnnxParser_INTERNAL with version %d, while the library is %d", version, kVersion));
    return nullptr;
  }
  const int release = fake::ReleaseOf(TENSORRT_MAJOR);
  if (release >= 110000 && !fake::CheckInterface(logger, "ILogger")) return nullptr;
  return fake::NewParser(network, fake::Logger(logger, release), release);
}
