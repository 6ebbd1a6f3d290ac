// One lane: an execution context with a stream of its own.
//
// What TensorRT is told (shapes, addresses) is told once and kept until it changes. Memory of the
// caller's is used where it is if the device can: device memory directly, pinned memory by
// asynchronous copies. All other is copied through pinned memory of the context's own. Integrated
// devices compute on pinned memory, without copies of their own.
//
// Whatever is enqueued has ended before Run returns or throws: the copies read and write memory of
// the caller's.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda_memory.h"
#include "tensorrt_engine.h"
#include "tensorrt_logger.h"
#include "tensorrt_profiler.h"

namespace accelnode::cuda {

class TensorRtContext final : public Context {
 public:
  TensorRtContext(TrtObject context, EngineFacts& facts);
  ~TensorRtContext() override;

  void Arm() override { cancelled_ = false; }
  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override;
  // What the device has begun can't be stopped; a run that waits for its turn can.
  void Cancel() override;
  Value Profile() override;

  // The profile in use, or else the first that takes these inputs; throws when there is none.
  int ProfileFor(Span<const Tensor> inputs) const;

 private:
  // An output whose shape only the computation tells: TensorRT asks for memory when it knows.
  class Allocator final : public IOutputAllocator {
   public:
    Allocator(Scratch& memory, int device) : memory_(memory), device_(device) {}
    void* reallocateOutput(const char*, void*, uint64_t size, uint64_t) noexcept override;
    void* reallocateOutputAsync(const char*, void*, uint64_t size, uint64_t,
                                cudaStream_t) noexcept override;
    void notifyShape(const char*, const Dims& dims) noexcept override { shape = dims; }

    Dims shape;
    std::optional<Error> error;

   private:
    Scratch& memory_;
    const int device_;
  };

  struct Port {
    Port(const TensorInfo& tensor, bool host, int device)
        : info(tensor),
          on_host(host),
          memory(MemoryKind::kDevice, device),
          staging(MemoryKind::kPinned, device) {}

    const TensorInfo& info;
    const bool on_host;  // TensorRT wants it in host memory
    Scratch memory, staging;
    // What TensorRT has been told: an input's shape; null: no address.
    bool shape_told = false;
    Shape shape;
    void* address = nullptr;
    std::vector<int64_t> values;  // of an input in host memory: they decide shapes
    // Of outputs, for the run that goes on.
    size_t bytes = 0;
    bool staged = false;                   // to be copied from `staging` when all is done
    std::unique_ptr<Allocator> allocator;  // where the shape is not known before
  };

  void Launch(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats);
  void StageValues(Span<const Tensor> inputs, RunStats& stats);
  void SelectProfile(Span<const Tensor> inputs);
  bool Fits(int profile, Span<const Tensor> inputs) const;
  void BindInput(Port& port, const Tensor& input, RunStats& stats);
  void* PlaceInput(Port& port, const Tensor& input, RunStats& stats);
  void LearnOutputShapes();
  void BindOutput(Port& port, Output& output);
  void* PlaceOutput(Port& port, Output& output);
  void Enqueue();
  bool Capture();
  void Download(Port& port, Output& output, RunStats& stats);
  void CopyOut(Port& port, const Output& output, RunStats& stats);
  bool DownloadDependent(Span<Output> outputs, RunStats& stats);
  void Finish(Port& port, Output& output, RunStats& stats);
  void Tell(Port& port, void* address);
  void Copy(void* to, const void* from, size_t bytes);
  void Synchronize();
  void Forget();
  void CountMemory();
  void ReadTimes(RunStats& stats) const;
  void CheckRoom(const Port& port, const Output& output) const;

  EngineFacts& facts_;
  // In this order: the stream outlives what works on it.
  const Stream stream_;
  const Event begun_, uploaded_, computed_, done_;
  std::vector<Port> inputs_, outputs_;
  Profiler profiler_;
  ErrorRecorder recorder_;
  const TrtObject context_;
  GraphExec graph_;

  int profile_ = 0;
  bool dynamic_ = false;        // some input's shape may change
  bool has_values_ = false;     // some input's values decide shapes
  bool graphs_ = false;         // can be recorded, as far as is known
  bool changed_ = true;         // since the last run: something that TensorRT was told
  bool shapes_changed_ = true;  // likewise, so that outputs may have other shapes
  bool ran_ = false;
  bool copies_in_ = false, copies_out_ = false;  // in this run
  uint64_t counted_bytes_ = 0;
  std::atomic<bool> cancelled_{false};
};

}  // namespace accelnode::cuda
