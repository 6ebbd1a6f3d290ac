// NVIDIA TensorRT: plans and ONNX models on CUDA devices.
#include <algorithm>
#include <cstring>

#include "../backend.h"
#include "cuda_check.h"
#include "cuda_devices.h"
#include "cuda_gauge.h"
#include "cuda_library.h"
#include "cuda_memory.h"
#include "tensorrt_engine.h"

namespace accelnode {
namespace cuda {
namespace {

class CudaBackend final : public Backend {
 public:
  const char* Name() const override { return "cuda"; }
  Runtime Open(const OpenRequest& request) override { return OpenLibraries(request); }
  DeviceList Devices() override { return ListDevices(); }
  std::unique_ptr<Model> Load(const LoadRequest& request) override { return LoadModel(request); }

  Buffer Allocate(MemoryKind kind, size_t bytes, const std::string& id) override {
    const int device = ResolveDevice(id);
    if (kind == MemoryKind::kDevice) return AllocateDevice(bytes, device);
    Buffer buffer = AllocatePinned(bytes, device);
    std::memset(buffer.data, 0, bytes);
    return buffer;
  }

  void Copy(const Buffer& from, const Buffer& to, size_t bytes) override {
    UseDevice(std::max({0, DeviceOf(from), DeviceOf(to)}));
    // A stream of its own: the default one would wait for everybody else's, and a copy of few bytes
    // from ordinary memory may end later than cudaMemcpy does.
    const Stream stream = MakeStream();
    const cudaError_t copied =
        Cudart().cudaMemcpyAsync(to.data, from.data, bytes, kMemcpyDefault, stream.get());
    const cudaError_t ended = Cudart().cudaStreamSynchronize(stream.get());
    Check(copied, "cudaMemcpyAsync");
    if (ended != cudaSuccess) Cudart().cudaStreamSynchronize(stream.get());
    Check(ended, "cudaStreamSynchronize");
  }

  std::unique_ptr<DeviceGauge> NewGauge(const std::string& id) override {
    return cuda::NewGauge(id);
  }
};

}  // namespace
}  // namespace cuda

std::unique_ptr<Backend> MakeCudaBackend() { return std::make_unique<cuda::CudaBackend>(); }

}  // namespace accelnode
