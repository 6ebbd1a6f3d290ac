// One engine on one device.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../backend.h"
#include "../turn.h"
#include "cuda_library.h"
#include "tensorrt_allocator.h"
#include "tensorrt_recorder.h"

namespace accelnode::cuda {

// What is the same for all lanes of an engine.
struct EngineFacts {
  int device = 0;
  bool integrated = false;  // the device shares the host's memory
  bool profiling = false;
  bool graphs = false;  // wanted, and nothing is known that can't be recorded
  std::vector<TensorInfo> inputs, outputs;
  std::vector<bool> host_inputs, host_outputs;  // tensors that TensorRT wants in host memory
  // By profile, then by input: the bounds of each dimension; and of each value, where those decide
  // shapes.
  struct Bounds {
    std::vector<int64_t> min, opt, max;
  };
  struct InputBounds {
    Bounds dims, values;
  };
  std::vector<std::vector<InputBounds>> profiles;

  Buffer shared_memory;  // where contexts share theirs
  Turn turn;             // to use that

  std::atomic<bool> lost{false};       // the device; nothing more can be done with it
  std::atomic<uint64_t> own_bytes{0};  // of device memory that our contexts allocated themselves
};

// What a runtime, its engine and its contexts report to and allocate through.
struct RuntimeServices {
  explicit RuntimeServices(int device);
  ErrorRecorder recorder;
  GpuAllocator allocator;
};

class TensorRtContext;

class TensorRtModel final : public Model {
 public:
  // `runtime` made `engine`, with `services`.
  TensorRtModel(std::unique_ptr<RuntimeServices> services, TrtObject runtime, TrtObject engine,
                int device, const Value& options, Value::Map details);
  ~TensorRtModel() override;

  const std::vector<TensorInfo>& Inputs() const override { return facts_.inputs; }
  const std::vector<TensorInfo>& Outputs() const override { return facts_.outputs; }
  std::unique_ptr<Context> NewContext(int lane) override;
  int PreferredLanes() const override;
  Value Details() const override { return details_; }
  MemoryKind PreferredMemory() const override { return MemoryKind::kPinned; }
  Value Memory() const override;
  void Export(const std::string& path) override;

 private:
  std::unique_ptr<TensorRtContext> MakeContext(void* memory);
  void DescribeTensors();
  void DescribeProfiles();
  EngineFacts::Bounds ValueBounds(const TensorInfo& input, int32_t profile) const;
  bool CanRecord() const;
  Value ProfilesValue() const;
  std::string LayerInformation() const;

  const std::unique_ptr<RuntimeServices> services_;
  const TrtObject runtime_;
  TrtObject engine_;
  EngineFacts facts_;
  std::mutex making_;  // of contexts and plans: in turn, as all report to the engine's recorder
  size_t context_bytes_ = 0;
  const bool shares_memory_;
  Value details_;
};

// Loads a plan, or builds one from an ONNX model and loads that.
std::unique_ptr<Model> LoadModel(const LoadRequest& request);

}  // namespace accelnode::cuda
