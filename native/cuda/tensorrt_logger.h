// TensorRT's words. What it reports or logs as an error while one of our operations goes on becomes
// that operation's message: the return values say only that something went wrong.
#pragma once

#include <cstdint>
#include <string>

#include "tensorrt_recorder.h"

namespace accelnode::cuda {

// The process's logger, in the layout of the opened TensorRT.
void* Logger();

// An operation. Collects what is reported to `recorder` from here on, by any thread; without one,
// to that of the operation around this one. What is only logged is collected as far as it can be
// told to belong here: what the calling thread logs, or threads that belong to no operation.
// Nothing of it is left for the operation around this one.
class LogScope {
 public:
  explicit LogScope(ErrorRecorder* recorder = nullptr);
  ~LogScope();
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  std::string Errors() const;  // one to a line
  bool LacksMemory() const;
  // Why TensorRT did not get what it asked of us.
  std::optional<Error> Cause() const;
  void Add(const char* text);

  // Of the calling thread's operation; null when it has none.
  static ErrorRecorder* Recorder();

 private:
  LogScope* const outer_;
  ErrorRecorder* const recorder_;
  const size_t recorded_;
  const uint64_t since_;
  std::string errors_;
};

// "<what> TensorRT: <its words>", as OUT_OF_MEMORY or DEVICE_LOST where that is the reason, else as
// `code`. `call` is the method that failed; or the call of CUDA's for TensorRT that did.
Error TensorRtError(const LogScope& log, const char* call, const std::string& what, ErrorCode code);

// Throws it: Call(…) || Refuse(log, "IExecutionContext::enqueueV3", "The run failed.")
bool Refuse(const LogScope& log, const char* call, const std::string& what,
            ErrorCode code = ErrorCode::VENDOR_FAILURE);

}  // namespace accelnode::cuda
