// Arm NN's delegate is written for TFLite's C++ library. Beside the function table that TFLite
// hands it, it uses these few things of that library, which the C library keeps to itself. They are
// compiled into the delegate, so that it runs in any TFLite.
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "tensorflow/lite/core/c/common.h"
#include "tensorflow/lite/minimal_logging.h"

namespace tflite {
namespace logging_internal {

LogSeverity MinimalLogger::minimum_log_severity_ = TFLITE_LOG_WARNING;

LogSeverity MinimalLogger::GetMinimumLogSeverity() { return minimum_log_severity_; }

LogSeverity MinimalLogger::SetMinimumLogSeverity(LogSeverity severity) {
  const LogSeverity before = minimum_log_severity_;
  minimum_log_severity_ = severity;
  return before;
}

void MinimalLogger::LogFormatted(LogSeverity severity, const char* format, va_list values) {
  if (severity < minimum_log_severity_) return;
  std::fputs("TFLite: ", stderr);
  std::vfprintf(stderr, format, values);
  std::fputc('\n', stderr);
}

void MinimalLogger::Log(LogSeverity severity, const char* format, ...) {
  va_list values;
  va_start(values, format);
  LogFormatted(severity, format, values);
  va_end(values);
}

}  // namespace logging_internal
}  // namespace tflite

// TFLite frees arrays that the delegate makes, and the other way round: on both sides they are one
// block of malloc, the count and then the elements.
extern "C" TfLiteIntArray* TfLiteIntArrayCreate(int size) {
  const size_t bytes = offsetof(TfLiteIntArray, data) + sizeof(int) * static_cast<size_t>(size);
  auto* array = static_cast<TfLiteIntArray*>(std::malloc(bytes));
  if (array != nullptr) array->size = size;
  return array;
}

extern "C" void TfLiteIntArrayFree(TfLiteIntArray* array) { std::free(array); }
