#include "tensorrt_logger.h"

#include <deque>
#include <mutex>

#include "cuda_check.h"
#include "tensorrt_slots.h"

namespace accelnode::cuda {
namespace {

thread_local LogScope* t_scope = nullptr;

// Errors of threads without a scope, the last few.
struct Strays {
  std::mutex mutex;
  uint64_t count = 0;
  std::deque<std::string> last;
};
constexpr size_t kKeptStrays = 16;

Strays& GetStrays() {
  static auto& strays = *new Strays;
  return strays;
}

void Log(int32_t severity, const char* text) noexcept {
  if (severity > trt::kSeverityError || text == nullptr) return;
  try {
    if (t_scope != nullptr) return t_scope->Add(text);
    Strays& strays = GetStrays();
    std::lock_guard lock(strays.mutex);
    ++strays.count;
    strays.last.emplace_back(text);
    if (strays.last.size() > kKeptStrays) strays.last.pop_front();
  } catch (...) {
    // No memory for the words. Whatever failed says so by what it returns.
  }
}

class Logger10 final : public ILogger10 {
 public:
  void log(int32_t severity, const char* text) noexcept override { Log(severity, text); }
};

class Logger11 final : public ILogger11 {
 public:
  void log(int32_t severity, const char* text) noexcept override { Log(severity, text); }
};

}  // namespace

void* Logger() {
  // Never destroyed: TensorRT keeps the first one that it is given.
  static auto* logger10 = new Logger10;
  static auto* logger11 = new Logger11;
  if (g_major == 10) return static_cast<ILogger10*>(logger10);
  return static_cast<ILogger11*>(logger11);
}

LogScope::LogScope(ErrorRecorder* recorder)
    : outer_(t_scope),
      recorder_(recorder ? recorder : Recorder()),
      recorded_(recorder_ ? recorder_->count() : 0),
      since_([] {
        std::lock_guard lock(GetStrays().mutex);
        return GetStrays().count;
      }()) {
  t_scope = this;
}

LogScope::~LogScope() {
  if (recorder_ != nullptr) recorder_->Forget(recorded_);
  t_scope = outer_;
}

ErrorRecorder* LogScope::Recorder() { return t_scope ? t_scope->recorder_ : nullptr; }

bool LogScope::LacksMemory() const {
  if (recorder_ != nullptr && recorder_->count() > recorded_) {
    return recorder_->LacksMemorySince(recorded_);
  }
  const std::string words = Errors();
  return TellLackOfMemory(words.substr(words.rfind('\n') + 1));
}

std::optional<Error> LogScope::Cause() const {
  return recorder_ ? recorder_->CauseSince(recorded_) : std::nullopt;
}

void LogScope::Add(const char* text) {
  errors_ += (errors_.empty() ? "" : "\n") + std::string(text);
}

std::string LogScope::Errors() const {
  if (recorder_ != nullptr) {
    std::string words = recorder_->WordsSince(recorded_);
    if (!words.empty()) return words;
  }
  if (!errors_.empty()) return errors_;
  Strays& strays = GetStrays();
  std::lock_guard lock(strays.mutex);
  std::string errors;
  uint64_t number = strays.count - strays.last.size();
  for (const std::string& text : strays.last) {
    if (number++ >= since_) errors += (errors.empty() ? "" : "\n") + text;
  }
  return errors;
}

Error TensorRtError(const LogScope& log, const char* call, const std::string& what,
                    ErrorCode code) {
  const std::string words = log.Errors();
  const std::string told = words.empty() ? " TensorRT gave no reason." : " TensorRT: " + words;
  if (const std::optional<Error> cause = log.Cause()) {
    return Error(cause->code, what + " " + cause->message + told)
        .WithCall(cause->call.c_str(), cause->status.value_or(0))
        .WithHint(cause->hint);
  }
  if (log.LacksMemory()) {
    code = ErrorCode::OUT_OF_MEMORY;
  } else if (DeviceIsLost()) {
    code = ErrorCode::DEVICE_LOST;
  }
  return Error(code, what + told).WithCall(call, 0);
}

bool Refuse(const LogScope& log, const char* call, const std::string& what, ErrorCode code) {
  throw TensorRtError(log, call, what, code);
}

}  // namespace accelnode::cuda
