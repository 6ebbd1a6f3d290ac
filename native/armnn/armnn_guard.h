// Calls that may run code of the delegate.
#pragma once

#include <exception>
#include <string>

#include "../error.h"
#include "../stream_words.h"
#include "tflite_reporter.h"

namespace accelnode::armnn {

// The delegate's C++ exceptions come through TFLite's C functions: they become Errors. What Arm NN
// logs meanwhile, to std::cout, goes to the reporter.
template <typename Call>
auto Guarded(Reporter& reporter, const char* function, Call&& call) -> decltype(call()) {
  WordScope log(StandardOutput());
  std::string words;
  try {
    auto result = call();
    reporter.AddLog(log.Take());
    return result;
  } catch (const std::exception& exception) {
    words = exception.what();
  } catch (...) {
    words = "an exception of an unknown kind";
  }
  reporter.AddLog(log.Take());
  throw Error(CodeFor(words, ErrorCode::VENDOR_FAILURE), "Arm NN threw: " + words)
      .WithCall(function, -1);
}

}  // namespace accelnode::armnn
