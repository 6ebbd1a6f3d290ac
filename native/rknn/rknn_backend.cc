// Rockchip RKNN: the NPUs of Rockchip's boards, through librknnrt.
#include "../backend.h"
#include "rknn_devices.h"
#include "rknn_gauge.h"
#include "rknn_library.h"
#include "rknn_memory.h"
#include "rknn_model.h"

namespace accelnode {
namespace rknn {
namespace {

class RknnBackend final : public Backend {
 public:
  const char* Name() const override { return "rknn"; }
  Runtime Open(const OpenRequest& request) override { return OpenLibrary(request); }
  DeviceList Devices() override { return ListDevices(); }
  std::unique_ptr<Model> Load(const LoadRequest& request) override { return LoadModel(request); }

  // Copies are those of ordinary memory: runs tell the NPU of what the CPU has written.
  Buffer Allocate(MemoryKind kind, size_t bytes, const std::string& id) override {
    RequireDevice(id);
    if (kind == MemoryKind::kDevice || !HasSharedMemory()) {
      return Backend::Allocate(kind, bytes, id);
    }
    return AllocateShared(bytes);
  }

  std::unique_ptr<DeviceGauge> NewGauge(const std::string&) override { return rknn::NewGauge(); }
};

}  // namespace
}  // namespace rknn

std::unique_ptr<Backend> MakeRknnBackend() { return std::make_unique<rknn::RknnBackend>(); }

}  // namespace accelnode
