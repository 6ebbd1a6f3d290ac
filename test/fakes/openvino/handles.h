// Which objects are alive. A use of one that is not, a second free and a free with the wrong
// function are violations: noted, and kept from the library, which would crash.
#pragma once

#include "control.h"

namespace fake {

void Made(Kind kind, const void* object);

// False when `object` is no living object of this kind. Null is left to the library.
bool IsAlive(Kind kind, const void* object, const char* function);

// The same, and it is alive no longer.
bool Free(Kind kind, const void* object, const char* function);

void Violation(const char* function, const char* what, Kind kind);

}  // namespace fake
