#include "objects.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>
#include <unordered_map>

#include "device.h"

namespace fake {
namespace {

// By both of their addresses. Dead ones too: they stay, to be recognised.
std::unordered_map<const void*, Object*>& Objects() {
  static auto& objects = *new std::unordered_map<const void*, Object*>;
  return objects;
}

Object* OfPublic(const void* pointer) {
  const auto found = Objects().find(pointer);
  return found == Objects().end() ? nullptr : found->second;
}

void DestroyWrongly(void* self) {
  const Lock lock(Mutex());
  const Object* const object = OfPublic(self);
  Violation(Format("a %s was destroyed by the destructor that frees nothing",
                   object == nullptr ? "thing" : KindName(object->kind)));
}

void Destroy(void* self) {
  Object* object = nullptr;
  {
    const Lock lock(Mutex());
    object = OfPublic(self);
    if (object == nullptr || !object->alive) {
      Violation(Format("a %s was destroyed twice",
                       object == nullptr ? "thing that is none" : KindName(object->kind)));
      return;
    }
    if (object->depth > 0)
      Violation(Format("a %s was destroyed while it is in use", KindName(object->kind)));
    object->alive = false;
  }
  object->End();  // without the lock: it frees memory, which may wait for work that needs it
  Alive(object->kind, -1);
}

const Method kPublicVtable[] = {reinterpret_cast<Method>(&DestroyWrongly),
                                reinterpret_cast<Method>(&Destroy)};

struct InterfaceInfo {
  const char* kind;
  int32_t major, minor;
};

// Reads memory that may not be there. Not through write(), into which AddressSanitizer looks: a
// table of functions may be shorter than what is read of it.
bool SafeRead(const void* from, void* to, size_t bytes) {
  static std::mutex mutex;
  static int ends[2] = {-1, -1};
  const std::lock_guard lock(mutex);  // what one thread writes is for it alone to read
  if (ends[0] < 0 && pipe(ends) != 0) return false;
  return syscall(SYS_write, ends[1], from, bytes) == static_cast<long>(bytes) &&
         read(ends[0], to, bytes) == static_cast<ssize_t>(bytes);
}

}  // namespace

Dims ToDims(const std::vector<int64_t>& shape) {
  Dims dims{};
  dims.rank = static_cast<int32_t>(shape.size());
  for (size_t i = 0; i < shape.size() && i < 8; ++i) dims.d[i] = shape[i];
  return dims;
}

std::vector<int64_t> FromDims(const Dims& dims) {
  return dims.rank < 0 || dims.rank > 8 ? std::vector<int64_t>{}
                                        : std::vector<int64_t>(dims.d, dims.d + dims.rank);
}

std::string Show(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t dim : shape) text += (text.size() > 1 ? "," : "") + std::to_string(dim);
  return text + "]";
}

Object::Object(Kind kind, int release, const char* name, const std::vector<Implementation>& methods)
    : kind(kind), release(release) {
  const Lock lock(Mutex());
  vptr = kPublicVtable;
  inner = {VtableOf(name, release, methods), this};
  impl = &inner;
  Objects()[Public(this)] = this;
  Objects()[impl] = this;
  Alive(kind);
}

Object* FromPublic(const void* pointer, Kind kind, const char* call) {
  const Lock lock(Mutex());
  Object* const object = OfPublic(pointer);
  if (object == nullptr || object->kind != kind || !object->alive) {
    Violation(Format("%s with what is no living %s", call, KindName(kind)));
    return nullptr;
  }
  return object;
}

Using::Using(Inner* self, Kind kind, const char* call) : object_(nullptr) {
  const Lock lock(Mutex());
  object_ = OfPublic(self);
  if (object_ == nullptr || object_->kind != kind || !object_->alive) {
    Violation(Format("%s of what is no living %s", call, KindName(kind)));
    object_ = nullptr;
    return;
  }
  if (object_->depth > 0 && object_->user != std::this_thread::get_id()) {
    Violation(
        Format("%s while another thread is in a method of the same %s", call, KindName(kind)));
  }
  object_->user = std::this_thread::get_id();
  ++object_->depth;
}

Using::~Using() {
  const Lock lock(Mutex());
  if (object_ != nullptr) --object_->depth;
}

bool CheckInterface(void* object, const char* name) {
  // Slots 0 and 1 in every release: getAPILanguage, getInterfaceInfo.
  const auto info = CallBack<InterfaceInfo>(object, 1);
  char kind[64] = {};
  const size_t size = std::strlen(name) + 1;
  if (info.major == 1 && info.minor == 0 && SafeRead(info.kind, kind, size) &&
      std::strcmp(kind, name) == 0) {
    return true;
  }
  Violation(Format("what was given as %s does not say that it is one", name));
  return false;
}

