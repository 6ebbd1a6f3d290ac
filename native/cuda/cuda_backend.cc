// NVIDIA TensorRT: not built yet. It answers through the interface of every backend.
#include "../backend.h"
#include "../not_built.h"

namespace accelnode {

std::unique_ptr<Backend> MakeCudaBackend() { return NotBuilt("cuda", "NVIDIA TensorRT"); }

}  // namespace accelnode
