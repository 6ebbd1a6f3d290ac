// The double's TensorRT objects.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "device.h"
#include "objects.h"
#include "plan.h"
#include "stream.h"

namespace fake {

// The release that the library of `major` plays.
int ReleaseOf(int major);

struct HostMemory : Object {
  HostMemory(int release, Bytes bytes);
  Bytes bytes;
};

struct Runtime : Object {
  Runtime(int release, Logger logger);
  void End() override;
  Logger logger;
  void* allocator = nullptr;
  bool host_code_allowed = false;
  std::atomic<int> engines{0};
};

struct Engine : Object {
  Engine(Runtime& runtime, Plan plan, std::unique_ptr<DeviceBlock> weights);
  void End() override;
  size_t MemoryFor(int profile) const;  // -1: for any
  Runtime& runtime;
  Logger logger;  // with the runtime's recorder, until another is set
  const Plan plan;
  const int device;
  std::unique_ptr<DeviceBlock> weights;
  std::map<const Range*, std::vector<int32_t>> narrow[3];  // values as older callers ask for them
  // Contexts, inspectors, configs. Lanes destroy theirs at the same time.
  std::atomic<int> users{0};
  bool had_context = false;
};

struct Inspector : Object {
  explicit Inspector(Engine& engine);
  void End() override;
  Engine& engine;
  std::string text;
};

struct RuntimeConfig : Object {
  explicit RuntimeConfig(Engine& engine);
  void End() override;
  Engine& engine;
  int strategy = 0;
};

struct Context : Object {
  Context(Engine& engine, int strategy, std::unique_ptr<DeviceBlock> own);
  void End() override;
  const Profile* profile() const;
  // Of all tensors; unset inputs are not among them.
  std::map<std::string, Shape> Shapes() const;
  // Remembers the values of an input that decide shapes, as they are now.
  void ReadValues(const Tensor& input);

  Engine& engine;
  Logger logger;  // likewise with the engine's
  const int strategy;
  std::unique_ptr<DeviceBlock> own;  // device memory, where the caller does not give it
  void* given = nullptr;
  int64_t given_bytes = 0;
  int profile_index = -1;               // only the first context of an engine begins with one
  std::map<std::string, Shape> shapes;  // of the inputs, as set
  std::map<std::string, Shape> values;  // of inputs that decide shapes, when they were told
  std::map<std::string, void*> addresses;
  std::map<std::string, void*> allocators;
  Stream* stream = nullptr;                  // that was used last
  std::shared_ptr<std::atomic<int>> queued;  // enqueues that are not done
  void* profiler = nullptr;
  bool emits_profile = true;
  int64_t changes = 0;         // of shapes, addresses and memory: what was captured is of one state
  bool enqueued_once = false;  // since shapes were set: a capture needs that
};

// The object that a method is called on; null when it is none.
template <typename T>
T* As(const Using& use) {
  return static_cast<T*>(use.object());
}

void* NewEngine(Runtime& runtime, const void* data, size_t size);
void* NewContext(Engine& engine, int strategy);

// enqueueV3.
bool Enqueue(Context& context, void* stream);
// Tells the context's profiler about the layers.
void Report(const Context& context);

}  // namespace fake
