// The one error type of the addon. Backends throw it; to_js.cc turns it into an AccelError.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "value.h"

namespace accelnode {

// Every code a caller can meet. lib/errors.ts repeats the names for TypeScript; a test compares.
#define ACCELNODE_ERROR_CODES(X) \
  X(RUNTIME_NOT_FOUND)           \
  X(RUNTIME_INCOMPATIBLE)        \
  X(DEVICE_NOT_FOUND)            \
  X(MODEL_INVALID)               \
  X(MODEL_UNSUPPORTED)           \
  X(OUT_OF_MEMORY)               \
  X(DEVICE_LOST)                 \
  X(UNSUPPORTED)                 \
  X(INVALID_ARGUMENT)            \
  X(CLOSED)                      \
  X(CANCELLED)                   \
  X(TIMEOUT)                     \
  X(QUEUE_FULL)                  \
  X(VENDOR_FAILURE)

enum class ErrorCode {
#define X(name) name,
  ACCELNODE_ERROR_CODES(X)
#undef X
};

const char* ErrorCodeName(ErrorCode code);

// `message` carries the vendor's own words where there are any, `hint` what the user can do.
struct Error : std::exception {
  Error(ErrorCode error_code, std::string text) : code(error_code), message(std::move(text)) {}

  // Chained at the throw: throw Error(...).WithCall("ov_infer_request_infer", -1).WithHint("...").
  Error&& WithCall(const char* function, int64_t vendor_status) && {
    call = function;
    status = vendor_status;
    return std::move(*this);
  }
  Error&& WithHint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }

  const char* what() const noexcept override { return message.c_str(); }

  ErrorCode code;
  std::string message;
  std::string hint;
  std::string call;               // the vendor function that failed, if one did
  std::optional<int64_t> status;  // what it returned
  Value details;                  // more for the caller, e.g. { libraries: every name tried }
};

// What is in flight in a catch block, as an Error: for the places where C++ exceptions must end
// (lanes, tasks and the N-API boundary).
Error CurrentError();

}  // namespace accelnode
