// Uses the double of librknnrt well, or makes one mistake on purpose: without accelnode.
//   rknn_driver <librknnrt> <model> <mistake>
// The model has one input and one output of four floats.
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "rknn_abi.h"

namespace {

using namespace fake;

void* g_library = nullptr;
std::string g_mistake;

bool Is(const char* mistake) { return g_mistake == mistake; }

template <typename Result = int, typename... Arguments>
Result Call(const char* name, Arguments... arguments) {
  using Function = Result(Arguments...);
  auto* function = reinterpret_cast<Function*>(dlsym(g_library, name));
  const Result result = function(arguments...);
  if constexpr (std::is_same_v<Result, int>) {
    if (result < 0) std::printf("%s: %d\n", name, result);
  }
  return result;
}

uint64_t Init(std::vector<char>& model, uint32_t flags) {
  uint64_t context = 0;
  Call("rknn_init", &context, static_cast<void*>(model.data()), static_cast<uint32_t>(model.size()),
       flags, static_cast<void*>(nullptr));
  return context;
}

float g_input[4] = {1, 2, 3, 4}, g_output[4];

void SetInputs(uint64_t context) {
  using Fields = abi::rknn_input;
  char input[Fields::kSize] = {};
  abi::Put<void*>(input, Fields::buf, g_input);
  abi::Put<uint32_t>(input, Fields::size, sizeof g_input);
  abi::Put<int32_t>(input, Fields::fmt, abi::RKNN_TENSOR_UNDEFINED);
  Call("rknn_inputs_set", context, 1u, static_cast<void*>(input));
}

int Run(uint64_t context) { return Call("rknn_run", context, static_cast<void*>(nullptr)); }

void GetOutputs(uint64_t context) {
  using Fields = abi::rknn_output;
  char output[Fields::kSize] = {};
  abi::Put<uint8_t>(output, Fields::is_prealloc, Is("no memory for outputs") ? 0 : 1);
  abi::Put<void*>(output, Fields::buf, g_output);
  abi::Put<uint32_t>(output, Fields::size, sizeof g_output);
  Call("rknn_outputs_get", context, 1u, static_cast<void*>(output), static_cast<void*>(nullptr));
}

void Release(uint64_t context) {
  Call("rknn_outputs_release", context, 1u, static_cast<void*>(nullptr));
}

void Print(const float* values) {
  for (int i = 0; i < 4; ++i) std::printf("%g ", static_cast<double>(values[i]));
  std::printf("\n");
}

void Copying(uint64_t context) {
  if (!Is("no inputs")) SetInputs(context);
  if (!Is("no run")) Run(context);
  GetOutputs(context);
  if (Is("outputs twice")) GetOutputs(context);
  if (!Is("outputs are kept")) Release(context);
  if (Is("outputs back twice")) Release(context);
  Print(g_output);
}

void* MemoryFor(uint64_t context, const char* name) {
  using Fields = abi::rknn_tensor_attr;
  void* memory = Call<void*>("rknn_create_mem", context, 4096u);
  char attr[Fields::kSize] = {};
  Call("rknn_query", context,
       static_cast<int32_t>(name[0] == 'x' ? abi::RKNN_QUERY_INPUT_ATTR
                                           : abi::RKNN_QUERY_OUTPUT_ATTR),
       static_cast<void*>(attr), static_cast<uint32_t>(sizeof attr));
  if (name[0] == 'y' && Is("memory for the input only")) return memory;
  Call("rknn_set_io_mem", context, memory, static_cast<void*>(attr));
  return memory;
}

float* Address(void* memory) { return abi::Get<float*>(memory, abi::rknn_tensor_mem::virt_addr); }

void Sync(uint64_t context, void* memory, int64_t mode) {
  Call("rknn_mem_sync", context, memory, static_cast<int32_t>(mode));
}

void Free(uint64_t context, void* memory) { Call("rknn_destroy_mem", context, memory); }

void InPlace(uint64_t context, uint64_t other) {
  void* x = MemoryFor(context, "x");
  void* y = MemoryFor(context, "y");
  std::copy(g_input, g_input + 4, Address(x));
  if (!Is("no sync to the NPU")) Sync(context, x, abi::RKNN_MEMORY_SYNC_TO_DEVICE);
  if (Is("an output with dirty lines")) Address(y)[0] = 0;
  if (Is("sync by another context")) Sync(other, x, abi::RKNN_MEMORY_SYNC_TO_DEVICE);
  if (Is("memory is gone")) Free(context, y);
  if (Is("inputs by copy too")) SetInputs(context);
  Run(context);
  if (!Is("no sync from the NPU") && !Is("memory is gone")) {
    Sync(context, y, abi::RKNN_MEMORY_SYNC_FROM_DEVICE);
  }
  if (!Is("memory is gone")) {
    for (int i = 0; i < 4; ++i) g_output[i] = Address(y)[i];
    Print(g_output);
    Free(context, y);
  }
  if (Is("memory is freed twice")) Free(context, y);
  if (Is("memory of another context")) return Free(other, x);
  if (!Is("memory is kept")) Free(context, x);
}

const char* const kInPlace[] = {"in place",
                                "no sync to the NPU",
                                "no sync from the NPU",
                                "an output with dirty lines",
                                "sync by another context",
                                "memory is gone",
                                "inputs by copy too",
                                "memory is freed twice",
                                "memory of another context",
                                "memory is kept",
                                "memory for the input only"};

bool IsInPlace() {
  for (const char* mistake : kInPlace) {
    if (Is(mistake)) return true;
  }
  return false;
}

void AtOnce(uint64_t context) {
  SetInputs(context);
  std::thread other([context] { Run(context); });
  Run(context);
  other.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  g_library = dlopen(argv[1], RTLD_NOW);
  g_mistake = argv[3];
  std::ifstream file(argv[2], std::ios::binary);
  std::vector<char> model((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (g_library == nullptr || model.empty()) return 1;

  uint32_t flags = abi::RKNN_FLAG_DISABLE_PROC_HIGH_PRIORITY;
  if (Is("the priority is raised")) flags = 0;
  if (Is("asynchronous")) flags |= abi::RKNN_FLAG_ASYNC_MASK;
  uint64_t context = Init(model, flags);
  if (context == 0) return 0;
  uint64_t duplicate = 0, zero = 0;
  Call("rknn_dup_context", Is("a duplicate of nothing") ? &zero : &context, &duplicate);
  if (Is("a mask of 5")) Call("rknn_set_core_mask", context, 5);
  if (Is("a mask of 6")) Call("rknn_set_core_mask", context, 6);
  if (Is("pinned") || Is("pinned twice")) Call("rknn_set_core_mask", context, 1);
  if (Is("pinned twice")) Call("rknn_set_core_mask", context, 2);
  if (Is("waiting")) Call("rknn_wait", context, static_cast<void*>(nullptr));
  if (Is("no context")) Run(0);
  if (Is("two threads in one context")) {
    AtOnce(context);
  } else if (IsInPlace()) {
    InPlace(context, duplicate);
  } else {
    Copying(context);
  }
  if (Is("the source goes first")) Call("rknn_destroy", context);
  if (duplicate != 0 && !Is("a context is kept")) Call("rknn_destroy", duplicate);
  if (!Is("the source goes first")) Call("rknn_destroy", context);
  if (Is("destroyed twice")) Call("rknn_destroy", context);
  if (Is("used after the end")) Run(context);
  return 0;
}
