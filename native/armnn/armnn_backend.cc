// Arm NN (TFLite's C API and the Arm NN delegate): not built yet. It answers through the interface
// of every backend.
#include "../backend.h"
#include "../not_built.h"

namespace accelnode {

std::unique_ptr<Backend> MakeArmnnBackend() {
  return NotBuilt("armnn", "Arm NN (TFLite's C API and the Arm NN delegate)");
}

}  // namespace accelnode
