#include "control.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "../mapped_block.h"

namespace fake {
namespace {

Control* Map() {
  Control* control = MapBlock<Control>("ACCELNODE_FAKE_CONTROL");
  control->bytes = sizeof(Control);
  control->kinds = kKinds;
#define X(kind, name, type) \
  SetText(control->names[static_cast<int>(Kind::kind)], sizeof(control->names[0]), name);
  OPENVINO_HANDLES(X)
  OPENVINO_MEMORY(X)
#undef X
  return control;
}

std::mutex& Mutex() {
  static auto& mutex = *new std::mutex;  // lanes may still call while the process exits
  return mutex;
}

bool g_failure_was_made = false;

}  // namespace

Locked::Locked() { Mutex().lock(); }

Locked::~Locked() { Mutex().unlock(); }

Control* Locked::operator->() const {
  static Control* const control = Map();
  return control;
}

ov_status NextCall() {
  const Locked control;
  if (++control->calls != control->fail_at) return 0;
  g_failure_was_made = true;
  return control->status;
}

void NoteRealFailure() {
  const Locked control;
  g_failure_was_made = false;
}

void NoteFailedCall(const std::string& call) {
  const Locked control;
  SetText(control->failed_call, sizeof(control->failed_call), call.c_str());
}

bool TakeMadeText(char** text) {
  const Locked control;
  if (!g_failure_was_made) return false;
  g_failure_was_made = false;
  *text = nullptr;
  if (control->text[0] != '\0') {
    const size_t size = std::strlen(control->text) + 1;
    *text = new char[size];
    std::memcpy(*text, control->text, size);
  }
  return true;
}

void SetText(char* field, size_t size, const char* text) { std::snprintf(field, size, "%s", text); }

}  // namespace fake
