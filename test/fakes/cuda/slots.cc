#include "slots.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include "control.h"

namespace fake {
namespace {

struct Slot {
  int owner, slot, first, last;
  const char *method, *signature;
};

#include "tensorrt_slots.inc"

constexpr int kMaxSlots = 100;

// What each trap stands for, by release: traps know only their class and slot.
std::map<std::pair<int, int>, std::string>& TrapNames() {
  static auto& names = *new std::map<std::pair<int, int>, std::string>;
  return names;
}

void* Sprung(int owner, int slot) {
  const Lock lock(Mutex());
  const auto found = TrapNames().find({owner, slot});
  const std::string what = found == TrapNames().end() ? "nothing" : found->second;
  Violation(Format("%s: slot %d was called, which is %s", kClasses[owner], slot, what.c_str()));
  return nullptr;
}

template <int Number>
void* Trap() {
  return Sprung(Number / kMaxSlots, Number % kMaxSlots);
}

template <int... Numbers>
constexpr auto MakeTraps(std::integer_sequence<int, Numbers...>) {
  return std::array<void* (*)(), sizeof...(Numbers)>{&Trap<Numbers>...};
}

// One for each slot of each class.
constexpr auto kTraps = MakeTraps(std::make_integer_sequence<int, kClassCount * kMaxSlots>());

int ClassOf(const char* name) {
  for (int i = 0; i < kClassCount; ++i) {
    if (std::strcmp(kClasses[i], name) == 0) return i;
  }
  std::fprintf(stderr, "The slot table has no class %s.\n", name);
  std::abort();
}

bool Holds(const Slot& slot, int owner, int release) {
  return slot.owner == owner && slot.first <= release && release <= slot.last;
}

bool IsMeant(const Slot& slot, const std::string& name) {
  if (name.find('(') == std::string::npos) return name == slot.method;
  return std::string(slot.signature).find(" " + name) != std::string::npos ||
         std::string(slot.signature).find("*" + name) != std::string::npos;
}

std::vector<Method> MakeTable(int owner, int release, const std::vector<Implementation>& methods) {
  std::vector<Method> table;
  for (int i = 0; i < kMaxSlots; ++i) {
    table.push_back(reinterpret_cast<Method>(kTraps[static_cast<size_t>(owner * kMaxSlots + i)]));
    TrapNames()[{owner, i}] = "not there in this release";
  }
  for (int i = 0; i < 2; ++i) TrapNames()[{owner, i}] = "a destructor";
  for (const Slot& slot : kSlots) {
    if (Holds(slot, owner, release)) TrapNames()[{owner, slot.slot}] = slot.signature;
  }
  for (const auto& [name, method] : methods) {
    bool known = false;
    for (const Slot& slot : kSlots) {
      if (slot.owner != owner || !IsMeant(slot, name)) continue;
      known = true;
      if (Holds(slot, owner, release)) table[static_cast<size_t>(slot.slot)] = method;
    }
    if (!known) {
      std::fprintf(stderr, "The slot table has no %s of %s.\n", name.c_str(), kClasses[owner]);
      std::abort();
    }
  }
  return table;
}

using Tables = std::map<std::pair<std::string, int>, std::vector<Method>>;

Tables& Made() {
  static auto& tables = *new Tables;
  return tables;
}

}  // namespace

const Method* VtableOf(const char* name, int release, const std::vector<Implementation>& methods) {
  const Lock lock(Mutex());
  auto& table = Made()[{name, release}];
  if (table.empty()) table = MakeTable(ClassOf(name), release, methods);
  return table.data();
}

const Method* PlainVtableOf(const char* name, int release,
                            const std::vector<Implementation>& methods, Method destroy) {
  const Lock lock(Mutex());
  auto& table = Made()[{name, release}];
  if (!table.empty()) return table.data();
  const int owner = ClassOf(name);
  table = MakeTable(owner, release, methods);
  // The destructors are the two slots that the table of methods leaves out.
  for (int i = 0; i + 1 < kMaxSlots; ++i) {
    const bool taken = std::any_of(std::begin(kSlots), std::end(kSlots), [=](const Slot& slot) {
      return Holds(slot, owner, release) && slot.slot == i;
    });
    if (taken) continue;
    TrapNames()[{owner, i}] = "the destructor that frees nothing";
    table[static_cast<size_t>(i) + 1] = destroy;
    break;
  }
  return table.data();
}

int SlotOf(const char* name, int release, const char* method) {
  const int owner = ClassOf(name);
  for (const Slot& slot : kSlots) {
    if (Holds(slot, owner, release) && std::strcmp(slot.method, method) == 0) return slot.slot;
  }
  std::fprintf(stderr, "The slot table has no %s::%s in %d.\n", name, method, release);
  std::abort();
}

}  // namespace fake
