// What a test and a vendor's doubles say to each other: one block of memory in a file that both
// look at. control_fields.h, in the vendor's folder, says what is in it beside what all devices
// have.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "control_fields.h"
#include "device_fields.h"

namespace fake {

enum class Kind {
#define X(kind, name) kind,
  ACCELNODE_FAKE_DEVICE_KINDS(X) ACCELNODE_FAKE_KINDS(X)
#undef X
      kCount
};
constexpr int kKinds = static_cast<int>(Kind::kCount);

struct Control {
#define X(field) int64_t field;
  ACCELNODE_FAKE_DEVICE_FIELDS(X)
  ACCELNODE_FAKE_FIELDS(X)
#undef X
#define X(field, size) char field[size];
  ACCELNODE_FAKE_DEVICE_TEXTS(X)
  ACCELNODE_FAKE_TEXTS(X)
#undef X
  int64_t live[kKinds];
  char names[kKinds][24];
};

// The block. Each number is changed with Add, as several threads do; what the test sets is read as
// it is at the moment.
Control& Block();
void Add(int64_t& field, int64_t count = 1);
void Alive(Kind kind, int count = 1);
const char* KindName(Kind kind);

// Counts a call that can fail; what it has to return at once because the test wants it, or 0.
int MadeFailure(const char* name);
// The same for a call that needs the device. Once that is lost, it is what every such call returns,
// and what a call to free does all the same.
int NextCall(const char* name);
bool IsSticky(int status);

// Something was done that the vendor forbids, or that can't be meant.
void Violation(const std::string& text);

std::string Format(const char* format, ...) __attribute__((format(printf, 1, 2)));
void SetText(char* field, size_t size, const std::string& text);

// One lock for all that the doubles know. Work on a stream is done without it.
std::recursive_mutex& Mutex();
using Lock = std::lock_guard<std::recursive_mutex>;

// Waits while `field` is set, counted in `waiting`.
void WaitWhile(const int64_t& field, int64_t& waiting);

}  // namespace fake
