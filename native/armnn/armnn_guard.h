// Calls that may run code of the delegate.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "../error.h"
#include "../stream_words.h"
#include "tflite_reporter.h"

namespace accelnode::armnn {

inline Error Thrown(const std::string& words, const char* function) {
  Error error(CodeFor(words, ErrorCode::VENDOR_FAILURE), "Arm NN threw: " + words);
  error.call = function;
  error.status = -1;
  if (words.find("Failed to assign a backend") != words.npos) {
    error.code = ErrorCode::MODEL_UNSUPPORTED;
    error.hint =
        "The backend has no kernel for an operator with these types. Name others after it, "
        "armnn:GpuAcc,CpuAcc,CpuRef, or use TFLite's own kernels, armnn:tflite.";
  }
  return error;
}

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
  } catch (const std::bad_alloc&) {
    throw;  // OUT_OF_MEMORY, whoever throws it
  } catch (const std::exception& exception) {
    words = exception.what();
  } catch (...) {
    words = "an exception of an unknown kind";
  }
  reporter.AddLog(log.Take());
  throw Thrown(words, function);
}

}  // namespace accelnode::armnn
