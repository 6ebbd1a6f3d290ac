// Playing a library that numbers its element types in another way than the one behind the double.
#pragma once

#include <string>

#include "types.h"

namespace fake {

enum class Numbering : int32_t {
  kReal = 0,          // that of the library behind
  kBefore2024_2 = 1,  // the first one; no package with the C library has it any more
  // As a release of the future may do:
  kTypeAdded = 2,    // before f32
  kTypeRemoved = 3,  // before f32
};

// Tells which release is really behind, as it calls itself ("2026.4.1-…").
void SetRealVersion(const std::string& version);

// The library's number for a number of the numbering that is played; false when there is none.
bool ToReal(ov_element_type played, ov_element_type* real);
ov_element_type FromReal(ov_element_type real);

}  // namespace fake
