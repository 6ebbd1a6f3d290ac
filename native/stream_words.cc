#include "stream_words.h"

#include <ostream>
#include <utility>

#if defined(__linux__) && defined(__GLIBCXX__)
#include <dlfcn.h>
#endif

namespace accelnode {
namespace {

thread_local WordScope* t_scope = nullptr;

}  // namespace

class WordStream::Filter final : public std::streambuf {
 public:
  explicit Filter(const WordStream& stream) : stream_(stream) {}

 protected:
  int_type overflow(int_type letter) override {
    if (traits_type::eq_int_type(letter, traits_type::eof())) return traits_type::not_eof(letter);
    const char text = traits_type::to_char_type(letter);
    return xsputn(&text, 1) == 1 ? letter : traits_type::eof();
  }

  std::streamsize xsputn(const char* text, std::streamsize length) override {
    WordScope* const scope = WordScope::Of(stream_);
    if (scope == nullptr) return stream_.behind_->sputn(text, length);
    try {
      scope->text_.append(text, static_cast<size_t>(length));
    } catch (...) {
      // No memory for the words. Whatever failed says so by what it returns.
    }
    return length;
  }

  int sync() override { return WordScope::Of(stream_) == nullptr ? stream_.behind_->pubsync() : 0; }

 private:
  const WordStream& stream_;
};

bool WordStream::Catch(const Library& vendor) {
#if defined(__linux__) && defined(__GLIBCXX__)
  if (behind_ != nullptr) return true;  // an earlier library was opened and then not usable
  // Where the loader looks for it too: the program comes first, which may hold a copy that all use.
  void* symbol = dlsym(RTLD_DEFAULT, symbol_);
  auto* stream = static_cast<std::ostream*>(symbol ? symbol : vendor.Symbol(symbol_));
  if (stream == nullptr) return false;
  behind_ = stream->rdbuf();
  stream->rdbuf(new Filter(*this));  // for as long as the process lives, as the addon does
  return true;
#else
  (void)vendor;
  (void)symbol_;
  return false;
#endif
}

void WordStream::PassOn(const std::string& text) {
  behind_->sputn(text.data(), static_cast<std::streamsize>(text.size()));
}

WordStream& StandardOutput() {
  static auto& stream = *new WordStream("_ZSt4cout");
  return stream;
}

WordStream& StandardError() {
  static auto& stream = *new WordStream("_ZSt4cerr");
  return stream;
}

WordScope::WordScope(WordStream& stream) : stream_(stream), outer_(std::exchange(t_scope, this)) {}

WordScope::~WordScope() {
  t_scope = outer_;
  if (text_.empty()) return;
  if (WordScope* const around = Of(stream_)) {
    around->text_ += text_;
  } else {
    stream_.PassOn(text_);
  }
}

WordScope* WordScope::Of(const WordStream& stream) {
  WordScope* scope = t_scope;
  while (scope != nullptr && &scope->stream_ != &stream) scope = scope->outer_;
  return scope;
}

std::string WordScope::Take() {
  std::string text = std::exchange(text_, {});
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace accelnode
