// What a test and the interposer say to each other: one block of memory in a file that both look
// at. The file is named by ACCELNODE_FAKE_CONTROL; control.mjs is the other side.
#pragma once

#include <cstdint>
#include <string>

#include "api.h"

namespace fake {

enum class Kind {
#define X(kind, name, type) kind,
  TFLITE_OBJECTS(X)
#undef X
      kCount
};
constexpr int kKinds = static_cast<int>(Kind::kCount);

struct Control {
  // Of the interposer: lets the other side find out that it has another layout in mind.
  int32_t bytes, kinds;

  // Of the test.
  int32_t fail_at;  // the call that fails, counted in `calls`; 0: none
  int32_t status;   // what it returns, where that is no pointer; -1: it throws std::bad_alloc

  // Of the interposer.
  int32_t calls;       // that can fail, so far
  int32_t violations;  // of the API's rules
  int32_t made;        // objects, of all kinds, ever

  char text[256];         // of the test: what is reported before the call fails; empty: nothing
  char failed_call[128];  // the function that was made to fail
  char violation[256];    // the first of them

  int32_t live[kKinds];  // objects not yet deleted
  char names[kKinds][24];
};

// The block; every use of it holds the lock.
class Locked {
 public:
  Locked();
  ~Locked();
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  Control* operator->() const;
};

// Counts a call that can fail. True: it has to, and the test knows which it was. Throws if the test
// says so.
bool HasToFail(const char* function);

// What a call that has to fail reports and returns.
std::string MadeText();
TfLiteStatus MadeStatus();

void Violation(const char* function, const std::string& what);

}  // namespace fake
