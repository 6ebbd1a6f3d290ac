#include "tensorrt_recorder.h"

#include <utility>

namespace accelnode::cuda {
namespace {

constexpr size_t kMostReports = 64;  // a build can go wrong in many places

}  // namespace

int32_t ErrorRecorder::getNbErrors() const noexcept { return static_cast<int32_t>(size()); }

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

void ErrorRecorder::clear() noexcept { Shrink(0); }

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
  overflowed_ = reports_.size() >= kMostReports;
  if (!overflowed_) reports_.push_back(std::move(report));
}

size_t ErrorRecorder::size() const {
  std::lock_guard lock(mutex_);
  return reports_.size();
}

void ErrorRecorder::Shrink(size_t size) {
  std::lock_guard lock(mutex_);
  while (reports_.size() > size) reports_.pop_back();
  overflowed_ = false;
}

std::string ErrorRecorder::WordsSince(size_t begin) const {
  std::lock_guard lock(mutex_);
  std::string words;
  for (size_t i = begin; i < reports_.size(); ++i) {
    if (reports_[i].words.empty()) continue;
    words += (words.empty() ? "" : "\n") + reports_[i].words;
  }
  return words;
}

bool ErrorRecorder::LacksMemorySince(size_t begin) const {
  std::lock_guard lock(mutex_);
  for (size_t i = begin; i < reports_.size(); ++i) {
    if (!reports_[i].cause && reports_[i].code == trt::kFailedAllocation) return true;
  }
  return false;
}

std::optional<Error> ErrorRecorder::CauseSince(size_t begin) const {
  std::lock_guard lock(mutex_);
  for (size_t i = begin; i < reports_.size(); ++i) {
    if (reports_[i].cause) return reports_[i].cause;
  }
  return std::nullopt;
}

}  // namespace accelnode::cuda
