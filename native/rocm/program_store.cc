#include "program_store.h"

#include <algorithm>

namespace accelnode::rocm {

void ProgramStore::Put(const ShapeSet& shapes, std::unique_ptr<CompiledProgram> program) {
  Keep(shapes, SlotFor(shapes), std::make_shared<ProgramPool>(std::move(program), can_clone_));
}

std::shared_ptr<ProgramPool> ProgramStore::For(const ShapeSet& shapes) {
  const std::shared_ptr<Slot> slot = SlotFor(shapes);
  std::lock_guard lock(slot->compiling);
  if (slot->pool) return slot->pool;
  try {
    const auto pool = std::make_shared<ProgramPool>(compile_(shapes), can_clone_);
    ++compiled_;
    Keep(shapes, slot, pool);
    return pool;
  } catch (...) {
    Forget(slot);
    throw;
  }
}

std::shared_ptr<ProgramStore::Slot> ProgramStore::SlotFor(const ShapeSet& shapes) {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(slots_.begin(), slots_.end(),
                                  [&](const auto& each) { return each.first == shapes; });
  if (found != slots_.end()) {
    slots_.splice(slots_.begin(), slots_, found);
  } else {
    slots_.emplace_front(shapes, std::make_shared<Slot>());
  }
  return slots_.front().second;
}

void ProgramStore::Keep(const ShapeSet& shapes, const std::shared_ptr<Slot>& slot,
                        std::shared_ptr<ProgramPool> pool) {
  Slots dropped;  // to end after the lock
  std::lock_guard lock(mutex_);
  // Another who waited for the same may have failed before, and forgotten it.
  const bool known = std::any_of(slots_.begin(), slots_.end(),
                                 [&](const auto& each) { return each.first == shapes; });
  if (!known) slots_.emplace_front(shapes, slot);
  slot->pool = std::move(pool);
  const auto has_program = [](const auto& each) { return each.second->pool != nullptr; };
  auto count = static_cast<size_t>(std::count_if(slots_.begin(), slots_.end(), has_program));
  for (auto each = slots_.end(); count > limit_ && each != slots_.begin();) {
    const auto last = --each;
    if (!has_program(*last)) continue;
    ++each;
    dropped.splice(dropped.begin(), slots_, last);
    --count;
  }
}

void ProgramStore::Forget(const std::shared_ptr<Slot>& slot) {
  std::lock_guard lock(mutex_);
  slots_.remove_if([&](const auto& each) { return each.second == slot; });
}

}  // namespace accelnode::rocm
