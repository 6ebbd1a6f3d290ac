// Loading a .tflite model: what comes out makes the interpreters that the lanes run on.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tflite_interpreter.h"

namespace accelnode::armnn {

// On "tflite", TFLite's own kernels, or on Arm NN's backends: "GpuAcc", "GpuAcc,CpuAcc".
std::unique_ptr<Model> LoadModel(const LoadRequest& request);

class ArmnnModel final : public Model {
 public:
  // `first`: an interpreter that has been allocated, for the first lane.
  ArmnnModel(std::shared_ptr<const LoadedModel> model, InterpreterSettings settings,
             std::unique_ptr<Interpreter> first, std::vector<TensorInfo> inputs,
             std::vector<TensorInfo> outputs, std::string device);

  const std::vector<TensorInfo>& Inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& Outputs() const override { return outputs_; }
  std::unique_ptr<Context> NewContext(int lane) override;
  bool ComputesOnCaller() const override;
  Value Details() const override;

 private:
  const std::shared_ptr<const LoadedModel> model_;
  const InterpreterSettings settings_;
  const std::vector<TensorInfo> inputs_, outputs_;
  const std::string device_;
  std::vector<std::string> fallback_operators_;
  std::mutex mutex_;
  std::unique_ptr<Interpreter> first_;
};

}  // namespace accelnode::armnn
