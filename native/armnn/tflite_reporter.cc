#include "tflite_reporter.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <utility>

namespace accelnode::armnn {
namespace {

// Enough to tell what is wrong; a broken model may complain of each of its tensors.
constexpr size_t kMostText = 4000;
// Lines of Arm NN's log, which can tell of each layer.
constexpr size_t kMostLog = 200;

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

bool BeginsWith(const std::string& text, const char* begin) { return text.rfind(begin, 0) == 0; }

void AddOnce(std::vector<std::string>& all, std::string one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
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
  if (name.empty()) {
    AddText(line);
  } else {
    AddOnce(fallback_operators_, name);
  }
}

void Reporter::AddLog(const std::string& lines) {
  if (lines.empty()) return;
  std::lock_guard lock(mutex_);
  std::istringstream each(lines);
  for (std::string line; std::getline(each, line);) {
    if (line.empty()) continue;
    const bool error = BeginsWith(line, "Error: ") || BeginsWith(line, "Fatal: ");
    if (error) AddText(line);
    // Warnings say what became of fp16 turbo.
    if (error || BeginsWith(line, "Warning: ") || log_.size() < kMostLog) AddOnce(log_, line);
  }
}

void Reporter::AddText(const std::string& line) {
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

std::vector<std::string> Reporter::Log() const {
  std::lock_guard lock(mutex_);
  return log_;
}

ErrorCode CodeFor(const std::string& words, ErrorCode otherwise) {
  for (const char* sign : {"bad_alloc", "out of memory", "CL_MEM_OBJECT_ALLOCATION_FAILURE",
                           "CL_OUT_OF_HOST_MEMORY", "CL_OUT_OF_RESOURCES"}) {
    if (words.find(sign) != words.npos) return ErrorCode::OUT_OF_MEMORY;
  }
  return otherwise;
}

}  // namespace accelnode::armnn
