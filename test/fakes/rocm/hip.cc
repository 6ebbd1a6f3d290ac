// libamdhip64 as far as anybody calls it. What needs hipDeviceProp_t, whose layout differs between
// releases, is not offered.
#include <cstdint>
#include <cstdio>

#include "control.h"
#include "device.h"
#include "hip_facts.h"
#include "stream.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

using fake::Block;
using fake::Event;
using fake::Stream;

namespace {

constexpr int kAlreadyRegistered = 712, kNotRegistered = 713;

thread_local int t_last = 0;

int Note(int status) {
  if (status != 0) t_last = status;
  return status;
}

// What the call has to return at once, or 0.
int Begin(const char* call) {
  if (Block().count_status != 0) return Note(static_cast<int>(Block().count_status));
  return Note(fake::NextCall(call));
}

// The same for what is done on the thread's device.
int BeginWork(const char* call) {
  const int status = Begin(call);
  if (status == 0) fake::NeedCurrentDevice(call);
  return status;
}

// The same for questions about `device`.
int BeginQuestion(const char* call, int device) {
  if (const int status = Begin(call)) return status;
  return device >= 0 && device < fake::DeviceCount() ? 0 : Note(fake::kInvalidDevice);
}

}  // namespace

EXPORT const char* hipGetErrorName(int status) { return fake::WordsOf(status).name; }
EXPORT const char* hipGetErrorString(int status) { return fake::WordsOf(status).text; }
EXPORT int hipPeekAtLastError() { return t_last; }
EXPORT int hipGetLastError() {
  const int status = t_last;
  t_last = 0;
  return status;
}

// ---- Devices

EXPORT int hipGetDeviceCount(int* count) {
  *count = 0;
  if (const int status = Begin("hipGetDeviceCount")) return status;
  *count = fake::DeviceCount();
  return 0;
}

EXPORT int hipSetDevice(int device) {
  if (const int status = Begin("hipSetDevice")) return status;
  return fake::SetCurrentDevice(device) ? 0 : Note(fake::kInvalidDevice);
}

EXPORT int hipGetDevice(int* device) {
  if (const int status = Begin("hipGetDevice")) return status;
  *device = fake::CurrentDevice();
  return 0;
}

EXPORT int hipDeviceGetName(char* name, int size, int device) {
  if (const int status = BeginQuestion("hipDeviceGetName", device)) return status;
  std::snprintf(name, static_cast<size_t>(size), "AMD Double %d",
                device + static_cast<int>(Block().hidden));
  return 0;
}

EXPORT int hipDeviceTotalMem(size_t* bytes, int device) {
  if (const int status = BeginQuestion("hipDeviceTotalMem", device)) return status;
  *bytes = fake::DeviceMemoryTotal();
  return 0;
}

EXPORT int hipDeviceGetPCIBusId(char* text, int size, int device) {
  if (const int status = BeginQuestion("hipDeviceGetPCIBusId", device)) return status;
  if (size < 13) return Note(fake::kInvalidValue);
  std::snprintf(text, static_cast<size_t>(size), "0000:%02x:00.0",
                device + static_cast<int>(Block().hidden) + 1);
  return 0;
}

EXPORT int hipDeviceGetAttribute(int* value, int attribute, int device) {
  if (const int status = BeginQuestion("hipDeviceGetAttribute", device)) return status;
  const int gfx = fake::Gfx();
  switch (attribute) {
    case 23:
      *value = gfx / 10000;
      return 0;
    case 61:
      *value = gfx / 100 % 100;
      return 0;
    case 63:
      *value = static_cast<int>(Block().compute_units == 0 ? 96 : Block().compute_units);
      return 0;
    default:
      fake::Violation(fake::Format(
          "hipDeviceGetAttribute of attribute %d, which the double does not know", attribute));
      return Note(fake::kInvalidValue);
  }
}

// They work without a device.
EXPORT int hipRuntimeGetVersion(int* version) {
  *version = 0;
  if (const int status = fake::NextCall("hipRuntimeGetVersion")) return Note(status);
  *version = HIP_VERSION;
  return 0;
}

EXPORT int hipDriverGetVersion(int* version) {
  *version = 0;
  if (const int status = fake::NextCall("hipDriverGetVersion")) return Note(status);
  *version = HIP_VERSION;
  return 0;
}

EXPORT int hipDeviceSynchronize() {
  if (const int status = BeginWork("hipDeviceSynchronize")) return status;
  fake::SynchronizeDevice(fake::CurrentDevice());
  return 0;
}

// ---- Memory

EXPORT int hipMemGetInfo(size_t* free, size_t* total) {
  if (const int status = BeginWork("hipMemGetInfo")) return status;
  *free = fake::DeviceMemoryFree(fake::CurrentDevice());
  *total = fake::DeviceMemoryTotal();
  return 0;
}

EXPORT int hipMalloc(void** address, size_t bytes) {
  if (const int status = BeginWork("hipMalloc")) return status;
  *address = bytes == 0 ? nullptr : fake::DeviceAllocate(bytes);
  return bytes == 0 || *address != nullptr ? 0 : Note(fake::kOutOfMemory);
}

