// Opening a vendor's shared library at run time, and remembering what was tried. An absent runtime
// is not an exception to be shrugged off: the list of names, where each came from and the loader's
// own words are what the user needs to mend it.
#pragma once

#include <string>
#include <vector>

#include "value.h"

namespace accelnode {

// A file (absolute path) or a bare name for the system's loader to find.
struct LibraryCandidate {
  std::string name;
  std::string origin;  // "option", "ACCELNODE_…_LIBRARY", "runtimes folder", "system"
};

struct LoadAttempt {
  std::string name;
  std::string origin;
  bool opened = false;  // the loader could open it
  std::string error;    // why it is not used: the loader's words, or ours; empty for the one in use
};

Value ToValue(const std::vector<LoadAttempt>& attempts);

// A loaded library. Never closed again: vendor libraries start threads and register exit handlers,
// so unloading one under a running process crashes it sooner or later.
class Library {
 public:
  Library() = default;

  // Null library and the loader's words in `error` when it can't be opened.
  static Library Open(const std::string& name, std::string* error);

  // One that this process has loaded already, by its bare name; null when it has not.
  static Library FindLoaded(const std::string& name);

  // A file that was cut off, by a full disk or an interrupted copy, is mapped by glibc without a
  // look at its size, and the process dies of SIGBUS where the file ends. So each library is looked
  // at before it is opened, by us or by the vendor. Says what is missing; empty when nothing is, or
  // when the loader has words of its own for what is wrong.
  static std::string MissingPart(const std::string& path);

  // A function or variable by name; null when the library lacks it.
  void* Symbol(const char* name) const;

  // The file that a symbol of it was really loaded from, links resolved: next to it lie the
  // vendor's plugins.
  std::string Path(const void* symbol) const;

  explicit operator bool() const { return handle_ != nullptr; }

 private:
  void* handle_ = nullptr;
};

}  // namespace accelnode
