#include "handles.h"

#include <iostream>
#include <unordered_map>

#include "hip_facts.h"

namespace fake {
namespace {

std::unordered_map<const void*, Handle*>& Handles() {
  static auto& handles = *new std::unordered_map<const void*, Handle*>;
  return handles;
}

const char* NameOf(const Handle* handle) {
  return handle == nullptr ? "thing that is none" : KindName(handle->kind);
}

}  // namespace

void Call::FailIfMade() const {
  const int status = MadeFailure(name_);
  if (status == 0) return;
  std::string text = Block().text;
  if (text.empty()) text = std::string("Failed: ") + WordsOf(status).text;
  throw Error{kUnknownError, text};
}

int Call::Print(const Error& error) const {
  // In one piece: lines of several threads must not mix.
  const std::string line = std::string(name_) + ": Error: " + error.text + "\n";
  std::cerr << line << std::flush;
  return error.status;
}

Handle::Handle(Kind kind, Handle* owner) : kind(kind), owner(owner) {
  const Lock lock(Mutex());
  Handles()[this] = this;
  if (owner != nullptr)
    owner->borrowed.push_back(this);
  else
    Alive(kind);
}

void Handle::End() {
  alive = false;
  for (Handle* const handle : borrowed) handle->End();
  Clear();
}

Handle& Find(const void* pointer, Kind kind) {
  const Lock lock(Mutex());
  if (pointer == nullptr)
    throw Error{kBadParameter, Format("Bad parameter %s: Null pointer", KindName(kind))};
  const auto found = Handles().find(pointer);
  Handle* const handle = found == Handles().end() ? nullptr : found->second;
  if (handle != nullptr && handle->kind == kind && handle->alive) return *handle;
  Violation(Format("a %s%s was used as %s", handle != nullptr && !handle->alive ? "dead " : "",
                   NameOf(handle), KindName(kind)));
  throw Error{kBadParameter, "no such handle"};
}

void Destroy(void* pointer, Kind kind) {
  const Lock lock(Mutex());
  const auto found = Handles().find(pointer);
  Handle* const handle = found == Handles().end() ? nullptr : found->second;
  if (handle == nullptr || !handle->alive || handle->kind != kind) {
    Violation(Format("a %s%s was destroyed as %s",
                     handle != nullptr && !handle->alive ? "dead " : "", NameOf(handle),
                     KindName(kind)));
    return;
  }
  if (handle->owner != nullptr) {
    Violation(Format("a borrowed %s was destroyed", KindName(kind)));
    return;
  }
  handle->End();
  Alive(kind, -1);
}

}  // namespace fake
