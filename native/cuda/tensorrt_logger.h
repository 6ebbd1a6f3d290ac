// TensorRT's log. What it logs as an error while one of our operations goes on becomes that
// operation's message: the return values say only that something went wrong.
#pragma once

#include <cstdint>
#include <string>

#include "../error.h"

namespace accelnode::cuda {

// The process's logger, in the layout of the opened TensorRT.
void* Logger();

// Collects the errors of the calling thread from here on. Of other threads too, where they belong
// to no operation: builders log from threads of their own.
class LogScope {
 public:
  LogScope();
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  std::string Errors() const;  // one to a line
  void Add(const char* text);

 private:
  LogScope* const outer_;
  const uint64_t since_;
  std::string errors_;
};

// "<what> TensorRT: <its words>", as OUT_OF_MEMORY or DEVICE_LOST where that is the reason, else as
// `code`. `call` is the method that failed.
Error TensorRtError(const LogScope& log, const char* call, const std::string& what, ErrorCode code);

// Throws it: Call(…) || Refuse(log, "IExecutionContext::enqueueV3", "The run failed.")
bool Refuse(const LogScope& log, const char* call, const std::string& what,
            ErrorCode code = ErrorCode::VENDOR_FAILURE);

}  // namespace accelnode::cuda
