// The compiled programs of a session, by the shapes of its inputs. MIGraphX compiles for fixed
// shapes best, and for more than one open dimension often not at all.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "migraphx_build.h"

namespace accelnode::rocm {

class ProgramStore {
 public:
  using CompileFor = std::function<std::unique_ptr<CompiledProgram>(const ShapeSet&)>;

  // Beyond `limit` programs, the one that was not asked for longest is forgotten; who uses it keeps
  // it as long as that takes.
  ProgramStore(CompileFor compile, size_t limit, bool can_clone)
      : compile_(std::move(compile)), limit_(limit), can_clone_(can_clone) {}

  void Put(const ShapeSet& shapes, std::unique_ptr<CompiledProgram> program);
  // Compiles it when it is not there. Who asks for the same meanwhile waits; others do not.
  std::shared_ptr<ProgramPool> For(const ShapeSet& shapes);
  size_t Compiled() const { return compiled_; }  // how many For has compiled so far

 private:
  struct Slot {
    std::mutex compiling;
    std::shared_ptr<ProgramPool> pool;  // set under both mutexes, read under either
  };
  using Slots = std::list<std::pair<ShapeSet, std::shared_ptr<Slot>>>;

  std::shared_ptr<Slot> SlotFor(const ShapeSet& shapes);
  // Only what has been compiled drives others out.
  void Keep(const ShapeSet& shapes, const std::shared_ptr<Slot>& slot,
            std::shared_ptr<ProgramPool> pool);
  void Forget(const std::shared_ptr<Slot>& slot);

  const CompileFor compile_;
  const size_t limit_;
  const bool can_clone_;
  std::mutex mutex_;
  Slots slots_;  // the one asked for last comes first
  std::atomic<size_t> compiled_{0};
};

}  // namespace accelnode::rocm
