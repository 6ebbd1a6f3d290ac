// A lane on a GPU, with a stream and memory of its own.
//
// Memory of the caller's is used where it is if the device can: device memory directly, pinned
// memory by asynchronous copies. All other is copied through pinned memory of the lane's own. While
// one lane computes, others may copy.
//
// Whatever is enqueued has ended before Run returns or throws: the copies read and write memory of
// the caller's.
#pragma once

#include <vector>

#include "hip_memory.h"
#include "rocm_context.h"

namespace accelnode::rocm {

class DeviceContext final : public RocmContext {
 public:
  explicit DeviceContext(ModelFacts& facts);
  ~DeviceContext() override;

 protected:
  void Compute(ProgramPool& pool, Span<const Tensor> inputs, Span<Output> outputs,
               RunStats& stats) override;

 private:
  // Memory of this lane for one input or output.
  struct Port {
    explicit Port(int device)
        : memory(MemoryKind::kDevice, device), staging(MemoryKind::kPinned, device) {}
    Scratch memory, staging;
    bool staged = false;  // of an output: to be delivered from `staging` when all is done
  };

  void CheckRooms(const CompiledProgram& program, Span<Output> outputs) const;
  void Launch(ProgramPool& pool, Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats);
  void AddInputs(const ParameterList& wanted, Span<const Tensor> inputs, RunParameters& parameters,
                 RunStats& stats);
  void* PlaceInput(Port& port, const Tensor& input, RunStats& stats);
  void AddOutputs(const ParameterList& wanted, Span<Output> outputs, RunParameters& parameters);
  void* PlaceOutput(size_t index, size_t bytes, Span<Output> outputs);
  void Download(size_t index, const Result& result, Output& output, RunStats& stats);
  void Copy(void* to, const void* from, size_t bytes);
  void Synchronize();
  void ReadTimes(RunStats& stats) const;
  void CountMemory();

  // In this order: the stream outlives what works on it.
  const Stream stream_;
  const Event begun_, uploaded_, computed_, done_;
  std::vector<Port> inputs_, outputs_;
  bool copies_in_ = false, copies_out_ = false;  // in this run
  uint64_t counted_bytes_ = 0;
};

}  // namespace accelnode::rocm
