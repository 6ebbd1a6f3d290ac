#include "tflite_reporter.h"

#include <algorithm>
#include <cstdio>

namespace accelnode::armnn {
namespace {

// Enough to tell what is wrong; a broken model may complain of each of its tensors.
constexpr size_t kMostText = 4000;

// "Operator COS [108] is not supported by armnn_delegate." is the only sign that an operator stays
// with TFLite's own kernels. Also "Operator X [3] at node 5 …". Empty for any other line.
std::string UnsupportedOperator(const std::string& line) {
  const std::string before = "Operator ";
  const size_t begin = line.find(before);
  const size_t end = line.find(" [", begin == line.npos ? 0 : begin);
  if (begin == line.npos || end == line.npos) return {};
  if (line.find("not supported by", end) == line.npos) return {};
  return line.substr(begin + before.size(), end - begin - before.size());
}

}  // namespace

void Reporter::Report(void* reporter, const char* format, va_list arguments) {
  // TFLite is no place for an exception to pass.
  try {
    char text[1024];
    std::vsnprintf(text, sizeof text, format, arguments);
    static_cast<Reporter*>(reporter)->Add(text);
  } catch (...) {
  }
}

void Reporter::Add(std::string line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  if (line.empty()) return;
  std::lock_guard lock(mutex_);
  const std::string name = UnsupportedOperator(line);
  if (!name.empty()) {
    auto& names = fallback_operators_;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return;
  }
  if (text_.size() + line.size() > kMostText) return;
  text_ += (text_.empty() ? "" : "\n") + line;
}

std::string Reporter::Take() {
  std::lock_guard lock(mutex_);
  std::string text;
  text.swap(text_);
  return text;
}

std::vector<std::string> Reporter::FallbackOperators() const {
  std::lock_guard lock(mutex_);
  return fallback_operators_;
}

}  // namespace accelnode::armnn
