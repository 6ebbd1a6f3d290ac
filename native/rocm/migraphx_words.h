// Calling MIGraphX, and its error texts. Its C interface returns a status only; the words go to
// std::cerr, as "<function>: Error: <what>". So that stream gets a buffer of ours, which keeps what
// a thread writes while it calls MIGraphX through here, and lets all other output pass.
//
// The stream is the one of the C++ library that MIGraphX was linked to, libstdc++, found by its
// symbol: the addon may have been built with a copy of its own. Where there is none to be found, or
// the addon was built with another C++ library, errors say that the words are on stderr.
#pragma once

#include <initializer_list>
#include <string>

#include "../error.h"
#include "../library.h"
#include "migraphx_library.h"

namespace accelnode::rocm {

bool ContainsAny(const std::string& text, std::initializer_list<const char*> words);

// Once, when MIGraphX is opened. False: its words stay on stderr.
bool CatchWords(const Library& migraphx);

// Keeps what the calling thread writes to std::cerr from here on. Whatever nobody has taken at the
// end is passed on to the stream: warnings of calls that succeeded.
class WordScope {
 public:
  WordScope();
  ~WordScope();
  WordScope(const WordScope&) = delete;
  WordScope& operator=(const WordScope&) = delete;

  void Add(const char* text, size_t length) { text_.append(text, length); }
  std::string Take();  // without "<function>: Error: "

 private:
  WordScope* const outer_;
  std::string text_;
};

// "MIGraphX: <words>", as OUT_OF_MEMORY, DEVICE_LOST or DEVICE_NOT_FOUND where that is the reason,
// else as VENDOR_FAILURE.
Error MigraphxError(WordScope& words, migraphx_status status, const char* function);

// Calls a function of MIGraphX's and throws what it complains of:
//   Call(MIGRAPHX(save), program, path, options)
template <typename... Parameters, typename... Arguments>
void Call(migraphx_status (*function)(Parameters...), const char* name, Arguments... arguments) {
  WordScope words;
  const migraphx_status status = function(arguments...);
  if (status != kMigraphxSuccess) throw MigraphxError(words, status, name);
}

// The same, for one that gives an object:
//   Make<Program>(MIGRAPHX(load), path, options)
template <typename Class, typename... Parameters, typename... Arguments>
Class Make(migraphx_status (*function)(typename Class::element_type**, Parameters...),
           const char* name, Arguments... arguments) {
  typename Class::pointer object = nullptr;
  Call(function, name, &object, arguments...);
  return Class(object);
}

#define MIGRAPHX(function) ::accelnode::rocm::Migraphx().function, "migraphx_" #function

}  // namespace accelnode::rocm
