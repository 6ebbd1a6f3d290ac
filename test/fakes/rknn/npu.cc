#include "npu.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <set>

namespace fake {
namespace {

constexpr int kMostCores = 3;
constexpr size_t kCacheLine = 64;

// Lanes may still call while the process exits, so none of these is ever destroyed.
struct Npu {
  std::map<uint64_t, std::unique_ptr<Context>> contexts;
  std::set<uint64_t> gone;
  std::set<TensorMem*> memories;
  std::map<int, std::weak_ptr<Pages>> pages;
  uint64_t last_context = 0x1000;
  int last_fd = 100;

  std::mutex mutex;  // for the queues, and never taken before Mutex()
  std::condition_variable turn;
  std::array<std::deque<const Context*>, kMostCores> queues;
};

Npu& It() {
  static Npu& npu = *new Npu;
  return npu;
}

// What rknn_run was told, as a list of cores. Of several that are free, the first.
std::vector<int> CoresFor(int64_t mask) {
  std::vector<int> cores;
  for (int core = 0; core < CoreCount(); ++core) {
    if (mask == abi::RKNN_NPU_CORE_ALL || (mask >> core & 1) != 0) cores.push_back(core);
  }
  if (!cores.empty()) return cores;
  const auto& queues = It().queues;
  const auto end = queues.begin() + CoreCount();
  const auto shorter = [](const auto& a, const auto& b) { return a.size() < b.size(); };
  return {static_cast<int>(std::min_element(queues.begin(), end, shorter) - queues.begin())};
}

int64_t& RunsOf(int core) {
  Control& control = Block();
  return core == 0 ? control.core0_runs : core == 1 ? control.core1_runs : control.core2_runs;
}

// On cores for as long as it lives.
class Turn {
 public:
  explicit Turn(const Context& context) : context_(context) {
    Npu& npu = It();
    std::unique_lock lock(npu.mutex);
    cores_ = CoresFor(context.mask);
    for (int core : cores_) npu.queues[static_cast<size_t>(core)].push_back(&context);
    npu.turn.wait(lock, [&] {
      return std::all_of(cores_.begin(), cores_.end(), [&](int core) {
        return npu.queues[static_cast<size_t>(core)].front() == &context;
      });
    });
    Control& control = Block();
    for (int core : cores_) Add(RunsOf(core));
    Add(control.running);
    control.most_running = std::max(control.most_running, control.running);
  }
  ~Turn() {
    Npu& npu = It();
    {
      std::lock_guard lock(npu.mutex);
      Add(Block().running, -1);
      for (int core : cores_) npu.queues[static_cast<size_t>(core)].pop_front();
    }
    npu.turn.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  const Context& context_;
  std::vector<int> cores_;
};

// Rows that begin further apart than their elements are.
struct Rows {
  size_t count, row, pitch;
};

Rows RowsOf(const Port& port, int type) {
  const size_t bytes = Elements(port.dims) * TypeBytes(type);
  const bool nhwc = port.format == abi::RKNN_TENSOR_NHWC;
  if (port.dims.size() != 4 || port.width_stride == 0) return {1, bytes, bytes};
  const size_t pixel = TypeBytes(type) * (nhwc ? port.dims[3] : 1);
  const size_t width = port.dims[nhwc ? 2 : 3];
  return {bytes / (width * pixel), width * pixel, port.width_stride * pixel};
}

std::vector<uint8_t> ReadBound(const Port& port, const Binding& binding) {
  const std::vector<uint8_t>& memory = binding.memory->pages->npu;
  if (binding.native) {
    const size_t count = Elements(NativeOf(port).dims);
    return Encode(FromNative(Decode(memory.data(), count, port.type, {}), port), port.type, {});
  }
  const Rows rows = RowsOf(port, binding.type);
  std::vector<uint8_t> packed(rows.count * rows.row);
  for (size_t i = 0; i < rows.count; ++i) {
    std::copy_n(memory.data() + i * rows.pitch, rows.row, packed.data() + i * rows.row);
  }
  if (binding.type == port.type) return packed;
  return Encode(Decode(packed.data(), Elements(port.dims), binding.type, {}), port.type,
                port.quantization);
}

void WriteBound(const std::vector<double>& values, const Port& port, const Binding& binding) {
  std::vector<uint8_t>& memory = binding.memory->pages->npu;
  if (binding.native) {
    const std::vector<uint8_t> raw = Encode(ToNative(values, port), port.type, port.quantization);
    std::copy(raw.begin(), raw.end(), memory.begin());
    return;
  }
  const bool raw = binding.type == port.type;
  const std::vector<uint8_t> packed =
      Encode(values, binding.type, raw ? port.quantization : Quantization{});
  const Rows rows = RowsOf(port, binding.type);
  for (size_t i = 0; i < rows.count; ++i) {
    std::copy_n(packed.data() + i * rows.row, rows.row, memory.data() + i * rows.pitch);
  }
}

}  // namespace

Pages::Pages(size_t bytes) : npu(bytes, 0xEE) {
  if (posix_memalign(reinterpret_cast<void**>(&host), 4096, bytes) != 0) std::abort();
  std::fill_n(host, bytes, static_cast<uint8_t>(0xDD));  // whoever wants zeros must write them
  clean.assign(host, host + bytes);
  Add(Block().shared_memory, static_cast<int64_t>(bytes));
}

void Pages::ToDevice() {
  std::copy_n(host, npu.size(), npu.begin());
  clean = npu;
}

void Pages::FromDevice() {
  std::copy(npu.begin(), npu.end(), host);
  clean = npu;
}

void Pages::EvictDirtyLines() {
  for (size_t at = 0; at < npu.size(); at += kCacheLine) {
    const size_t bytes = std::min(kCacheLine, npu.size() - at);
    if (std::memcmp(host + at, clean.data() + at, bytes) == 0) continue;
    std::copy_n(host + at, bytes, npu.data() + at);
    std::copy_n(host + at, bytes, clean.data() + at);
  }
}

Pages::~Pages() {
  Add(Block().shared_memory, -static_cast<int64_t>(npu.size()));
  std::free(host);
}

bool Context::InPlace() const {
  const auto bound = [](const Binding& binding) { return binding.memory != nullptr; };
  return std::any_of(bound_inputs.begin(), bound_inputs.end(), bound) ||
         std::any_of(bound_outputs.begin(), bound_outputs.end(), bound);
}

Port Context::Input(size_t i) const {
  Port port = model->inputs[i];
  if (!model->shape_sets.empty()) port.dims = model->shape_sets[shapes][i];
  return port;
}

Port Context::Output(size_t i) const {
  Port port = model->outputs[i];
  if (!model->shape_sets.empty()) port.dims = model->shape_sets[shapes][port.input];
  return port;
}

int SocNumber() { return Block().soc == 0 ? 3588 : static_cast<int>(Block().soc); }

int CoreCount() {
  switch (SocNumber()) {
    case 3588:
      return 3;
    case 3576:
      return 2;
    default:
      return 1;
  }
}

Call::Call(const char* name, uint64_t id) {
  const Lock lock(Mutex());
  status_ = NextCall(name);
  Context* context = FindContext(id);
  if (context == nullptr) {
    if (id != 0) {
      const bool gone = It().gone.count(id) > 0;
      Violation(Format("%s of a context that %s", name, gone ? "is destroyed" : "never was"));
    }
    if (status_ == 0) status_ = abi::RKNN_ERR_CTX_INVALID;
    return;
  }
  if (context->busy) {
    Violation(Format("%s of a context that another thread uses at this moment", name));
    if (status_ == 0) status_ = abi::RKNN_ERR_FAIL;
    return;
  }
  context->busy = true;
  context_ = context;
}

Call::~Call() {
  if (context_ == nullptr) return;
  const Lock lock(Mutex());
  context_->busy = false;
}

std::shared_ptr<void> TakeWeights(int64_t bytes) {
  Alive(Kind::kWeights);
  Add(Block().memory, bytes);
  return std::shared_ptr<void>(nullptr, [bytes](void*) {
    Alive(Kind::kWeights, -1);
    Add(Block().memory, -bytes);
  });
}

Context& AddContext(std::shared_ptr<const Model> model, std::shared_ptr<void> weights) {
  auto context = std::make_unique<Context>();
  context->id = It().last_context += 0x10;
  context->bound_inputs.resize(model->inputs.size());
  context->bound_outputs.resize(model->outputs.size());
  context->inputs.resize(model->inputs.size());
  Add(Block().memory, model->internal);
  context->model = std::move(model);
  context->weights = std::move(weights);
  Alive(Kind::kContext);
  Context& added = *context;
  It().contexts[added.id] = std::move(context);
  return added;
}

Context* FindContext(uint64_t id) {
  const auto found = It().contexts.find(id);
  return found == It().contexts.end() ? nullptr : found->second.get();
}

void RemoveContext(Context& context) {
  if (context.duplicates > 0) {
    Violation("rknn_destroy of a context while others have its weights");
  }
  if (context.memories > 0) Violation("rknn_destroy of a context that has memory still");
  if (context.held_outputs) Violation("rknn_destroy before rknn_outputs_release");
  if (Context* source = FindContext(context.source)) --source->duplicates;
  Add(Block().memory, -context.model->internal);
  Alive(Kind::kContext, -1);
  It().gone.insert(context.id);
  It().contexts.erase(context.id);
}

TensorMem* AddMemory(uint64_t context, std::shared_ptr<Pages> pages) {
  Npu& npu = It();
  if (pages->fd == 0) {
    pages->fd = ++npu.last_fd;
    npu.pages[pages->fd] = pages;
  }
  auto* memory = new TensorMem{{}, context, std::move(pages)};
  using Fields = abi::rknn_tensor_mem;
  abi::Put<void*>(memory->abi, Fields::virt_addr, memory->pages->host);
  abi::Put<int32_t>(memory->abi, Fields::fd, memory->pages->fd);
  abi::Put(memory->abi, Fields::size, static_cast<uint32_t>(memory->pages->npu.size()));
  npu.memories.insert(memory);
  if (Context* owner = FindContext(context)) ++owner->memories;
  Alive(Kind::kMemory);
  return memory;
}

bool IsAlive(const TensorMem* memory) {
  return It().memories.count(const_cast<TensorMem*>(memory)) > 0;
}

void RemoveMemory(TensorMem* memory) {
  It().memories.erase(memory);
  if (Context* owner = FindContext(memory->context)) --owner->memories;
  Alive(Kind::kMemory, -1);
  delete memory;
}

std::shared_ptr<Pages> PagesOf(int fd) {
  const auto found = It().pages.find(fd);
  return found == It().pages.end() ? nullptr : found->second.lock();
}

void Compute(Context& context) {
  const Model& model = *context.model;
  const Turn turn(context);
  WaitWhile(Block().hold, Block().held);
  if (model.work > 0) usleep(static_cast<useconds_t>(model.work));
  const bool in_place = context.InPlace();
  std::vector<std::vector<double>> values;
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    const Port port = context.Input(i);
    if (in_place) context.inputs[i] = ReadBound(port, context.bound_inputs[i]);
    values.push_back(
        Decode(context.inputs[i].data(), Elements(port.dims), port.type, port.quantization));
  }
  context.outputs.clear();
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    const Port port = context.Output(i);
    std::vector<double> result = InFormat(values[port.input], context.Input(port.input), port);
    for (double& value : result) value = value * port.factor + port.offset;
    if (in_place) {
      WriteBound(result, port, context.bound_outputs[i]);
      context.bound_outputs[i].memory->pages->EvictDirtyLines();
    }
    context.outputs.push_back(std::move(result));
  }
}

}  // namespace fake
