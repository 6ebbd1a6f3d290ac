#include "device.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "control.h"
#include "stream.h"

namespace fake {
namespace {

// What was never written is not zero.
constexpr int kGarbage = 0xCD;
constexpr size_t kGarbageBytes = size_t{16} << 20;

struct Block_ {
  size_t bytes = 0;
  int device = -1;
  bool mapped = true;
  std::shared_ptr<uint8_t[]> memory;  // unset for what the caller registered
  bool pooled = false;                // given in the order of a stream
  bool ready = true;                  // that stream has come so far
};

using Blocks = std::map<uintptr_t, Block_>;

// Lanes may still call while the process exits, so these are never destroyed.
Blocks& DeviceBlocks() {
  static auto& blocks = *new Blocks;
  return blocks;
}
Blocks& PinnedBlocks() {
  static auto& blocks = *new Blocks;
  return blocks;
}
Blocks& RegisteredBlocks() {
  static auto& blocks = *new Blocks;
  return blocks;
}

constexpr uintptr_t kReserved = uintptr_t{1} << 38;

uintptr_t Reservation() {
  static const auto start = [] {
    void* memory =
        mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return reinterpret_cast<uintptr_t>(memory);
  }();
  return start;
}

uintptr_t g_next = 0;  // offset in the reservation

thread_local int t_device = 0;
thread_local bool t_said_which = false;

std::shared_ptr<uint8_t[]> NewMemory(size_t bytes) {
  const size_t size = bytes == 0 ? 1 : bytes;
  std::shared_ptr<uint8_t[]> memory(
      static_cast<uint8_t*>(std::aligned_alloc(4096, (size + 4095) & ~size_t{4095})), std::free);
  std::memset(memory.get(), kGarbage, size < kGarbageBytes ? size : kGarbageBytes);
  return memory;
}

// The block that holds `bytes` from `address` on.
Blocks::iterator Holding(Blocks& blocks, uintptr_t address, size_t bytes) {
  auto next = blocks.upper_bound(address);
  if (next == blocks.begin()) return blocks.end();
  --next;
  const bool inside = address - next->first <= next->second.bytes &&
                      bytes <= next->second.bytes - (address - next->first);
  // An empty block still has an address of its own.
  return inside &&
                 (bytes > 0 || address == next->first || address - next->first < next->second.bytes)
             ? next
             : blocks.end();
}

bool IsReserved(uintptr_t address) {
  return address >= Reservation() && address < Reservation() + kReserved;
}

}  // namespace

int CurrentDevice() { return t_device; }

int DeviceCount() {
  const auto count = static_cast<int>(Block().devices);
  return count == 0 ? 1 : count;
}

bool SetCurrentDevice(int device) {
  if (device < 0 || device >= DeviceCount()) return false;
  t_device = device;
  t_said_which = true;
  return true;
}

void NeedCurrentDevice(const char* call) {
  if (!t_said_which)
    Violation(Format("%s on a thread that has not called %s", call, API("SetDevice")));
}

uint64_t DeviceMemoryTotal() {
  return Block().memory_limit == 0 ? kDefaultMemory : static_cast<uint64_t>(Block().memory_limit);
}

uint64_t DeviceMemoryFree(int device) {
  const Lock lock(Mutex());
  uint64_t used = 0;
  for (const auto& [address, block] : DeviceBlocks()) {
    if (block.device == device) used += block.bytes;
  }
  const uint64_t total = DeviceMemoryTotal();
  return used < total ? total - used : 0;
}

void* DeviceAllocate(size_t bytes) {
  const Lock lock(Mutex());
  if (bytes > DeviceMemoryFree(t_device)) return nullptr;
  const uintptr_t address = Reservation() + g_next;
  g_next += (bytes + 511) / 256 * 256;  // with a gap: what begins where another ends is not it
  if (g_next > kReserved) std::abort();
  DeviceBlocks()[address] = {bytes, t_device, true, NewMemory(bytes)};
  Alive(Kind::kDeviceMemory);
  Add(Block().device_bytes, static_cast<int64_t>(bytes));
  return reinterpret_cast<void*>(address);
}

bool DeviceFree(void* address, const char* call) {
  const Lock lock(Mutex());
  const auto found = DeviceBlocks().find(reinterpret_cast<uintptr_t>(address));
  if (found == DeviceBlocks().end()) {
    Violation(Format("%s of %p, which is not allocated there", call, address));
    return false;
  }
  Add(Block().device_bytes, -static_cast<int64_t>(found->second.bytes));
  DeviceBlocks().erase(found);
  Alive(Kind::kDeviceMemory, -1);
  return true;
}

void MarkPooled(void* address, bool ready) {
  const Lock lock(Mutex());
  const auto found = DeviceBlocks().find(reinterpret_cast<uintptr_t>(address));
  if (found == DeviceBlocks().end()) return;
  found->second.pooled = true;
  found->second.ready = ready;
}

bool IsPooled(void* address) {
  const Lock lock(Mutex());
  const auto found = DeviceBlocks().find(reinterpret_cast<uintptr_t>(address));
  return found != DeviceBlocks().end() && found->second.pooled;
}

void* PinnedAllocate(size_t bytes, bool mapped) {
  const Lock lock(Mutex());
  auto memory = NewMemory(bytes);
  uint8_t* const data = memory.get();
  PinnedBlocks()[reinterpret_cast<uintptr_t>(data)] = {bytes, -1, mapped, std::move(memory)};
  Alive(Kind::kPinnedMemory);
  return data;
}

bool PinnedFree(void* address, const char* call) {
  const Lock lock(Mutex());
  if (PinnedBlocks().erase(reinterpret_cast<uintptr_t>(address)) == 0) {
    Violation(Format("%s of %p, which is no pinned memory", call, address));
    return false;
  }
  Alive(Kind::kPinnedMemory, -1);
  return true;
}

bool Register(void* address, size_t bytes, bool mapped) {
  const Lock lock(Mutex());
  const auto start = reinterpret_cast<uintptr_t>(address);
  if (Find(address) != Where::kPageable || bytes == 0) return false;
  RegisteredBlocks()[start] = {bytes, -1, mapped, nullptr};
  Alive(Kind::kRegistration);
  return true;
}

bool Unregister(void* address) {
  const Lock lock(Mutex());
  if (RegisteredBlocks().erase(reinterpret_cast<uintptr_t>(address)) == 0) {
    Violation(Format("%s of %p, which is not registered", API("HostUnregister"), address));
    return false;
  }
  Alive(Kind::kRegistration, -1);
  return true;
}

Where Find(const void* pointer) {
  const Lock lock(Mutex());
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  if (IsReserved(address)) return Where::kDevice;
  const bool pinned = Holding(PinnedBlocks(), address, 0) != PinnedBlocks().end() ||
                      Holding(RegisteredBlocks(), address, 0) != RegisteredBlocks().end();
  return pinned ? Where::kPinned : Where::kPageable;
}

Place OnDevice(const void* pointer, size_t bytes, int device, const std::string& call) {
  const Lock lock(Mutex());
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  const auto found = Holding(DeviceBlocks(), address, bytes);
  if (found != DeviceBlocks().end()) {
    const Block_& block = found->second;
    if (device >= 0 && block.device != device) {
      Violation(
          Format("%s on device %d with memory of device %d", call.c_str(), device, block.device));
      return {};
    }
    if (!block.ready && IsWorking()) {
      Violation(call + " in memory that another stream has not allocated yet");
    }
    return {block.memory, block.memory.get() + (address - found->first), block.device};
  }
  for (Blocks* blocks : {&PinnedBlocks(), &RegisteredBlocks()}) {
    const auto host = Holding(*blocks, address, bytes);
    if (host == blocks->end()) continue;
    if (!host->second.mapped) {
      Violation(Format("%s with pinned memory that is not mapped", call.c_str()));
      return {};
    }
    return {host->second.memory, static_cast<uint8_t*>(const_cast<void*>(pointer)), device};
  }
  Violation(Format("%s with %p: no %zu bytes are allocated for the device there", call.c_str(),
                   pointer, bytes));
  return {};
}

uint8_t* OnHost(const void* pointer, size_t bytes, const std::string& call) {
  const Lock lock(Mutex());
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  if (IsReserved(address)) {
    Violation(Format("%s with a device address for the host's side", call.c_str()));
    return nullptr;
  }
  for (Blocks* blocks : {&PinnedBlocks(), &RegisteredBlocks()}) {
    const bool begins = Holding(*blocks, address, 0) != blocks->end();
    if (begins && Holding(*blocks, address, bytes) == blocks->end()) {
      Violation(Format("%s beyond the end of pinned memory", call.c_str()));
      return nullptr;
    }
  }
  return static_cast<uint8_t*>(const_cast<void*>(pointer));
}

void* MappedAddress(void* host) {
  const Lock lock(Mutex());
  for (Blocks* blocks : {&PinnedBlocks(), &RegisteredBlocks()}) {
    const auto found = Holding(*blocks, reinterpret_cast<uintptr_t>(host), 0);
    if (found != blocks->end() && found->second.mapped) return host;
  }
  return nullptr;
}

}  // namespace fake
