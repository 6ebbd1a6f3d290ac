#include "migraphx_words.h"

#include <ostream>
#include <streambuf>
#include <utility>

#if defined(__linux__) && defined(__GLIBCXX__)
#include <dlfcn.h>
#endif

#include "hip_check.h"

namespace accelnode::rocm {
namespace {

thread_local WordScope* t_scope = nullptr;
std::streambuf* g_behind = nullptr;  // where the stream wrote before; null: nothing is caught

class WordFilter final : public std::streambuf {
 protected:
  int_type overflow(int_type letter) override {
    if (traits_type::eq_int_type(letter, traits_type::eof())) return traits_type::not_eof(letter);
    const char text = traits_type::to_char_type(letter);
    return xsputn(&text, 1) == 1 ? letter : traits_type::eof();
  }

  std::streamsize xsputn(const char* text, std::streamsize length) override {
    if (t_scope == nullptr) return g_behind->sputn(text, length);
    try {
      t_scope->Add(text, static_cast<size_t>(length));
    } catch (...) {
      // No memory for the words. Whatever failed says so by what it returns.
    }
    return length;
  }

  int sync() override { return t_scope == nullptr ? g_behind->pubsync() : 0; }
};

#if defined(__linux__) && defined(__GLIBCXX__)

// Node closes an addon with each worker that has used it, and the stream would be left with a
// buffer whose code is gone. Opened once more, it stays. (What GCC has built stays anyway, by
// symbols that are unique in a process.)
bool StayLoaded() {
  Dl_info self{};
  return dladdr(reinterpret_cast<void*>(&StayLoaded), &self) != 0 &&
         dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD) != nullptr;
}

#endif

}  // namespace

bool ContainsAny(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != text.npos) return true;
  }
  return false;
}

bool CatchWords(const Library& migraphx) {
#if defined(__linux__) && defined(__GLIBCXX__)
  if (g_behind != nullptr) return true;  // an earlier library was opened and then not usable
  // Where the loader looks for it too: the program comes first, which may hold a copy that all use.
  constexpr const char* kStream = "_ZSt4cerr";
  void* symbol = dlsym(RTLD_DEFAULT, kStream);
  auto* stream = static_cast<std::ostream*>(symbol ? symbol : migraphx.Symbol(kStream));
  if (stream == nullptr || !StayLoaded()) return false;
  g_behind = stream->rdbuf();
  stream->rdbuf(new WordFilter);  // for as long as the process lives
  return true;
#else
  (void)migraphx;
  return false;
#endif
}

WordScope::WordScope() : outer_(std::exchange(t_scope, this)) {}

WordScope::~WordScope() {
  t_scope = outer_;
  if (text_.empty()) return;
  if (outer_ != nullptr) {
    outer_->Add(text_.data(), text_.size());
  } else {
    g_behind->sputn(text_.data(), static_cast<std::streamsize>(text_.size()));
  }
}

std::string WordScope::Take() {
  std::string text = std::exchange(text_, {});
  while (!text.empty() && text.back() == '\n') text.pop_back();
  // Warnings may stand before it.
  const std::string mark = ": Error: ";
  const size_t at = text.find(mark);
  return at == text.npos ? text : text.substr(at + mark.size());
}

Error MigraphxError(WordScope& words, migraphx_status status, const char* function) {
  const std::string text = words.Take();
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
