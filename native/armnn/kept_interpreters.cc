#include "kept_interpreters.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace accelnode::armnn {
namespace {

struct KeptInterpreters {
  std::mutex mutex;
  std::vector<std::unique_ptr<BoundInterpreter>> all;
};

// For as long as the process lives: at its end, Arm NN is taken down before us.
KeptInterpreters& Kept() {
  static auto& kept = *new KeptInterpreters;
  return kept;
}

bool IsOf(const Interpreter& interpreter, const LoadedModel& model,
          const InterpreterSettings& settings) {
  return interpreter.Settings().AreSame(settings) && *interpreter.Model().bytes == *model.bytes;
}

}  // namespace

std::unique_ptr<BoundInterpreter> TakeKept(const LoadedModel& model,
                                           const InterpreterSettings& settings,
                                           const std::vector<Shape>& shapes) {
  KeptInterpreters& kept = Kept();
  std::lock_guard lock(kept.mutex);
  const auto found = std::find_if(kept.all.begin(), kept.all.end(), [&](const auto& each) {
    return each->Fits(shapes) && IsOf(each->Get(), model, settings);
  });
  if (found == kept.all.end()) return nullptr;
  std::unique_ptr<BoundInterpreter> taken = std::move(*found);
  kept.all.erase(found);
  return taken;
}

void KeepDelegated(std::unique_ptr<BoundInterpreter> interpreter) noexcept {
  if (!interpreter || !interpreter->Get().HasDelegate() || interpreter->Get().IsBroken()) return;
  try {
    interpreter->LetGo();
    KeptInterpreters& kept = Kept();
    std::lock_guard lock(kept.mutex);
    kept.all.push_back(std::move(interpreter));
  } catch (...) {
    // TFLite would not let go of a run's memory, or there is no memory: it is freed.
  }
}

}  // namespace accelnode::armnn
