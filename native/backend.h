// The interface that every vendor implements. Small on purpose; see docs/architecture.md.
//
// Rules that hold for all implementations:
// - Nothing is validated here: lib/ has checked names, types, shapes and sizes. An implementation
//   throws Error only for what a caller could not know (a missing library, a vendor's refusal).
// - A Backend lives as long as the process and is opened once; its libraries are never unloaded.
// - A Model is immutable and outlives its Contexts. A Context is used by one thread at a time.
// - Whatever a vendor lacks keeps the default below, which does the right thing or says
// UNSUPPORTED.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "device_gauge.h"
#include "error.h"
#include "library.h"
#include "tensor.h"
#include "value.h"

namespace accelnode {

struct Device {
  std::string id;                              // after the backend's name: "0", "CPU", "GPU.1"
  std::string name;                            // "Intel(R) Core(TM) …"
  std::string kind;                            // "cpu", "gpu" or "npu"
  std::string arch, driver, uuid;              // empty where the vendor does not say
  uint64_t memory_total = 0, memory_free = 0;  // bytes; 0: not known
  bool automatic = true;  // may `device: 'auto'` choose it? false: only when named
  Value details;          // the vendor's further facts
};

// A device that the runtime could drive but can't at the moment, for the doctor.
struct AbsentDevice {
  std::string id, reason, hint;
};

// Something of the machine that the vendor's devices need, for the doctor: a device node, firmware.
struct Check {
  std::string what;  // "/dev/mali0"
  bool ok = false;
  std::string found;  // "No such file or directory"
  std::string hint;   // what to do; empty when it is ok
};

struct DeviceList {
  std::vector<Device> present;  // in the order in which `device: 'auto'` prefers them
  std::vector<AbsentDevice> absent;
  std::vector<Check> checks;
};

// Where to look for the runtime. `candidates` come from lib/runtimes (option, environment variable,
// runtimes folder); the backend adds the names under which a system installs it, unless the user
// named one library, which then is the only one tried.
struct OpenRequest {
  std::vector<LibraryCandidate> candidates;
  bool exclusive = false;
  std::string companion;  // another library that the user named: Arm NN's delegate; empty: none
};

struct Runtime {
  std::string version;
  std::string library;  // the file that was opened; empty when none is needed
  std::vector<LoadAttempt> attempts;
  std::vector<std::string> warnings;
  Value details;
};

// A model as the caller gave it. Either a path or bytes; `weights` only for formats of two files.
struct ModelSource {
  std::string format;  // "onnx", "ir", "tflite", "paddle", "blob", "plan", "mxr", "rknn", "null"
  std::string path, weights_path;
  std::shared_ptr<const std::vector<uint8_t>> bytes, weights;
  // Inputs and outputs in the file's order, where lib/ has read them (ONNX); else empty.
  std::vector<std::string> input_names, output_names;
  // The null backend's models are a description, not a file. ONNX, where lib/ has read it:
  // { inputs: [{ name, type, shape? }], outputs: likewise, operators: [name] }
  Value spec;
};

// How a load talks to the caller while it works. Every method may be called from any thread.
class LoadMonitor {
 public:
  virtual ~LoadMonitor() = default;
  virtual bool Cancelled() const { return false; }
  virtual void Progress(const std::string& /*phase*/, double /*done*/, double /*total*/) {}
  // Fills `inputs` with the next batch of calibration data; false when there is no more.
  virtual bool NextCalibrationBatch(Span<Tensor> /*inputs*/) { return false; }
};

struct LoadRequest {
  std::string device;  // without the backend's name
  ModelSource source;
  Value options;  // common ones (precision, lanes, shapes, cacheDir, …) and the backend's own
  LoadMonitor* monitor = nullptr;  // never null in Backend::Load
};

// What one run took, as far as the vendor can tell.
struct RunStats {
  // Nanoseconds; a lane fills `compute` with the whole call when the context leaves it at 0.
  int64_t h2d = 0, compute = 0, d2h = 0;
  uint64_t copied_bytes = 0;              // by our own code, between two places of host memory
  uint64_t h2d_bytes = 0, d2h_bytes = 0;  // to and from the device
};

// What one lane runs on: an infer request, an execution context, an interpreter, an NPU context.
class Context {
 public:
  virtual ~Context() = default;
  // Before each Run, and never beside a Cancel: forget the last one. Whatever is cancelled from
  // here on is the coming run, though it may not have begun.
  virtual void Arm() {}
  // Blocks until the outputs are complete. Must not return, or throw, while the vendor can still
  // touch the caller's memory.
  virtual void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) = 0;
  // From another thread, any number of times from Arm until a moment after Run: ask the vendor to
  // stop. Run then throws CANCELLED or simply ends.
  virtual void Cancel() {}
  // Per-layer figures of the last run.
  virtual Value Profile();
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const std::vector<TensorInfo>& Inputs() const = 0;
  virtual const std::vector<TensorInfo>& Outputs() const = 0;
  virtual std::unique_ptr<Context> NewContext(int lane) = 0;
  // Lanes that use the device well, for `lanes: 'auto'`.
  virtual int PreferredLanes() const { return 1; }
  // Does the thread that calls Context::Run compute itself, in about the same time for the same
  // shapes? Runs that take less than waking a lane may then stay on the thread that asks for them.
  virtual bool ComputesOnCaller() const { return false; }
  // Facts about what was really loaded: precision, execution devices, streams, fallbacks.
  virtual Value Details() const { return Value::Map{}; }
  // Where inputs and outputs are best kept, for session.allocate.
  virtual MemoryKind PreferredMemory() const { return MemoryKind::kHost; }
  // Bytes: { device, host, … } as far as the vendor tells.
  virtual Value Memory() const { return Value::Map{}; }
  // Writes the compiled model to `path` in the backend's own format.
  virtual void Export(const std::string& path);
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const char* Name() const = 0;
  // Opens the vendor's libraries; safe to call again, and from several threads. Throws
  // RUNTIME_NOT_FOUND or RUNTIME_INCOMPATIBLE, with every attempt in the details, when nothing
  // usable was found.
  virtual Runtime Open(const OpenRequest& request) = 0;
  // The rest needs a successful Open.
  virtual DeviceList Devices() = 0;
  virtual std::unique_ptr<Model> Load(const LoadRequest& request) = 0;
  // kPinned or kDevice memory for runs on `device`, aligned as it likes; of kPinned the contents
  // are zero.
  virtual Buffer Allocate(MemoryKind kind, size_t bytes, const std::string& device);
  // Copies between two buffers, or a buffer and host memory (`Buffer` with kHost and no owner).
  // Blocks until done.
  virtual void Copy(const Buffer& from, const Buffer& to, size_t bytes);
  // For samples of what the device is doing; null where nobody tells. What it reads, it opens.
  virtual std::unique_ptr<DeviceGauge> NewGauge(const std::string& /*device*/) { return nullptr; }
};

}  // namespace accelnode
