// Arm NN's delegate never frees a network that it has loaded: an interpreter that is freed leaves
// most of what it took behind. So those that nobody needs any more are kept, for whoever loads the
// same model with the same options and shapes again. Memory then grows with the number of different
// ones that were in use at once, not with the number of loads.
#pragma once

#include <memory>
#include <vector>

#include "bound_interpreter.h"

namespace accelnode::armnn {

// Null when there is none.
std::unique_ptr<BoundInterpreter> TakeKept(const LoadedModel& model,
                                           const InterpreterSettings& settings,
                                           const std::vector<Shape>& shapes);

// Frees it where it has no delegate, or can't be used again. Null: nothing.
void KeepDelegated(std::unique_ptr<BoundInterpreter> interpreter) noexcept;

}  // namespace accelnode::armnn
