#include "control.h"

#include <cstdio>
#include <mutex>
#include <new>

#include "../mapped_block.h"

namespace fake {
namespace {

constexpr TfLiteStatus kThrow = -1;

Control* Map() {
  Control* control = MapBlock<Control>("ACCELNODE_FAKE_CONTROL");
  control->bytes = sizeof(Control);
  control->kinds = kKinds;
#define X(kind, name, type) \
  std::snprintf(control->names[static_cast<int>(Kind::kind)], sizeof(control->names[0]), name);
  TFLITE_OBJECTS(X)
#undef X
  return control;
}

std::mutex& Mutex() {
  static auto& mutex = *new std::mutex;  // lanes may still call while the process exits
  return mutex;
}

}  // namespace

Locked::Locked() { Mutex().lock(); }

Locked::~Locked() { Mutex().unlock(); }

Control* Locked::operator->() const {
  static Control* const control = Map();
  return control;
}

bool HasToFail(const char* function) {
  const Locked control;
  if (++control->calls != control->fail_at) return false;
  std::snprintf(control->failed_call, sizeof(control->failed_call), "%s", function);
  if (control->status == kThrow) throw std::bad_alloc();
  return true;
}

std::string MadeText() {
  const Locked control;
  return control->text;
}

TfLiteStatus MadeStatus() {
  const Locked control;
  return control->status;
}

void Violation(const char* function, const std::string& what) {
  const Locked control;
  if (control->violations++ > 0) return;
  std::snprintf(control->violation, sizeof(control->violation), "%s: %s", function, what.c_str());
}

}  // namespace fake
