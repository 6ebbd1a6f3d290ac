// AMD MIGraphX: compiled programs and ONNX models on ROCm devices.
#include <algorithm>
#include <cstring>

#include "../backend.h"
#include "hip_check.h"
#include "hip_memory.h"
#include "migraphx_library.h"
#include "rocm_devices.h"
#include "rocm_model.h"

namespace accelnode {
namespace rocm {
namespace {

class RocmBackend final : public Backend {
 public:
  const char* Name() const override { return "rocm"; }
  Runtime Open(const OpenRequest& request) override { return OpenLibraries(request); }
  DeviceList Devices() override { return ListDevices(); }
  std::unique_ptr<Model> Load(const LoadRequest& request) override { return LoadModel(request); }

  Buffer Allocate(MemoryKind kind, size_t bytes, const std::string& id) override {
    if (id == kReferenceDevice) return Backend::Allocate(kind, bytes, id);
    const int device = ResolveDevice(id);
    if (kind == MemoryKind::kDevice) return AllocateDevice(bytes, device);
    Buffer buffer = AllocatePinned(bytes, device);
    std::memset(buffer.data, 0, bytes);
    return buffer;
  }

  void Copy(const Buffer& from, const Buffer& to, size_t bytes) override {
    UseDevice(std::max({0, DeviceOf(from), DeviceOf(to)}));
    // A stream of its own: the default one would wait for everybody else's.
    const Stream stream = MakeStream();
    const hipError_t copied =
        Hip().hipMemcpyAsync(to.data, from.data, bytes, kMemcpyDefault, stream.get());
    const hipError_t ended = Hip().hipStreamSynchronize(stream.get());
    CheckHip(copied, "hipMemcpyAsync");
    CheckHip(ended, "hipStreamSynchronize");
  }

  std::unique_ptr<DeviceGauge> NewGauge(const std::string& id) override {
    return rocm::NewGauge(id);
  }
};

}  // namespace
}  // namespace rocm

std::unique_ptr<Backend> MakeRocmBackend() { return std::make_unique<rocm::RocmBackend>(); }

}  // namespace accelnode
