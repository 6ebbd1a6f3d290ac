// The device: memory in this process that nothing but a stream may touch. Its addresses lie in a
// range that no access is allowed to, and are never given out twice; the bytes lie elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace fake {

// The device of the calling thread. Work on a device needs a thread that said which.
int CurrentDevice();
bool SetCurrentDevice(int device);
void NeedCurrentDevice(const char* call);
int DeviceCount();

constexpr uint64_t kDefaultMemory = uint64_t{24} << 30;
uint64_t DeviceMemoryTotal();
uint64_t DeviceMemoryFree(int device);

// A place that a stream may read and write. `keep` holds the bytes.
struct Place {
  std::shared_ptr<uint8_t[]> keep;
  uint8_t* data = nullptr;
  int device = -1;
};

// Null when the device has no more.
void* DeviceAllocate(size_t bytes);
bool DeviceFree(void* address, const char* call);

// Memory of cudaMallocAsync: usable once its stream has come so far, for work on others.
void MarkPooled(void* address, bool ready);
bool IsPooled(void* address);

void* PinnedAllocate(size_t bytes, bool mapped);
bool PinnedFree(void* address, const char* call);
bool Register(void* address, size_t bytes, bool mapped);
bool Unregister(void* address);

enum class Where { kDevice, kPinned, kPageable };
Where Find(const void* address);
// Can the device read `bytes` from there on through its own address? True of device memory, and of
// pinned memory that is mapped. When not, says so as a violation of `call`, and gives no data.
Place OnDevice(const void* address, size_t bytes, int device, const std::string& call);
// The same for the host's side of a copy: pinned memory must be alive up to `bytes`.
uint8_t* OnHost(const void* address, size_t bytes, const std::string& call);
// The address by which the device knows mapped memory; null when it does not.
void* MappedAddress(void* host);

}  // namespace fake
