// What TFLite and its delegates have to say about one interpreter.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "tflite_abi.h"

namespace accelnode::armnn {

class Reporter {
 public:
  // For TfLiteInterpreterOptionsSetErrorReporter, with the Reporter as user data.
  static void Report(void* reporter, const char* format, va_list arguments);

  void Add(std::string line);

  // What came since the last call, a line each; empty when nothing did.
  std::string Take();

  // Operators that the delegate has left to TFLite, each once: "COS".
  std::vector<std::string> FallbackOperators() const;

 private:
  mutable std::mutex mutex_;  // delegates have threads
  std::string text_;
  std::vector<std::string> fallback_operators_;
};

}  // namespace accelnode::armnn
