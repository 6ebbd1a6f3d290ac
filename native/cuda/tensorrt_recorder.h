// What TensorRT reports as errors of one object, in its own words. Each object that can report has
// a recorder of its own, so that loads and lanes that go on at once do not get each other's words,
// whatever threads TensorRT reports from.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "../error.h"
#include "tensorrt_abi.h"

namespace accelnode::cuda {

// Is there no more memory, by these words of TensorRT's?
bool TellLackOfMemory(const std::string& words);

// Outlives the objects that it is set on.
class ErrorRecorder final : public IErrorRecorder {
 public:
  int32_t getNbErrors() const noexcept override;
  int32_t getErrorCode(int32_t index) const noexcept override;
  const char* getErrorDesc(int32_t index) const noexcept override;
  bool hasOverflowed() const noexcept override;
  void clear() noexcept override;
  bool reportError(int32_t code, const char* description) noexcept override;
  int32_t incRefCount() noexcept override { return ++references_; }
  int32_t decRefCount() noexcept override { return --references_; }

  // Of our own, when something that TensorRT asked of us failed: why, which TensorRT is not told.
  void AddCause(const Error& cause) noexcept;

  // An operation looks at what was reported from where it began, and takes it along when it ends.
  // `begin` counts all reports, also those that are not kept any more.
  size_t count() const;
  void Forget(size_t begin);
  std::string WordsSince(size_t begin) const;  // one to a line
  // The last report decides: TensorRT may survive an allocation that is refused, and fail for
  // another reason.
  bool LacksMemorySince(size_t begin) const;
  std::optional<Error> CauseSince(size_t begin) const;

 private:
  struct Report {
    int32_t code;
    std::string words;
    std::optional<Error> cause;
    bool LacksMemory() const;
  };
  void Add(Report report);
  size_t IndexOf(size_t number) const;  // in `reports_`, of the first from there that is kept

  mutable std::mutex mutex_;
  std::deque<Report> reports_;  // the last ones; words stay where they are while others come
  size_t dropped_ = 0;          // how many came before
  bool overflowed_ = false;
  std::atomic<int32_t> references_{0};
};

}  // namespace accelnode::cuda
