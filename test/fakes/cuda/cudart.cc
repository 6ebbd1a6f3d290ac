// libcudart as far as anybody calls it. Built once for each major.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "control.h"
#include "device.h"
#include "stream.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

using fake::Block;
using fake::Event;
using fake::Graph;
using fake::Stream;

namespace {

constexpr int kNotSupported = 801;

thread_local int t_last = 0;

int Note(int status) {
  if (status != 0) t_last = status;
  return status;
}

// What the call has to return at once, or 0. Without a driver nothing works.
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

struct Words {
  int status;
  const char *name, *text;
};

constexpr Words kWords[] = {
    {0, "cudaSuccess", "no error"},
    {1, "cudaErrorInvalidValue", "invalid argument"},
    {2, "cudaErrorMemoryAllocation", "out of memory"},
    {35, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {100, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {101, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {400, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {600, "cudaErrorNotReady", "device not ready"},
    {700, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {712, "cudaErrorHostMemoryAlreadyRegistered",
     "part or all of the requested memory range is already mapped"},
    {713, "cudaErrorHostMemoryNotRegistered",
     "pointer does not correspond to a registered memory region"},
    {719, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {801, "cudaErrorNotSupported", "operation not supported"},
    {900, "cudaErrorStreamCaptureUnsupported", "operation not permitted when stream is capturing"},
    {901, "cudaErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
    {999, "cudaErrorUnknown", "unknown error"},
};

const Words& WordsFor(int status) {
  static constexpr Words unknown = {-1, "unrecognized error code", "unrecognized error code"};
  for (const Words& words : kWords) {
    if (words.status == status) return words;
  }
  return unknown;
}

}  // namespace

EXPORT const char* cudaGetErrorName(int status) { return WordsFor(status).name; }
EXPORT const char* cudaGetErrorString(int status) { return WordsFor(status).text; }
EXPORT int cudaPeekAtLastError() { return t_last; }
EXPORT int cudaGetLastError() {
  const int status = t_last;
  t_last = 0;
  return status;
}

// ---- Devices

EXPORT int cudaGetDeviceCount(int* count) {
  *count = 0;
  if (const int status = Begin("cudaGetDeviceCount")) return status;
  *count = fake::DeviceCount();
  return 0;
}

EXPORT int cudaSetDevice(int device) {
  if (const int status = Begin("cudaSetDevice")) return status;
  return fake::SetCurrentDevice(device) ? 0 : Note(fake::kInvalidDevice);
}

EXPORT int cudaGetDevice(int* device) {
  if (const int status = Begin("cudaGetDevice")) return status;
  *device = fake::CurrentDevice();
  return 0;
}

EXPORT int cudaDeviceGetAttribute(int* value, int attribute, int device) {
  if (const int status = Begin("cudaDeviceGetAttribute")) return status;
  if (device < 0 || device >= fake::DeviceCount()) return Note(fake::kInvalidDevice);
  const auto sm = static_cast<int>(Block().sm == 0 ? 90 : Block().sm);
  switch (attribute) {
    case 16:
      *value = 132;
      return 0;
    case 18:
      *value = static_cast<int>(Block().integrated);
      return 0;
    case 19:
      *value = 1;
      return 0;
    case 75:
      *value = sm / 10;
      return 0;
    case 76:
      *value = sm % 10;
      return 0;
    case 115:
      *value = Block().no_pools == 0;
      return 0;
    default:
      fake::Violation(fake::Format(
          "cudaDeviceGetAttribute of attribute %d, which the double does not know", attribute));
      return Note(fake::kInvalidValue);
  }
}

EXPORT int cudaDeviceGetPCIBusId(char* text, int size, int device) {
  if (const int status = Begin("cudaDeviceGetPCIBusId")) return status;
  if (device < 0 || device >= fake::DeviceCount()) return Note(fake::kInvalidDevice);
  if (size < 13) return Note(fake::kInvalidValue);
  std::snprintf(text, static_cast<size_t>(size), "0000:%02X:00.0",
                device + static_cast<int>(Block().hidden) + 1);
  return 0;
}

EXPORT int cudaDriverGetVersion(int* version) {
  // Without a driver it succeeds, with 0.
  *version = 0;
  if (Block().count_status == 35) return 0;
  if (const int status = fake::NextCall("cudaDriverGetVersion")) return Note(status);
  *version = static_cast<int>(Block().driver == 0 ? 13000 : Block().driver);
  return 0;
}

EXPORT int cudaRuntimeGetVersion(int* version) {
  if (const int status = fake::NextCall("cudaRuntimeGetVersion")) return Note(status);
  *version = CUDART_VERSION;
  return 0;
}

EXPORT int cudaDeviceSynchronize() {
  if (const int status = BeginWork("cudaDeviceSynchronize")) return status;
  if (const int status = fake::CheckNotCapturing("cudaDeviceSynchronize")) return Note(status);
  fake::SynchronizeDevice(fake::CurrentDevice());
  return 0;
}

// ---- Memory

EXPORT int cudaMemGetInfo(size_t* free, size_t* total) {
  if (const int status = BeginWork("cudaMemGetInfo")) return status;
  *free = fake::DeviceMemoryFree(fake::CurrentDevice());
  *total = fake::DeviceMemoryTotal();
  return 0;
}

EXPORT int cudaMalloc(void** address, size_t bytes) {
  if (const int status = BeginWork("cudaMalloc")) return status;
  if (const int status = fake::CheckNotCapturing("cudaMalloc")) return Note(status);
  *address = bytes == 0 ? nullptr : fake::DeviceAllocate(bytes);
  return bytes == 0 || *address != nullptr ? 0 : Note(fake::kOutOfMemory);
}

// What frees does so whatever it returns: its status may well be that of earlier work.
EXPORT int cudaFree(void* address) {
  const int status = Begin("cudaFree");
  if (status == 0 && fake::CheckNotCapturing("cudaFree") != 0)
    return Note(fake::kCaptureUnsupported);
  // Memory of cudaMalloc may be in use until then.
  if (status == 0 && address != nullptr && !fake::IsPooled(address))
    fake::WaitForDevice(fake::CurrentDevice());
  if (address != nullptr && !fake::DeviceFree(address, "cudaFree"))
    return Note(fake::kInvalidValue);
  return status;
}

EXPORT int cudaMallocAsync(void** address, size_t bytes, void* handle) {
  if (const int status = BeginWork("cudaMallocAsync")) return status;
  fake::Add(Block().pool_allocations);
  if (Block().no_pools != 0) return Note(kNotSupported);
  Stream* const stream = fake::UsableStream(handle, "cudaMallocAsync");
  if (stream == nullptr) return Note(fake::kInvalidHandle);
  if (const int status = fake::CheckNotCapturing("cudaMallocAsync")) return Note(status);
  *address = bytes == 0 ? nullptr : fake::DeviceAllocate(bytes);
  if (bytes == 0) return 0;
  if (*address == nullptr) return Note(fake::kOutOfMemory);
  fake::MarkPooled(*address, false);
  return Note(fake::Enqueue(
      *stream, {"cudaMallocAsync", [memory = *address] { fake::MarkPooled(memory, true); }, 0}));
}

EXPORT int cudaFreeAsync(void* address, void* handle) {
  const int status = Begin("cudaFreeAsync");
  Stream* const stream = fake::UsableStream(handle, "cudaFreeAsync");
  if (stream == nullptr) return Note(fake::kInvalidHandle);
  if (address == nullptr) return status;
  if (!fake::IsPooled(address)) {
    fake::Violation("cudaFreeAsync of memory that is not from cudaMallocAsync");
    return Note(fake::kInvalidValue);
  }
  // Without anything before it, it is done at once.
  if (status != 0 || stream->done == stream->queued) {
    fake::DeviceFree(address, "cudaFreeAsync");
    return status;
  }
  return Note(fake::Enqueue(
      *stream,
      {"cudaFreeAsync", [address] { fake::DeviceFree(address, "cudaFreeAsync"); }, 0, true}));
}

EXPORT int cudaHostAlloc(void** address, size_t bytes, unsigned flags) {
  if (const int status = BeginWork("cudaHostAlloc")) return status;
  if (const int status = fake::CheckNotCapturing("cudaHostAlloc")) return Note(status);
  if (flags > 7) return Note(fake::kInvalidValue);
  *address = bytes == 0 ? nullptr : fake::PinnedAllocate(bytes, (flags & 2) != 0);
  return 0;
}

EXPORT int cudaFreeHost(void* address) {
  const int status = Begin("cudaFreeHost");
  if (address != nullptr && !fake::PinnedFree(address, "cudaFreeHost"))
    return Note(fake::kInvalidValue);
  return status;
}

EXPORT int cudaHostGetDevicePointer(void** device, void* host, unsigned flags) {
  if (const int status = BeginWork("cudaHostGetDevicePointer")) return status;
  *device = flags == 0 ? fake::MappedAddress(host) : nullptr;
  return *device != nullptr ? 0 : Note(fake::kInvalidValue);
}

EXPORT int cudaHostRegister(void* address, size_t bytes, unsigned flags) {
  if (const int status = BeginWork("cudaHostRegister")) return status;
  return fake::Register(address, bytes, (flags & 2) != 0) ? 0 : Note(712);
}

EXPORT int cudaHostUnregister(void* address) {
  const int status = Begin("cudaHostUnregister");
  return fake::Unregister(address) ? status : Note(713);
}

EXPORT int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
  if (const int status = BeginWork("cudaMemcpyAsync")) return status;
  return Note(fake::Copy(to, from, bytes, kind, stream, "cudaMemcpyAsync"));
}

EXPORT int cudaMemcpy(void* to, const void* from, size_t bytes, int kind) {
  if (const int status = BeginWork("cudaMemcpy")) return status;
  if (const int status = fake::CheckNotCapturing("cudaMemcpy")) return Note(status);
  if (const int status = fake::Copy(to, from, bytes, kind, nullptr, "cudaMemcpy"))
    return Note(status);
  return Note(fake::Synchronize(*fake::UsableStream(nullptr, "cudaMemcpy")));
}

// ---- Streams and events

EXPORT int cudaStreamCreateWithFlags(void** stream, unsigned flags) {
  if (const int status = BeginWork("cudaStreamCreateWithFlags")) return status;
  if (flags > 1) return Note(fake::kInvalidValue);
  *stream = fake::NewStream();
  return 0;
}

EXPORT int cudaStreamDestroy(void* stream) {
  const int status = Begin("cudaStreamDestroy");
  return Note(fake::DestroyStream(static_cast<Stream*>(stream)) | status);
}

EXPORT int cudaStreamSynchronize(void* handle) {
  const int status = Begin("cudaStreamSynchronize");
  Stream* const stream = fake::UsableStream(handle, "cudaStreamSynchronize");
  if (stream == nullptr) return Note(fake::kInvalidHandle);
  if (status != 0) {
    fake::Abandon(*stream);
    return status;
  }
  return Note(fake::Synchronize(*stream));
}

EXPORT int cudaStreamQuery(void* handle) {
  if (const int status = Begin("cudaStreamQuery")) return status;
  Stream* const stream = fake::UsableStream(handle, "cudaStreamQuery");
  return stream == nullptr ? Note(fake::kInvalidHandle) : fake::QueryStream(*stream);
}

EXPORT int cudaStreamWaitEvent(void* stream, void* event, unsigned) {
  if (const int status = Begin("cudaStreamWaitEvent")) return status;
  return Note(fake::WaitEvent(stream, static_cast<Event*>(event)));
}

EXPORT int cudaEventCreateWithFlags(void** event, unsigned flags) {
  if (const int status = BeginWork("cudaEventCreateWithFlags")) return status;
  if (flags > 7) return Note(fake::kInvalidValue);
  *event = fake::NewEvent((flags & 2) == 0);
  return 0;
}

EXPORT int cudaEventDestroy(void* event) {
  const int status = Begin("cudaEventDestroy");
  return Note(fake::DestroyEvent(static_cast<Event*>(event)) | status);
}

EXPORT int cudaEventRecord(void* event, void* stream) {
  if (const int status = BeginWork("cudaEventRecord")) return status;
  return Note(fake::Record(static_cast<Event*>(event), stream));
}

EXPORT int cudaEventSynchronize(void* handle) {
  auto* const event = static_cast<Event*>(handle);
  if (const int status = Begin("cudaEventSynchronize")) {
    if (event != nullptr && event->alive && event->recorded) fake::Abandon(*event->stream);
    return status;
  }
  return Note(fake::SynchronizeEvent(event));
}

EXPORT int cudaEventQuery(void* event) {
  if (const int status = Begin("cudaEventQuery")) return status;
  return fake::QueryEvent(static_cast<Event*>(event));
}

EXPORT int cudaEventElapsedTime(float* milliseconds, void* start, void* end) {
  if (const int status = Begin("cudaEventElapsedTime")) return status;
  return Note(fake::Elapsed(milliseconds, static_cast<Event*>(start), static_cast<Event*>(end)));
}

// ---- Graphs

EXPORT int cudaStreamBeginCapture(void* stream, int mode) {
  if (const int status = BeginWork("cudaStreamBeginCapture")) return status;
  return Note(fake::BeginCapture(stream, mode));
}

// A capture ends, whatever the call returns.
EXPORT int cudaStreamEndCapture(void* stream, void** graph) {
  const int status = Begin("cudaStreamEndCapture");
  Graph* made = nullptr;
  const int own = fake::EndCapture(stream, &made);
  *graph = made;
  if (status == 0) return Note(own);
  if (made != nullptr) fake::DestroyGraph(made, false);
  *graph = nullptr;
  return status;
}

EXPORT int cudaGraphInstantiate(void** executable, void* graph, unsigned long long) {
  *executable = nullptr;
  if (const int status = BeginWork("cudaGraphInstantiate")) return status;
  *executable = fake::Instantiate(static_cast<Graph*>(graph));
  return *executable == nullptr ? Note(fake::kInvalidValue) : 0;
}

EXPORT int cudaGraphLaunch(void* executable, void* stream) {
  if (const int status = BeginWork("cudaGraphLaunch")) return status;
  return Note(fake::LaunchGraph(static_cast<Graph*>(executable), stream));
}

EXPORT int cudaGraphDestroy(void* graph) {
  const int status = Begin("cudaGraphDestroy");
  return Note(fake::DestroyGraph(static_cast<Graph*>(graph), false) | status);
}

EXPORT int cudaGraphExecDestroy(void* executable) {
  const int status = Begin("cudaGraphExecDestroy");
  return Note(fake::DestroyGraph(static_cast<Graph*>(executable), true) | status);
}
