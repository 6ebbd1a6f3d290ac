// Loading a .tflite model: what comes out makes the interpreters that the lanes run on.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../temporary_file.h"
#include "bound_interpreter.h"

namespace accelnode::armnn {

// On "tflite", TFLite's own kernels, or on Arm NN's backends: "GpuAcc", "GpuAcc,CpuAcc".
std::unique_ptr<Model> LoadModel(const LoadRequest& request);

class ArmnnModel final : public Model {
 public:
  struct Parts {
    std::shared_ptr<const LoadedModel> model;
    InterpreterSettings settings;
    Ports ports;
    std::unique_ptr<BoundInterpreter> first;  // for the first lane
    std::string device;
    // What GpuAcc has compiled for it, where it is to be exported.
    std::unique_ptr<const TemporaryFile> network;
    Value details;
  };
  explicit ArmnnModel(Parts parts);
  ~ArmnnModel() override;

  const std::vector<TensorInfo>& Inputs() const override { return parts_.ports.inputs; }
  const std::vector<TensorInfo>& Outputs() const override { return parts_.ports.outputs; }
  std::unique_ptr<Context> NewContext(int lane) override;
  bool ComputesOnCaller() const override;
  Value Details() const override { return parts_.details; }
  void Export(const std::string& path) override;

 private:
  std::unique_ptr<BoundInterpreter> Make(const std::vector<Shape>& shapes) const;

  Parts parts_;
  std::vector<Shape> first_shapes_;
  std::mutex mutex_;  // of parts_.first
};

}  // namespace accelnode::armnn
