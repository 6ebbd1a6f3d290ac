// The handles of MIGraphX's C API. Each kind of them holds a value of one type. Dead ones stay, to
// be recognised.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace fake {

// What a function of the API fails with: a status, and what it prints.
struct Error {
  int status;
  std::string text;
};
constexpr int kBadParameter = 1;
constexpr int kUnknownError = 4;

// Does the work of the function `name`: counts the call, lets the test make it fail, prints what
// went wrong to std::cerr as the library does, and gives the status.
class Call {
 public:
  explicit Call(const char* name) : name_(name) {}
  template <typename Work>
  int operator()(Work work) const {
    try {
      FailIfMade();
      work();
      return 0;
    } catch (const Error& error) {
      return Print(error);
    }
  }
  // The same for what has begun by the time it is made to fail.
  template <typename Begin, typename Work>
  int Midway(Begin begin, Work work) const {
    try {
      try {
        FailIfMade();
      } catch (const Error&) {
        begin();
        throw;
      }
      work();
      return 0;
    } catch (const Error& error) {
      return Print(error);
    }
  }
  // The same for what frees, which it does whatever it returns.
  template <typename Work>
  int Free(Work work) const {
    try {
      work();
      FailIfMade();
      return 0;
    } catch (const Error& error) {
      return Print(error);
    }
  }

 private:
  void FailIfMade() const;
  int Print(const Error& error) const;
  const char* name_;
};

struct Handle {
  Handle(Kind kind, Handle* owner);
  virtual ~Handle() = default;
  // Forgets the value; whatever is borrowed from it dies too.
  void End();
  virtual void Clear() = 0;

  const Kind kind;
  Handle* const owner;  // of a handle that is only borrowed; null: the caller's
  bool alive = true;
  std::vector<Handle*> borrowed;  // from this one
};

template <typename T, Kind kKind>
struct HandleOf : Handle {
  using Value = T;
  static constexpr Kind kOf = kKind;
  explicit HandleOf(T value, Handle* owner = nullptr)
      : Handle(kKind, owner), value(std::move(value)) {}
  void Clear() override { value = T(); }
  T value;
};

// The living handle behind a pointer; else a violation, and bad_param where the real library
// crashes.
Handle& Find(const void* pointer, Kind kind);
void Destroy(void* pointer, Kind kind);

// The value of a living handle of type T.
template <typename T>
typename T::Value& Of(const void* pointer) {
  return static_cast<T&>(Find(pointer, T::kOf)).value;
}
// A handle for the caller to destroy.
template <typename T>
void* Make(typename T::Value value) {
  return new T(std::move(value));
}
// One that lives as long as its owner.
template <typename T>
const void* Lend(typename T::Value value, Handle& owner) {
  return new T(std::move(value), &owner);
}

}  // namespace fake
