// One lane.
#pragma once

#include <atomic>
#include <memory>

#include "rocm_model.h"

namespace accelnode::rocm {

class RocmContext : public Context {
 public:
  explicit RocmContext(ModelFacts& facts) : facts_(facts) {}

  void Arm() override { cancelled_ = false; }
  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) final;
  // What MIGraphX has begun can't be stopped; a run that waits for its turn ends when it comes.
  void Cancel() override { cancelled_ = true; }

 protected:
  // For a run that has its turn at last: it may have waited long for it, and for its program.
  void StopIfCancelled() const;
  // Blocks until the outputs are complete and nothing touches the caller's memory any more.
  virtual void Compute(ProgramPool& pool, Span<const Tensor> inputs, Span<Output> outputs,
                       RunStats& stats) = 0;

  ModelFacts& facts_;

 private:
  std::shared_ptr<ProgramPool> PoolFor(Span<const Tensor> inputs);

  std::shared_ptr<ProgramPool> only_pool_;  // where there is no other; else a lane keeps none
  std::atomic<bool> cancelled_{false};
};

// Gives MIGraphX the caller's memory: for `ref`, and on a GPU where MIGraphX copies by itself.
class HostContext final : public RocmContext {
 public:
  using RocmContext::RocmContext;

 protected:
  void Compute(ProgramPool& pool, Span<const Tensor> inputs, Span<Output> outputs,
               RunStats& stats) override;
};

// Of the memory that the caller gave, or wants for an output.
MemoryKind KindOf(const Tensor& input);
MemoryKind KindOf(const Output& output);

// What a run of a program is told: each parameter's shape and memory.
class RunParameters {
 public:
  RunParameters();
  void Add(const Parameter& parameter, void* memory);
  bool Has(const void* memory) const;  // is it of one of them?
  migraphx_program_parameters* get() const { return parameters_.get(); }

 private:
  std::vector<Argument> arguments_;
  std::vector<const void*> memory_;
  const Parameters parameters_;
};

// An output as a program gives it.
struct Result {
  Layout layout;
  void* data = nullptr;
  size_t Bytes() const { return ByteSize(layout.type, layout.Elements()); }
};
Result ResultAt(migraphx_arguments* results, size_t index);

// Throws unless an input has as many bytes as its parameter.
void CheckInput(const Parameter& parameter, const Tensor& input);
// Throws when the caller's tensor is too small.
void CheckRoom(const TensorInfo& info, const Layout& layout, const Output& output);
// Puts a result that lies in host memory where the caller wants it.
void Deliver(const TensorInfo& info, const Result& result, const void* data, Output& output,
             RunStats& stats);
// Says what came of an output that lies at output.data.
void Describe(const TensorInfo& info, const Result& result, Output& output);

}  // namespace accelnode::rocm
