// The NPU: cores with a queue each, memory, contexts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control.h"
#include "model.h"
#include "rknn_abi.h"

namespace fake {

// Memory that the CPU and the NPU see through caches of their own: what one has written, the other
// sees after a sync. Lines that the CPU has written, and that no sync has cleaned, leave its cache
// at the worst time: just after the NPU has written.
struct Pages {
  explicit Pages(size_t bytes);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  void ToDevice();
  void FromDevice();
  void EvictDirtyLines();

  uint8_t* host = nullptr;
  std::vector<uint8_t> clean;  // what `host` was when the two were last in step
  std::vector<uint8_t> npu;
  int fd = 0;
};

// rknn_tensor_mem, with what the double knows of it behind.
struct TensorMem {
  uint8_t abi[abi::rknn_tensor_mem::kSize];
  uint64_t context;  // 0: of none
  std::shared_ptr<Pages> pages;
};

// An input or output in memory of the NPU's: how it lies there.
struct Binding {
  TensorMem* memory = nullptr;
  int type = 0;
  bool native = false;
};

struct Context {
  uint64_t id = 0, source = 0;
  std::shared_ptr<const Model> model;
  std::shared_ptr<void> weights;  // shared by duplicates
  uint32_t flags = 0;
  int64_t mask = 0;
  bool pinned = false, busy = false;
  int duplicates = 0, memories = 0;
  size_t shapes = 0;  // which of model->shape_sets
  bool shapes_set = false;
  bool range_refused = false;  // nobody could learn that there are several

  std::vector<std::vector<uint8_t>> inputs;  // as the model has them
  std::vector<std::vector<double>> outputs;  // what they mean
  bool inputs_set = false, ran = false, held_outputs = false, got = false;
  std::vector<Binding> bound_inputs, bound_outputs;
  std::string perf;

  bool InPlace() const;
  Port Input(size_t i) const;  // with the shape that is set
  Port Output(size_t i) const;
};

int SocNumber();
int CoreCount();

// A call with a context: it is not alive, or another thread is in it, or the test wants the call to
// fail. `status` is then what to return.
class Call {
 public:
  Call(const char* name, uint64_t context);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  explicit operator bool() const { return context_ != nullptr && status_ == 0; }
  Context* operator->() const { return context_; }
  Context& operator*() const { return *context_; }
  bool has_context() const { return context_ != nullptr; }
  int status() const { return status_; }

 private:
  Context* context_ = nullptr;
  int status_ = 0;
};

// Both count what they take.
Context& AddContext(std::shared_ptr<const Model> model, std::shared_ptr<void> weights);
std::shared_ptr<void> TakeWeights(int64_t bytes);
void RemoveContext(Context& context);
Context* FindContext(uint64_t id);

TensorMem* AddMemory(uint64_t context, std::shared_ptr<Pages> pages);
bool IsAlive(const TensorMem* memory);
void RemoveMemory(TensorMem* memory);
std::shared_ptr<Pages> PagesOf(int fd);

// Waits for its turn on the cores of the context, and computes there.
void Compute(Context& context);

}  // namespace fake
