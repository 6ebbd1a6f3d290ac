// What TensorRT's objects have in common, as the caller sees them: {vptr, implementation}, where
// the first vtable holds only destructors and the implementation's holds the methods.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control.h"
#include "slots.h"

namespace fake {

struct Dims {
  int32_t rank;
  int64_t d[8];
};
static_assert(sizeof(Dims) == 72);

Dims ToDims(const std::vector<int64_t>& shape);
std::vector<int64_t> FromDims(const Dims& dims);
std::string Show(const std::vector<int64_t>& shape);

struct Object;

// The part whose methods are called.
struct Inner {
  const Method* vptr;
  Object* owner;
};

struct Object {
  const Method* vptr = nullptr;
  Inner* impl = nullptr;
  Inner inner{};
  Kind kind;
  int release;
  bool alive = true;
  std::thread::id user{};  // the thread that is in one of its methods
  int depth = 0;

  Object(Kind kind, int release, const char* name, const std::vector<Implementation>& methods);
  virtual ~Object() = default;
  // Ends it, at its deleting destructor: says what was wrong about the moment.
  virtual void End() {}
};

// Offsets that callers rely on. With a virtual destructor of our own the compiler would put its
// vptr first, so what is handed out points behind it.
inline void* Public(Object* object) {
  return object == nullptr ? nullptr : static_cast<void*>(&object->vptr);
}

// The object behind a pointer that was handed out; null, and a violation, when there is none alive
// of that kind.
Object* FromPublic(const void* pointer, Kind kind, const char* call);

// Is in a method: one thread at a time may be.
class Using {
 public:
  Using(Inner* self, Kind kind, const char* call);
  ~Using();
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  Object* object() const { return object_; }

 private:
  Object* object_;
};

// ---- What callers implement

// Calls the method of an object of the caller's, by the slot table.
template <typename Result, typename... Arguments>
Result CallBack(void* object, int slot, Arguments... arguments) {
  const Method* const vtable = *static_cast<const Method* const*>(object);
  return reinterpret_cast<Result (*)(void*, Arguments...)>(vtable[slot])(object, arguments...);
}

// Does the object say that it is the interface, in the way of versioned ones? If not: a violation.
bool CheckInterface(void* object, const char* name);

// Is the object laid out like a versioned interface, with code at slot 3? 10's ILogger has three
// slots only.
bool LooksVersioned(void* object);

// The caller's ILogger, and its IErrorRecorder once one is set.
class Logger {
 public:
  Logger() = default;
  Logger(void* object, int release) : object_(object), release_(release) {}
  void Log(int severity, const std::string& text) const;
  // To the recorder and from a thread of the library's own, or else to the log.
  void Error(const std::string& text) const;
  void* object() const { return object_; }

  // The recorder is told how many objects use it.
  void SetRecorder(void* recorder);
  void* recorder() const { return recorder_; }

 private:
  void CheckReport(int code, const std::string& text) const;

  void* object_ = nullptr;
  int release_ = 0;
  void* recorder_ = nullptr;
};

// Holds a call, or counts it as one that can fail. True when it has to, after saying so to the
// logger.
bool Fails(const char* call, const Logger& logger);

// Memory that TensorRT takes for itself: from the caller's allocator where one is set.
class DeviceBlock {
 public:
  DeviceBlock() = default;
  DeviceBlock(size_t bytes, void* allocator, void* stream = nullptr);
  ~DeviceBlock();
  DeviceBlock(const DeviceBlock&) = delete;
  DeviceBlock& operator=(const DeviceBlock&) = delete;
  bool ok() const { return bytes_ == 0 || address_ != nullptr; }
  void* address() const { return address_; }

 private:
  size_t bytes_ = 0;
  void* address_ = nullptr;
  void* allocator_ = nullptr;
  void* stream_ = nullptr;
};

std::string OutOfMemoryWords(size_t bytes);

}  // namespace fake
