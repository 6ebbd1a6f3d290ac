// The function of libnvinfer_plugin. Built for each major.
#include "tensorrt.h"

extern "C" __attribute__((visibility("default"))) bool initLibNvInferPlugins(void* object,
                                                                             const char* name) {
  const fake::Logger logger(object, fake::ReleaseOf(TENSORRT_MAJOR));
  if (name == nullptr) fake::Violation("initLibNvInferPlugins without a namespace");
  return !fake::Fails("initLibNvInferPlugins", logger);
}