bool LooksVersioned(void* object) {
  const auto* const slot = *static_cast<const uintptr_t* const*>(object) + 3;
  uintptr_t code = 0;
  if (!SafeRead(slot, &code, sizeof code)) return false;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0, to = 0;
    char rights[5] = "";
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights) != 3) continue;
    if (from <= code && code < to) return rights[2] == 'x';
  }
  return false;
}

void Logger::Log(int severity, const std::string& text) const {
  if (object_ != nullptr)
    CallBack<void>(object_, SlotOf("ILogger", release_, "log"), severity, text.c_str());
}

void Logger::Error(const std::string& text) const {
  if (recorder_ == nullptr) return Log(1, text);
  // nvinfer1::ErrorCode: kFAILED_ALLOCATION, kINTERNAL_ERROR.
  const int code = text.find("OutOfMemory") == std::string::npos ? 2 : 5;
  const int slot = SlotOf("IErrorRecorder", release_, "reportError");
  std::thread([&] { CallBack<bool>(recorder_, slot, code, text.c_str()); }).join();
  CheckReport(code, text);
}

// Is what was reported there to be asked for?
void Logger::CheckReport(int code, const std::string& text) const {
  const auto slot = [&](const char* method) { return SlotOf("IErrorRecorder", release_, method); };
  const auto count = CallBack<int32_t>(recorder_, slot("getNbErrors"));
  bool found = false;
  for (int32_t i = 0; i < count; ++i) {
    found |= CallBack<int32_t>(recorder_, slot("getErrorCode"), i) == code &&
             CallBack<const char*>(recorder_, slot("getErrorDesc"), i) == text;
  }
  if (!found) Violation("an IErrorRecorder does not have what was reported to it");
  const bool overflowed = CallBack<bool>(recorder_, slot("hasOverflowed"));
  if (overflowed && count < 2) Violation("an IErrorRecorder has no room for two errors");
}

void Logger::SetRecorder(void* recorder) {
  const auto count = [&](const char* method) {
    return CallBack<int32_t>(recorder_, SlotOf("IErrorRecorder", release_, method));
  };
  if (recorder != nullptr && !CheckInterface(recorder, "IErrorRecorder")) return;
  if (recorder_ != nullptr && count("decRefCount") < 0)
    Violation("an IErrorRecorder counts less than no users");
  recorder_ = recorder;
  if (recorder_ != nullptr && count("incRefCount") < 1)
    Violation("an IErrorRecorder does not count its users");
}

bool Fails(const char* call, const Logger& logger) {
  Control& block = Block();
  if (std::strcmp(block.held_call, call) == 0) WaitWhile(block.hold_calls, block.held_calls);
  const int status = NextCall(call);
  if (status == 0) return false;
  std::string text = Block().text;
  if (text.empty()) text = Format("Error Code 1: Cuda Runtime (status %d)", status);
  logger.Error(std::string(call) + ": " + text);
  return true;
}

DeviceBlock::DeviceBlock(size_t bytes, void* allocator, void* stream)
    : bytes_(bytes), allocator_(allocator), stream_(stream) {
  if (bytes == 0) return;
  if (allocator == nullptr) {
    address_ = DeviceAllocate(bytes);
    return;
  }
  // For a stream, or for all: the slots of IGpuAllocator are the same in 10 and 11.
  address_ =
      stream == nullptr
          ? CallBack<void*>(allocator, 4, uint64_t{bytes}, uint64_t{256}, uint32_t{0})
          : CallBack<void*>(allocator, 7, uint64_t{bytes}, uint64_t{256}, uint32_t{0}, stream);
  if (address_ != nullptr) OnDevice(address_, bytes, -1, "IGpuAllocator::allocate");
}

DeviceBlock::~DeviceBlock() {
  if (address_ == nullptr) return;
  if (allocator_ == nullptr) {
    DeviceFree(address_, "TensorRT");
    return;
  }
  const bool freed = stream_ == nullptr ? CallBack<bool>(allocator_, 6, address_)
                                        : CallBack<bool>(allocator_, 8, address_, stream_);
  if (!freed) Violation("IGpuAllocator::deallocate failed");
}

std::string OutOfMemoryWords(size_t bytes) {
  return Format("Error Code 2: OutOfMemory (Requested size was %zu bytes.)", bytes);
}

}  // namespace fake
