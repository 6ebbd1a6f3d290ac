// The vtables of TensorRT's objects, laid out for one release by the measured slot table. A method
// that the double does not have is a trap: calling it is a violation that names class, slot and
// method.
#pragma once

#include <string>
#include <vector>

namespace fake {

using Method = void (*)();

struct Implementation {
  // The method's name; or, where it has overloads, with the beginning of its arguments: "f(int".
  std::string name;
  Method method;
};

template <typename Result, typename... Arguments>
Method AsMethod(Result (*method)(Arguments...)) {
  return reinterpret_cast<Method>(method);
}

// For objects that are {vptr, implementation}: the vtable of the implementation, whose destructors
// nobody may call. Made once for each release.
const Method* VtableOf(const char* name, int release, const std::vector<Implementation>& methods);

// For objects that are plain vtables: `destroy` is the deleting destructor.
const Method* PlainVtableOf(const char* name, int release,
                            const std::vector<Implementation>& methods, Method destroy);

// The slot of a method of an interface that the caller implements; aborts when there is none.
int SlotOf(const char* name, int release, const char* method);

}  // namespace fake
