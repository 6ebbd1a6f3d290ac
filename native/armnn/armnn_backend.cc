// Arm NN as a delegate of TFLite, and TFLite by itself, through their C APIs.
#include "../backend.h"
#include "armnn_delegate.h"
#include "armnn_devices.h"
#include "armnn_model.h"
#include "tflite_library.h"

namespace accelnode {
namespace armnn {
namespace {

class ArmnnBackend final : public Backend {
 public:
  const char* Name() const override { return "armnn"; }
  Runtime Open(const OpenRequest& request) override {
    Runtime runtime = OpenTflite(request);
    if (!request.companion.empty()) NameDelegate(request.companion);
    return runtime;
  }
  DeviceList Devices() override { return ListDevices(); }
  std::unique_ptr<Model> Load(const LoadRequest& request) override { return LoadModel(request); }
};

}  // namespace
}  // namespace armnn

std::unique_ptr<Backend> MakeArmnnBackend() { return std::make_unique<armnn::ArmnnBackend>(); }

}  // namespace accelnode
