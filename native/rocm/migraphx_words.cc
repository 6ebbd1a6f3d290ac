#include "migraphx_words.h"

#include "hip_check.h"

namespace accelnode::rocm {

bool ContainsAny(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != text.npos) return true;
  }
  return false;
}

std::string TakeReason(WordScope& words) {
  std::string text = words.Take();
  // Warnings may stand before it.
  const std::string mark = ": Error: ";
  const size_t at = text.find(mark);
  return at == text.npos ? text : text.substr(at + mark.size());
}

Error MigraphxError(WordScope& words, migraphx_status status, const char* function) {
  const std::string text = TakeReason(words);
  ErrorCode code = ErrorCode::VENDOR_FAILURE;
  if (ContainsAny(text, {"out of memory", "bad_alloc", "Memory not available"})) {
    code = ErrorCode::OUT_OF_MEMORY;
  } else if (ContainsAny(text, {"No device", "no ROCm-capable device"})) {
    code = ErrorCode::DEVICE_NOT_FOUND;
  } else if (DeviceIsLost()) {
    code = ErrorCode::DEVICE_LOST;
  }
  return Error(code, "MIGraphX: " + (text.empty() ? "its reason is on stderr only." : text))
      .WithCall(function, status);
}

}  // namespace accelnode::rocm
