// The HIP runtime: the one that MIGraphX's GPU target has brought.
#pragma once

#include "../library.h"
#include "hip_abi.h"

namespace accelnode::rocm {

struct HipFunctions {
#define X(result, name, parameters) result(*name) parameters = nullptr;
  ACCELNODE_HIP_FUNCTIONS(X)
#undef X
};

const HipFunctions& Hip();  // only where HasHip
bool HasHip();

// Looks for it; every name tried and the loader's words go to `attempts`.
void OpenHip(std::vector<LoadAttempt>& attempts);

}  // namespace accelnode::rocm
