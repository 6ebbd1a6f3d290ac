#include "runtime_opener.h"

#include <utility>

#include "platform.h"

namespace accelnode {
namespace {

// `refusal`: why the first library that could be opened is not usable, if there was one.
Error NotUsable(const RuntimeOpener::Product& product, const std::vector<LoadAttempt>& attempts,
                const std::optional<Error>& refusal) {
  std::string message = refusal ? std::string("No usable ") + product.name + " library was found."
                                : std::string(product.name) + " was not found.";
  for (const LoadAttempt& attempt : attempts) {
    // The many names a system might have used say nothing that the message does not.
    const bool telling = attempt.origin != "system" || attempt.opened;
    if (telling) message += "\n  " + attempt.name + " (" + attempt.origin + "): " + attempt.error;
  }
  Error error(refusal ? ErrorCode::RUNTIME_INCOMPATIBLE : ErrorCode::RUNTIME_NOT_FOUND,
              std::move(message));
  error.hint = product.hint;
  if (refusal) {
    error.call = refusal->call;
    error.status = refusal->status;
  }
  error.details = Value::Map{{"libraries", ToValue(attempts)}};
  return error;
}

}  // namespace

Runtime RuntimeOpener::Open(const OpenRequest& request, const Product& product,
                            const Adopt& adopt) {
  std::lock_guard lock(mutex_);
  if (runtime_) {
    if (request.exclusive && !SameFile(request.candidates.front().name, runtime_->library)) {
      throw Error(ErrorCode::RUNTIME_INCOMPATIBLE,
                  std::string(product.name) + " is already open from " + runtime_->library +
                      ", and one process can't hold two: " + request.candidates.front().name +
                      " was refused.")
          .WithHint(std::string("Name the library before the first use of ") + product.name +
                    " in this process, or use the other one in a child process.");
    }
    return *runtime_;
  }
  std::vector<LibraryCandidate> candidates = request.candidates;
  if (!request.exclusive) {
    candidates.insert(candidates.end(), product.system_names.begin(), product.system_names.end());
  }
  std::vector<LoadAttempt> attempts;
  std::optional<Error> refusal;
  for (const LibraryCandidate& candidate : candidates) {
    LoadAttempt& attempt = attempts.emplace_back();
    attempt.name = candidate.name;
    attempt.origin = candidate.origin;
    Library library = Library::Open(candidate.name, &attempt.error);
    if (!library) continue;
    attempt.opened = true;
    try {
      Runtime runtime = adopt(library);
      // The vendor's other libraries that it tried come after.
      attempts.insert(attempts.end(), runtime.attempts.begin(), runtime.attempts.end());
      runtime.attempts = std::move(attempts);
      runtime_ = std::move(runtime);
      return *runtime_;
    } catch (const Error& error) {
      attempt.error = error.message;
      if (!refusal) refusal = error;
    }
  }
  throw NotUsable(product, attempts, refusal);
}

}  // namespace accelnode
