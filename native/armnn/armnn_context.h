// One lane: an interpreter; with a delegate, one for each set of shapes that it has met.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "bound_interpreter.h"

namespace accelnode::armnn {

class ArmnnContext final : public Context {
 public:
  using Make = std::function<std::unique_ptr<BoundInterpreter>(const std::vector<Shape>& shapes)>;

  // `make` makes another one, and outlives the context as `ports` does.
  ArmnnContext(std::unique_ptr<BoundInterpreter> first, Make make, const Ports& ports);
  ~ArmnnContext() override;

  void Arm() override;
  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override;
  void Cancel() override;

 private:
  BoundInterpreter& For(Span<const Tensor> inputs);
  void SetRunning(BoundInterpreter* running);

  const Make make_;
  const Ports& ports_;
  const bool delegated_;
  std::vector<std::unique_ptr<BoundInterpreter>> interpreters_;
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;  // of running_, which Cancel uses from another thread
  BoundInterpreter* running_ = nullptr;
};

}  // namespace accelnode::armnn
