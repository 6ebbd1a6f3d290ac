// How one call passes through the double: look at the objects it is given, count it, fail it if it
// is its turn, translate element types, forward it, and note the objects that it made. What each
// parameter needs is told by its type.
#pragma once

#include "handles.h"
#include "numbering.h"

namespace fake {

constexpr ov_status kInvalidParameter = -14;

template <typename T>
struct KindOf;
#define X(kind, name, type)                   \
  template <>                                 \
  struct KindOf<type> {                       \
    static constexpr Kind value = Kind::kind; \
  };
OPENVINO_HANDLES(X)
#undef X

// A function of the real library.
void* RealSymbol(const char* name);
template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(RealSymbol(name));
}

// Before the call: is the argument alive?
template <typename T>
bool IsGood(const char*, T) {
  return true;
}
template <typename T, Kind kind = KindOf<T>::value>
bool IsGood(const char* function, const T* handle) {
  return IsAlive(kind, handle, function);
}
inline bool IsGood(const char*, ov_element_type played) {
  ov_element_type real;
  return ToReal(played, &real);
}

// What tells one call of a function from another: " CPU FULL_DEVICE_NAME".
template <typename T>
std::string TextOf(T) {
  return {};
}
inline std::string TextOf(const char* text) { return text ? std::string(" ") + text : ""; }

// For the call: the argument as the real library understands it.
template <typename T>
T Translate(T argument) {
  return argument;
}
inline ov_element_type Translate(ov_element_type played) {
  ov_element_type real;
  ToReal(played, &real);
  return real;
}

// After the call: what came out of it?
template <typename T>
void TakeOut(T) {}
template <typename T, Kind kind = KindOf<T>::value>
void TakeOut(T** handle) {
  Made(kind, *handle);
}
inline void TakeOut(char** text) { Made(Kind::kString, *text); }
inline void TakeOut(ov_shape* shape) { Made(Kind::kShape, shape->dims); }
inline void TakeOut(ov_partial_shape* shape) { Made(Kind::kPartialShape, shape->dims); }
inline void TakeOut(ov_profiling_info_list* list) { Made(Kind::kProfile, list->infos); }
inline void TakeOut(ov_element_type* type) { *type = FromReal(*type); }

// A call that can fail; `call(translated arguments...)` is the real function.
template <typename Call, typename... Arguments>
ov_status Forward(const char* function, Call call, Arguments... arguments) {
  if (!(IsGood(function, arguments) && ...)) return kInvalidParameter;
  if (const ov_status made = NextCall()) {
    NoteFailedCall((std::string(function) + ... + TextOf(arguments)));
    return made;
  }
  const ov_status status = call(Translate(arguments)...);
  if (status == 0) {
    (TakeOut(arguments), ...);
  } else {
    NoteRealFailure();
  }
  return status;
}

}  // namespace fake
