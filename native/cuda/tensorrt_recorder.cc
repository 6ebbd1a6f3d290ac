#include "tensorrt_recorder.h"

#include <algorithm>
#include <utility>

namespace accelnode::cuda {
namespace {

constexpr size_t kMostReports = 64;  // a build can go wrong in many places

}  // namespace

bool TellLackOfMemory(const std::string& words) {
  const auto all = {"out of memory", "OutOfMemory", "Out of memory", "bad_alloc",
                    "cudaErrorMemoryAllocation"};
  return std::any_of(all.begin(), all.end(),
                     [&](const char* each) { return words.find(each) != words.npos; });
}

int32_t ErrorRecorder::getNbErrors() const noexcept {
  std::lock_guard lock(mutex_);
  return static_cast<int32_t>(reports_.size());
}

int32_t ErrorRecorder::getErrorCode(int32_t index) const noexcept {
  std::lock_guard lock(mutex_);
  const auto at = static_cast<size_t>(index);
  return index >= 0 && at < reports_.size() ? reports_[at].code : trt::kInvalidArgument;
}

const char* ErrorRecorder::getErrorDesc(int32_t index) const noexcept {
  std::lock_guard lock(mutex_);
  const auto at = static_cast<size_t>(index);
  return index >= 0 && at < reports_.size() ? reports_[at].words.c_str() : "";
}

bool ErrorRecorder::hasOverflowed() const noexcept {
  std::lock_guard lock(mutex_);
  return overflowed_;
}

void ErrorRecorder::clear() noexcept { Forget(0); }

bool ErrorRecorder::reportError(int32_t code, const char* description) noexcept {
  try {
    Add({code, description ? description : "", std::nullopt});
  } catch (...) {
    // No memory for the words. Whatever failed says so by what it returns.
  }
  return true;  // it is an error: TensorRT shall not go on
}

void ErrorRecorder::AddCause(const Error& cause) noexcept {
  try {
    Add({trt::kFailedAllocation, "", cause});
  } catch (...) {
    // Likewise.
  }
}

void ErrorRecorder::Add(Report report) {
  std::lock_guard lock(mutex_);
  reports_.push_back(std::move(report));
  overflowed_ = reports_.size() > kMostReports;
  if (!overflowed_) return;
  reports_.pop_front();  // why something failed in the end comes last
  ++dropped_;
}

size_t ErrorRecorder::count() const {
  std::lock_guard lock(mutex_);
  return dropped_ + reports_.size();
}

void ErrorRecorder::Forget(size_t begin) {
  std::lock_guard lock(mutex_);
  while (!reports_.empty() && dropped_ + reports_.size() > begin) reports_.pop_back();
  overflowed_ = false;
}

size_t ErrorRecorder::IndexOf(size_t number) const { return std::max(number, dropped_) - dropped_; }

std::string ErrorRecorder::WordsSince(size_t begin) const {
  std::lock_guard lock(mutex_);
  std::string words;
  for (size_t i = IndexOf(begin); i < reports_.size(); ++i) {
    if (reports_[i].words.empty()) continue;
    words += (words.empty() ? "" : "\n") + reports_[i].words;
  }
  return words;
}

bool ErrorRecorder::LacksMemorySince(size_t begin) const {
  std::lock_guard lock(mutex_);
  return IndexOf(begin) < reports_.size() && reports_.back().LacksMemory();
}

std::optional<Error> ErrorRecorder::CauseSince(size_t begin) const {
  std::lock_guard lock(mutex_);
  for (size_t i = reports_.size(); i > IndexOf(begin) && reports_[i - 1].LacksMemory(); --i) {
    if (reports_[i - 1].cause) return reports_[i - 1].cause;
  }
  return std::nullopt;
}

bool ErrorRecorder::Report::LacksMemory() const {
  return code == trt::kFailedAllocation || TellLackOfMemory(words);
}

}  // namespace accelnode::cuda
