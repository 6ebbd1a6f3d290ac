// What the interposer's functions on interpreters and on signature runners have in common.
#pragma once

#include <functional>
#include <string>

#include "objects.h"

namespace fake {

// One call on an interpreter, which no other may join. `alive` is false, with a violation, when it
// is not alive.
class Call {
 public:
  Call(const TfLiteInterpreter* interpreter, const char* function);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  explicit operator bool() const { return alive_; }
  const char* function() const { return function_; }
  // With the lock held.
  void With(const std::function<void(Interpreter&)>& use) const;

  // Makes the call fail if it has to: the words are reported before.
  bool HasToFail() const;

 private:
  const TfLiteInterpreter* const interpreter_;
  const char* const function_;
  bool alive_ = false;
};

// Null for one that is not alive.
const TfLiteInterpreter* InterpreterOf(const TfLiteSignatureRunner* runner, const char* function);

// A call that returns a status, and after which no tensor is valid as it was.
TfLiteStatus Change(const Call& call, const std::function<TfLiteStatus()>& real);
TfLiteStatus Resize(const Call& call, const int* dims, int rank,
                    const std::function<TfLiteStatus()>& real);
TfLiteStatus UseMemory(const Call& call, const TfLiteInterpreter* interpreter, int tensor,
                       const TfLiteCustomAllocation& allocation,
                       const std::function<TfLiteStatus()>& real);
TfLiteStatus Allocate(const Call& call, const std::function<TfLiteStatus()>& real);
TfLiteStatus Invoke(const Call& call, const std::function<TfLiteStatus()>& real);

const TfLiteTensor* TakeTensor(const Call& call, bool is_input, int port,
                               const std::function<const TfLiteTensor*()>& real);

// False, with a violation, for a tensor that was not handed out since it last could have moved.
bool IsValid(const TfLiteTensor* tensor, const char* function);

// What it lies in, or a shadow of that.
void* DataOf(const TfLiteTensor* tensor, const char* function);

// Tells the caller's error reporter.
void Report(const Interpreter& interpreter, const std::string& text);

}  // namespace fake
