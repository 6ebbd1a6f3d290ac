// Programs of MIGraphX's, and what a run must know of one that has been compiled.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "migraphx_library.h"
#include "migraphx_types.h"

namespace accelnode::rocm {

struct Parameter {
  std::string name;
  const migraphx_shape* shape = nullptr;  // the program's; null: it has no such parameter
  Layout layout;
};

// What a program wants to be given.
class ParameterList {
 public:
  // `input_names`: of the model, in its order; empty: not known.
  ParameterList(migraphx_program* program, const std::vector<std::string>& input_names);

  // The model's, in its order. MIGraphX may have dropped one that makes no difference.
  const std::vector<Parameter>& inputs() const { return inputs_; }
  // Memory that the program writes outputs to, where it was compiled so. There is none for an
  // output that is an input, a constant, or the same as another.
  const std::vector<Parameter>& output_memory() const { return output_memory_; }

 private:
  const ParameterShapes shapes_;  // owns the shapes
  std::vector<Parameter> inputs_, output_memory_;
};

// The only way to run a program: one that was not compiled, or whose compiling failed, would run on
// reference operators without a word.
class CompiledProgram {
 public:
  // `program` has been compiled.
  CompiledProgram(Program program, const std::vector<std::string>& input_names);

  const ParameterList& parameters() const { return parameters_; }
  const std::vector<Layout>& outputs() const { return outputs_; }
  migraphx_program* get() const { return program_.get(); }

  // Another that can run beside this one on `ref`. On a GPU the two would share stream and scratch
  // memory.
  std::unique_ptr<CompiledProgram> Clone() const;
  void Save(const std::string& path) const;

 private:
  const Program program_;
  const ParameterList parameters_;
  std::vector<Layout> outputs_;
};

// One compiled program for all lanes. A copy of it computes one run at a time: on `ref` there are
// as many as runs at once, on a GPU there is one and runs take turns.
class ProgramPool {
 public:
  ProgramPool(std::unique_ptr<CompiledProgram> program, bool can_clone)
      : program_(std::move(program)), can_clone_(can_clone) {}

  const CompiledProgram& program() const { return *program_; }

  class Lease {
   public:
    explicit Lease(ProgramPool& pool);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    const CompiledProgram& operator*() const { return copy_ ? *copy_ : *pool_.program_; }

   private:
    ProgramPool& pool_;
    std::unique_lock<std::mutex> turn_;
    std::unique_ptr<CompiledProgram> copy_;
  };

 private:
  const std::unique_ptr<CompiledProgram> program_;
  const bool can_clone_;
  std::mutex turn_;  // on a GPU: who holds it computes; else: of `idle_`
  std::vector<std::unique_ptr<CompiledProgram>> idle_;
};

}  // namespace accelnode::rocm
