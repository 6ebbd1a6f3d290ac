// What HIP knows of its devices and status codes that MIGraphX knows too.
#pragma once

namespace fake {

struct HipWords {
  int status;
  const char *name, *text;
};
const HipWords& WordsOf(int status);

// The architecture of all devices, as 110000 for gfx1100.
int Gfx();

}  // namespace fake
