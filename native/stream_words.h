// What a vendor's library writes to std::cout or std::cerr, for vendors whose interface has no
// better place for their words. The stream gets a buffer of ours, which keeps what a thread writes
// while it calls the vendor, and lets all other output pass.
//
// The stream is the one of the C++ library that the vendor was linked to, libstdc++, found by its
// symbol: the addon may have been built with a copy of its own. Where there is none to be found, or
// the addon was built with another C++ library, nothing is caught.
#pragma once

#include <streambuf>
#include <string>

#include "library.h"

namespace accelnode {

class WordScope;

// One stream of the process; lives as long as the process.
class WordStream {
 public:
  explicit WordStream(const char* symbol) : symbol_(symbol) {}

  // Once, when the vendor's library is opened. False: nothing is caught.
  bool Catch(const Library& vendor);

 private:
  friend class WordScope;
  class Filter;

  void PassOn(const std::string& text);

  const char* const symbol_;          // "_ZSt4cerr"
  std::streambuf* behind_ = nullptr;  // where it wrote before; null: nothing is caught
};

WordStream& StandardOutput();
WordStream& StandardError();

// Keeps what the calling thread writes to `stream` from here on. Whatever nobody has taken at the
// end goes to the scope around this one, or to the stream.
class WordScope {
 public:
  explicit WordScope(WordStream& stream);
  ~WordScope();
  WordScope(const WordScope&) = delete;
  WordScope& operator=(const WordScope&) = delete;

  std::string Take();  // without line ends at its end

 private:
  friend class WordStream::Filter;

  // The calling thread's innermost scope of a stream; null when it has none.
  static WordScope* Of(const WordStream& stream);

  WordStream& stream_;
  WordScope* const outer_;
  std::string text_;
};

}  // namespace accelnode
