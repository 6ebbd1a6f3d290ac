#pragma once

#include "objects.h"

namespace fake {

// An IParser that fills the network, given as the caller knows it.
void* NewParser(void* network, Logger logger, int release);

}  // namespace fake
