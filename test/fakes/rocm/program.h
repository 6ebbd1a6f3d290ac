// Programs: a model with its shapes, and what compiling made of it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model.h"
#include "stream.h"
#include "values.h"

namespace fake {

// Throws in the library's words when the device is not there or lost.
void NeedDevice(const char* what_failed);

// Memory that MIGraphX takes for itself. Where the device has no more of it, it silently takes
// pinned memory instead.
class GpuMemory {
 public:
  explicit GpuMemory(size_t bytes);
  ~GpuMemory();
  GpuMemory(const GpuMemory&) = delete;
  GpuMemory& operator=(const GpuMemory&) = delete;
  uint8_t* address() const { return static_cast<uint8_t*>(address_); }

 private:
  void* address_ = nullptr;
  bool pinned_ = false;
};

// What a program runs in on the GPU. A copy of a program shares it: one stream, one scratch memory,
// one pair of events for run_async.
struct GpuContext {
  explicit GpuContext(size_t scratch_bytes);
  ~GpuContext();
  const int device;
  const GpuMemory scratch;
  Stream* const stream;
  std::atomic<int> calls{0};  // threads in run or run_async
  std::mutex working;         // as the stream does one work after the other
};

// Where the caller finds an output of a program whose parameters are device memory.
struct OutputPlace {
  enum { kParameter, kInput, kConstant } kind;
  std::string name;  // of the parameter, the input or the constant
};

struct Program {
  // As parsed, with the shapes that were given.
  std::string onnx;
  OnnxOptions parse;
  std::shared_ptr<const Model> model;
  std::map<std::string, ShapeValue> inputs;
  std::vector<ShapeValue> outputs;
  std::string precision = "fp32";

  // As compiled.
  bool attempted = false;  // whatever came of it
  bool compiled = false;
  std::string target;
  CompileOptions options;
  std::vector<OutputPlace> places;
  std::shared_ptr<GpuContext> context;  // of target gpu
  std::shared_ptr<const GpuMemory> constants;
  std::map<std::string, size_t> constant_offsets;

  bool TakesDeviceMemory() const { return context != nullptr && !options.offload_copy; }
  std::map<std::string, ShapeValue> ParameterShapes() const;
  std::vector<ShapeValue> OutputShapes(const std::map<std::string, ShapeValue>& given) const;
};

// A program with what is told of its runs, which copies do not share.
struct ProgramHandle : HandleOf<Program, Kind::kProgram> {
  using HandleOf::HandleOf;
  void Clear() override;
  std::shared_ptr<std::atomic<int>> queued = std::make_shared<std::atomic<int>>(0);
  const void* stream = nullptr;  // of the last run_async
};
using ContextHandle = HandleOf<std::shared_ptr<GpuContext>, Kind::kContext>;

// The shape of an input as its model has it.
Shape ModelShape(const Tensor& input, const ShapeValue& given);

Program Parse(std::string onnx, const OnnxOptions& options, const std::string& failure);
void Compile(Program& program, const std::string& target, const CompileOptions& options);

}  // namespace fake