// What frees does so whatever it returns: its status may well be that of earlier work.
EXPORT int hipFree(void* address) {
  const int status = Begin("hipFree");
  if (address != nullptr && !fake::DeviceFree(address, "hipFree")) return Note(fake::kInvalidValue);
  return status;
}

// Default, portable, mapped and write-combined: all of it can be read by the device.
EXPORT int hipHostMalloc(void** address, size_t bytes, unsigned flags) {
  if (const int status = BeginWork("hipHostMalloc")) return status;
  if (flags > 7) return Note(fake::kInvalidValue);
  *address = bytes == 0 ? nullptr : fake::PinnedAllocate(bytes, true);
  return 0;
}

EXPORT int hipHostFree(void* address) {
  const int status = Begin("hipHostFree");
  if (address != nullptr && !fake::PinnedFree(address, "hipHostFree"))
    return Note(fake::kInvalidValue);
  return status;
}

EXPORT int hipHostGetDevicePointer(void** device, void* host, unsigned flags) {
  if (const int status = BeginWork("hipHostGetDevicePointer")) return status;
  *device = flags == 0 ? fake::MappedAddress(host) : nullptr;
  return *device != nullptr ? 0 : Note(fake::kInvalidValue);
}

EXPORT int hipHostRegister(void* address, size_t bytes, unsigned flags) {
  if (const int status = BeginWork("hipHostRegister")) return status;
  if (flags > 7) return Note(fake::kInvalidValue);
  return fake::Register(address, bytes, true) ? 0 : Note(kAlreadyRegistered);
}

EXPORT int hipHostUnregister(void* address) {
  const int status = Begin("hipHostUnregister");
  return fake::Unregister(address) ? status : Note(kNotRegistered);
}

EXPORT int hipMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
  if (const int status = BeginWork("hipMemcpyAsync")) return status;
  return Note(fake::Copy(to, from, bytes, kind, stream, "hipMemcpyAsync"));
}

EXPORT int hipMemcpy(void* to, const void* from, size_t bytes, int kind) {
  if (const int status = BeginWork("hipMemcpy")) return status;
  if (const int status = fake::Copy(to, from, bytes, kind, nullptr, "hipMemcpy"))
    return Note(status);
  return Note(fake::Synchronize(*fake::UsableStream(nullptr, "hipMemcpy")));
}

// ---- Streams and events

EXPORT int hipStreamCreateWithFlags(void** stream, unsigned flags) {
  if (const int status = BeginWork("hipStreamCreateWithFlags")) return status;
  if (flags > 1) return Note(fake::kInvalidValue);
  *stream = fake::NewStream();
  return 0;
}

EXPORT int hipStreamDestroy(void* stream) {
  const int status = Begin("hipStreamDestroy");
  return Note(fake::DestroyStream(static_cast<Stream*>(stream)) | status);
}

EXPORT int hipStreamSynchronize(void* handle) {
  const int status = Begin("hipStreamSynchronize");
  Stream* const stream = fake::UsableStream(handle, "hipStreamSynchronize");
  if (stream == nullptr) return Note(fake::kInvalidHandle);
  if (status != 0) {
    fake::Abandon(*stream);
    return status;
  }
  return Note(fake::Synchronize(*stream));
}

EXPORT int hipStreamQuery(void* handle) {
  if (const int status = Begin("hipStreamQuery")) return status;
  Stream* const stream = fake::UsableStream(handle, "hipStreamQuery");
  return stream == nullptr ? Note(fake::kInvalidHandle) : fake::QueryStream(*stream);
}

EXPORT int hipStreamWaitEvent(void* stream, void* event, unsigned) {
  if (const int status = Begin("hipStreamWaitEvent")) return status;
  return Note(fake::WaitEvent(stream, static_cast<Event*>(event)));
}

EXPORT int hipEventCreateWithFlags(void** event, unsigned flags) {
  if (const int status = BeginWork("hipEventCreateWithFlags")) return status;
  if (flags > 7) return Note(fake::kInvalidValue);
  *event = fake::NewEvent((flags & 2) == 0);
  return 0;
}

EXPORT int hipEventDestroy(void* event) {
  const int status = Begin("hipEventDestroy");
  return Note(fake::DestroyEvent(static_cast<Event*>(event)) | status);
}

EXPORT int hipEventRecord(void* event, void* stream) {
  if (const int status = BeginWork("hipEventRecord")) return status;
  return Note(fake::Record(static_cast<Event*>(event), stream));
}

EXPORT int hipEventSynchronize(void* handle) {
  auto* const event = static_cast<Event*>(handle);
  if (const int status = Begin("hipEventSynchronize")) {
    if (event != nullptr && event->alive && event->recorded) fake::Abandon(*event->stream);
    return status;
  }
  return Note(fake::SynchronizeEvent(event));
}

EXPORT int hipEventQuery(void* event) {
  if (const int status = Begin("hipEventQuery")) return status;
  return fake::QueryEvent(static_cast<Event*>(event));
}

EXPORT int hipEventElapsedTime(float* milliseconds, void* start, void* end) {
  if (const int status = Begin("hipEventElapsedTime")) return status;
  return Note(fake::Elapsed(milliseconds, static_cast<Event*>(start), static_cast<Event*>(end)));
}
