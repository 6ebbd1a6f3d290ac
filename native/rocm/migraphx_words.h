// Calling MIGraphX, and its error texts. Its C interface returns a status only; the words go to
// std::cerr, as "<function>: Error: <what>", where they are caught (stream_words.h). Where they
// can't be, errors say that the words are on stderr.
#pragma once

#include <initializer_list>
#include <string>

#include "../error.h"
#include "../stream_words.h"
#include "migraphx_library.h"

namespace accelnode::rocm {

bool ContainsAny(const std::string& text, std::initializer_list<const char*> words);

// What MIGraphX has said since the last call, without "<function>: Error: ".
std::string TakeReason(WordScope& words);

// "MIGraphX: <words>", as OUT_OF_MEMORY, DEVICE_LOST or DEVICE_NOT_FOUND where that is the reason,
// else as VENDOR_FAILURE.
Error MigraphxError(WordScope& words, migraphx_status status, const char* function);

// Calls a function of MIGraphX's and throws what it complains of:
//   Call(MIGRAPHX(save), program, path, options)
template <typename... Parameters, typename... Arguments>
void Call(migraphx_status (*function)(Parameters...), const char* name, Arguments... arguments) {
  WordScope words(StandardError());
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
