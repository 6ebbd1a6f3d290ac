// What TFLite and its delegates have to say about one interpreter.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "../error.h"
#include "tflite_abi.h"

namespace accelnode::armnn {

class Reporter {
 public:
  // For TfLiteInterpreterOptionsSetErrorReporter, with the Reporter as user data.
  static void Report(void* reporter, const char* format, va_list arguments);

  void Add(std::string line);

  // Lines of Arm NN's log: "Warning: …". Errors are complaints too, and the first of each kind of
  // line is kept for Log().
  void AddLog(const std::string& lines);

  // The complaints since the last call, a line each; empty when there were none.
  std::string Take();

  // Operators that the delegate has left to TFLite, each once: "COS".
  std::vector<std::string> FallbackOperators() const;
  std::vector<std::string> Log() const;

 private:
  void AddText(const std::string& line);

  mutable std::mutex mutex_;  // delegates have threads
  std::string text_;
  std::vector<std::string> fallback_operators_, log_;
};

// OUT_OF_MEMORY where the vendor's words are about that, else `otherwise`.
ErrorCode CodeFor(const std::string& words, ErrorCode otherwise);

}  // namespace accelnode::armnn
