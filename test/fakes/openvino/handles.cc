#include "handles.h"

#include <cstdio>
#include <map>
#include <mutex>

namespace fake {
namespace {

struct Living {
  std::mutex mutex;
  std::map<const void*, Kind> objects;
};

Living& All() {
  static auto& all = *new Living;
  return all;
}

constexpr const char* kNames[] = {
#define X(kind, name, type) name,
    OPENVINO_HANDLES(X) OPENVINO_MEMORY(X)
#undef X
};

bool Check(const std::map<const void*, Kind>& objects, Kind kind, const void* object,
           const char* function, const char* when_dead) {
  const auto found = objects.find(object);
  if (found == objects.end()) {
    Violation(function, when_dead, kind);
    return false;
  }
  if (found->second != kind) {
    Violation(function, "was given another kind of object than", kind);
    return false;
  }
  return true;
}

}  // namespace

void Made(Kind kind, const void* object) {
  if (object == nullptr) return;
  {
    std::lock_guard lock(All().mutex);
    All().objects[object] = kind;
  }
  const Locked control;
  ++control->live[static_cast<int>(kind)];
}

bool IsAlive(Kind kind, const void* object, const char* function) {
  if (object == nullptr) return true;
  std::lock_guard lock(All().mutex);
  return Check(All().objects, kind, object, function, "was given a freed or foreign");
}

bool Free(Kind kind, const void* object, const char* function) {
  if (object == nullptr) return true;
  {
    std::lock_guard lock(All().mutex);
    if (!Check(All().objects, kind, object, function, "freed twice, or never made:")) return false;
    All().objects.erase(object);
  }
  const Locked control;
  --control->live[static_cast<int>(kind)];
  return true;
}

void Violation(const char* function, const char* what, Kind kind) {
  const Locked control;
  if (control->violations++ > 0) return;
  std::snprintf(control->violation, sizeof(control->violation), "%s %s %s", function, what,
                kNames[static_cast<int>(kind)]);
}

}  // namespace fake
