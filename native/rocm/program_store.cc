#include "program_store.h"

#include <algorithm>

namespace accelnode::rocm {

void ProgramStore::Put(const ShapeSet& shapes, std::unique_ptr<CompiledProgram> program) {
  SlotFor(shapes)->pool = std::make_shared<ProgramPool>(std::move(program), can_clone_);
}

std::shared_ptr<ProgramPool> ProgramStore::For(const ShapeSet& shapes) {
  const std::shared_ptr<Slot> slot = SlotFor(shapes);
  std::lock_guard lock(slot->compiling);
  if (!slot->pool) {
    slot->pool = std::make_shared<ProgramPool>(compile_(shapes), can_clone_);
    ++compiled_;
  }
  return slot->pool;
}

std::shared_ptr<ProgramStore::Slot> ProgramStore::SlotFor(const ShapeSet& shapes) {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(slots_.begin(), slots_.end(),
                                  [&](const auto& each) { return each.first == shapes; });
  if (found != slots_.end()) {
    slots_.splice(slots_.begin(), slots_, found);
  } else {
    slots_.emplace_front(shapes, std::make_shared<Slot>());
    if (slots_.size() > limit_) slots_.pop_back();
  }
  return slots_.front().second;
}

}  // namespace accelnode::rocm
