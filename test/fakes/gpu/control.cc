#include "control.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "../mapped_block.h"

namespace fake {
namespace {

Control* Map() {
  Control* control = MapBlock<Control>(ACCELNODE_FAKE_CONTROL);
  control->bytes = sizeof(Control);
  control->kinds = kKinds;
  for (int kind = 0; kind < kKinds; ++kind) {
    SetText(control->names[kind], sizeof(control->names[0]), KindName(static_cast<Kind>(kind)));
  }
  return control;
}

}  // namespace

Control& Block() {
  static Control* const control = Map();
  return *control;
}

std::recursive_mutex& Mutex() {
  static auto& mutex = *new std::recursive_mutex;  // lanes may still call while the process exits
  return mutex;
}

void Add(int64_t& field, int64_t count) { __atomic_add_fetch(&field, count, __ATOMIC_SEQ_CST); }

void Alive(Kind kind, int count) { Add(Block().live[static_cast<int>(kind)], count); }

const char* KindName(Kind kind) {
  static const char* const names[] = {
#define X(kind, name) name,
      ACCELNODE_FAKE_DEVICE_KINDS(X) ACCELNODE_FAKE_KINDS(X)
#undef X
  };
  return names[static_cast<int>(kind)];
}

bool IsSticky(int status) {
  switch (status) {
    case 214:
    case 220:
    case 226:
    case 700:
    case 702:
    case 709:
    case 710:
    case 721:
    case 810:
    case 999:
      return true;
    default:
      return status >= 714 && status <= 719;
  }
}

int MadeFailure(const char* name) {
  const Lock lock(Mutex());
  Control& control = Block();
  if (++control.calls != control.fail_at) return 0;
  SetText(control.failed_call, sizeof(control.failed_call), name);
  const auto status = static_cast<int>(control.status);
  if (IsSticky(status)) control.lost = status;
  return status;
}

int NextCall(const char* name) {
  const int status = MadeFailure(name);
  return status != 0 ? status : static_cast<int>(Block().lost);
}

void Violation(const std::string& text) {
  const Lock lock(Mutex());
  Control& control = Block();
  if (control.violations++ == 0) SetText(control.violation, sizeof(control.violation), text);
  if (std::getenv(ACCELNODE_FAKE_CONTROL) == nullptr) {
    std::fprintf(stderr, "violation: %s\n", text.c_str());
  }
}

std::string Format(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

void SetText(char* field, size_t size, const std::string& text) {
  std::snprintf(field, size, "%s", text.c_str());
}

void WaitWhile(const int64_t& field, int64_t& waiting) {
  const volatile int64_t& flag = field;  // the test's process changes it
  if (flag == 0) return;
  Add(waiting);
  while (flag != 0) usleep(200);
  Add(waiting, -1);
}

}  // namespace fake
