// What a test and the double say to each other: one block of memory in a file that both look at.
// The file is named by ACCELNODE_FAKE_CONTROL; control.mjs is the other side.
#pragma once

#include <cstdint>
#include <string>

#include "types.h"

namespace fake {

enum class Kind {
#define X(kind, name, type) kind,
  OPENVINO_HANDLES(X) OPENVINO_MEMORY(X)
#undef X
      kCount
};
constexpr int kKinds = static_cast<int>(Kind::kCount);

struct Control {
  // Of the double: lets the other side find out that it has another layout in mind.
  int32_t bytes, kinds;

  // Of the test.
  int32_t fail_at;    // the call that fails, counted in `calls`; 0: none
  int32_t status;     // what that call returns
  int32_t hold;       // an inference waits until it is asked to cancel
  int32_t numbering;  // of element types, see numbering.h

  // Of the double.
  int32_t calls;       // that can fail, so far
  int32_t held;        // inferences that wait
  int32_t violations;  // uses and frees of what is not alive

  char text[256];         // of the test: what ov_get_last_err_msg says after a made failure
  char version[128];      // of the test: what the library calls itself; empty: what it is
  char failed_call[128];  // the function that was made to fail, and its texts
  char violation[256];    // the first of them

  int32_t live[kKinds];  // objects not yet freed
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

// Counts a call that can fail. What it has to return at once; 0: nothing, perform it.
ov_status NextCall();

// The library itself failed: what ov_get_last_err_msg says is its own again.
void NoteRealFailure();

// The call that NextCall made fail, for the test to read.
void NoteFailedCall(const std::string& call);

// The text for a failure that NextCall made, to be freed with delete[]; null when the last failure
// was the library's own. Null in `text` when there is none.
bool TakeMadeText(char** text);

void SetText(char* field, size_t size, const char* text);

}  // namespace fake
