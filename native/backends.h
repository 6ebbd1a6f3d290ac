// The list of backends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend.h"

namespace accelnode {

// All of them, in the order in which `device: 'auto'` prefers them. Made once per process and never
// destroyed.
const std::vector<std::unique_ptr<Backend>>& Backends();

Backend& GetBackend(const std::string& name);  // lib/ has checked the name

}  // namespace accelnode
