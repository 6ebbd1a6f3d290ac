#include "hip_facts.h"

#include "control.h"

namespace fake {
namespace {

constexpr HipWords kWords[] = {
    {0, "hipSuccess", "no error"},
    {1, "hipErrorInvalidValue", "invalid argument"},
    {2, "hipErrorOutOfMemory", "out of memory"},
    {100, "hipErrorNoDevice", "no ROCm-capable device is detected"},
    {101, "hipErrorInvalidDevice", "invalid device ordinal"},
    {209, "hipErrorNoBinaryForGpu", "no kernel image is available for execution on the device"},
    {400, "hipErrorInvalidHandle", "invalid resource handle"},
    {600, "hipErrorNotReady", "device not ready"},
    {700, "hipErrorIllegalAddress", "an illegal memory access was encountered"},
    {712, "hipErrorHostMemoryAlreadyRegistered",
     "part or all of the requested memory range is already mapped"},
    {713, "hipErrorHostMemoryNotRegistered",
     "pointer does not correspond to a registered memory region"},
    {719, "hipErrorLaunchFailure", "unspecified launch failure"},
    {801, "hipErrorNotSupported", "operation not supported"},
    {999, "hipErrorUnknown", "unknown error"},
};

}  // namespace

const HipWords& WordsOf(int status) {
  static constexpr HipWords unknown = {-1, "hipErrorUnknown", "unknown error"};
  for (const HipWords& words : kWords) {
    if (words.status == status) return words;
  }
  return unknown;
}

int Gfx() { return Block().gfx == 0 ? 110000 : static_cast<int>(Block().gfx); }

}  // namespace fake
