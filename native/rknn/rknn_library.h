// The opened librknnrt: its functions, and which release it is.
#pragma once

#include <string>

#include "../backend.h"
#include "rknn_abi.h"

namespace accelnode::rknn {

struct Functions {
#define X(result, name, parameters) result(*name) parameters = nullptr;
  ACCELNODE_RKNN_FUNCTIONS(X)
  ACCELNODE_RKNN_OPTIONAL_FUNCTIONS(X)
#undef X
};

// The one librknnrt of this process. Only after OpenLibrary has succeeded.
const Functions& Api();
const std::string& LibraryVersion();  // "2.3.2"; "unknown" where the file does not say

// Can inputs and outputs lie in memory that the NPU reads and writes itself?
bool HasZeroCopy();

Runtime OpenLibrary(const OpenRequest& request);

// What is to be said of a driver of this version with this librknnrt; empty: nothing, also of one
// that is not known.
std::string DriverWarning(const std::string& driver);

}  // namespace accelnode::rknn
