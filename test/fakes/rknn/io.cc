// librknnrt's functions for inputs, outputs and runs.
#include "npu.h"

#define RKNN extern "C" __attribute__((visibility("default")))

namespace fake {
namespace {

// As the model has it, of what the caller gives.
int SetInput(Context& context, const void* given) {
  using Fields = abi::rknn_input;
  const auto index = abi::Get<uint32_t>(given, Fields::index);
  if (index >= context.inputs.size()) return abi::RKNN_ERR_INPUT_INVALID;
  const Port port = context.Input(index);
  const auto* bytes = abi::Get<const uint8_t*>(given, Fields::buf);
  const auto size = abi::Get<uint32_t>(given, Fields::size);
  const size_t count = Elements(port.dims);
  if (bytes == nullptr) return abi::RKNN_ERR_INPUT_INVALID;
  if (abi::Get<uint8_t>(given, Fields::pass_through) != 0) {
    if (size != Bytes(port)) return abi::RKNN_ERR_INPUT_INVALID;
    context.inputs[index].assign(bytes, bytes + size);
    return 0;
  }
  const auto type = abi::Get<int32_t>(given, Fields::type);
  if (TypeBytes(type) == 0 || size != count * TypeBytes(type)) return abi::RKNN_ERR_INPUT_INVALID;
  Port theirs = port;
  theirs.format = abi::Get<int32_t>(given, Fields::fmt);
  if (port.dims.size() == 4 && theirs.format != port.format) {
    const Dims& d = port.dims;
    theirs.dims = port.format == abi::RKNN_TENSOR_NHWC ? Dims{d[0], d[3], d[1], d[2]}
                                                       : Dims{d[0], d[2], d[3], d[1]};
  }
  // Numbers of a quantized model are quantized here, whatever type they come in.
  const std::vector<double> values = InFormat(Decode(bytes, count, type, {}), theirs, port);
  context.inputs[index] = Encode(values, port.type, port.quantization);
  return 0;
}

int GetOutput(const Context& context, void* wanted) {
  using Fields = abi::rknn_output;
  const auto index = abi::Get<uint32_t>(wanted, Fields::index);
  if (index >= context.outputs.size()) return abi::RKNN_ERR_OUTPUT_INVALID;
  const Port port = context.Output(index);
  const bool floats = abi::Get<uint8_t>(wanted, Fields::want_float) != 0;
  const std::vector<uint8_t> bytes =
      floats ? Encode(context.outputs[index], abi::RKNN_TENSOR_FLOAT32, {})
             : Encode(context.outputs[index], port.type, port.quantization);
  if (abi::Get<uint8_t>(wanted, Fields::is_prealloc) == 0) {
    Violation("rknn_outputs_get into memory of its own, which the double does not have");
    return abi::RKNN_ERR_OUTPUT_INVALID;
  }
  auto* to = abi::Get<uint8_t*>(wanted, Fields::buf);
  if (to == nullptr || abi::Get<uint32_t>(wanted, Fields::size) < bytes.size()) {
    return abi::RKNN_ERR_OUTPUT_INVALID;
  }
  std::copy(bytes.begin(), bytes.end(), to);
  return 0;
}

// All inputs and outputs must be where it can find them.
int ReadyToRun(const Context& context) {
  if (!context.InPlace()) return context.inputs_set ? 0 : abi::RKNN_ERR_INPUT_INVALID;
  for (const auto* bindings : {&context.bound_inputs, &context.bound_outputs}) {
    for (const Binding& binding : *bindings) {
      if (binding.memory == nullptr) {
        Violation("rknn_run with memory for some inputs and outputs only");
        return abi::RKNN_ERR_INPUT_INVALID;
      }
      if (!IsAlive(binding.memory)) {
        Violation("rknn_run with memory that is destroyed");
        return abi::RKNN_ERR_FAIL;
      }
    }
  }
  return 0;
}

// Which input or output an attribute is of, and how it lies in memory.
int Bind(Context& context, TensorMem* memory, const void* attr) {
  using Fields = abi::rknn_tensor_attr;
  const std::string name = static_cast<const char*>(attr) + Fields::name.at;
  const auto index = abi::Get<uint32_t>(attr, Fields::index);
  const auto format = abi::Get<int32_t>(attr, Fields::fmt);
  const auto type = abi::Get<int32_t>(attr, Fields::type);
  const auto& inputs = context.model->inputs;
  const auto& outputs = context.model->outputs;
  const bool input = index < inputs.size() && inputs[index].name == name;
  if (!input && (index >= outputs.size() || outputs[index].name != name)) {
    return abi::RKNN_ERR_PARAM_INVALID;
  }
  const Port port = input ? context.Input(index) : context.Output(index);
  Binding binding{memory, type, false};
  if (port.dims.size() == 4 && format == NativeOf(port).format) {
    binding.native = true;
    const bool passes = abi::Get<uint8_t>(attr, Fields::pass_through) != 0;
    if (type != port.type || (input && !passes)) return abi::RKNN_ERR_PARAM_INVALID;
  } else {
    if (format != port.format) return abi::RKNN_ERR_PARAM_INVALID;
    const bool converts =
        input ? type == abi::RKNN_TENSOR_UINT8 && port.format == abi::RKNN_TENSOR_NHWC
              : type == abi::RKNN_TENSOR_FLOAT32;
    if (type != port.type && !converts) return abi::RKNN_ERR_PARAM_INVALID;
  }
  const Port lying = binding.native ? NativeOf(port) : port;
  size_t needed = Elements(lying.dims) * TypeBytes(type);
  if (lying.width_stride > 0) {
    needed =
        needed / lying.dims[lying.format == abi::RKNN_TENSOR_NHWC ? 2 : 3] * lying.width_stride;
  }
  if (memory->pages->npu.size() < needed) return abi::RKNN_ERR_PARAM_INVALID;
  (input ? context.bound_inputs : context.bound_outputs)[index] = binding;
  return 0;
}

TensorMem* MemoryOf(const Context& context, void* memory, const char* name) {
  auto* found = static_cast<TensorMem*>(memory);
  if (!IsAlive(found)) {
    Violation(Format("%s with memory that is not there", name));
    return nullptr;
  }
  if (found->context != context.id) {
    Violation(Format("%s with memory of another context", name));
    return nullptr;
  }
  return found;
}

}  // namespace
}  // namespace fake

using namespace fake;

RKNN int rknn_inputs_set(uint64_t context, uint32_t count, void* inputs) {
  const Lock lock(Mutex());
  Call call("rknn_inputs_set", context);
  if (!call) return call.status();
  if (call->InPlace()) {
    Violation("rknn_inputs_set of a context whose inputs have memory of their own");
    return abi::RKNN_ERR_INPUT_INVALID;
  }
  if (count != call->inputs.size()) return abi::RKNN_ERR_INPUT_INVALID;
  for (uint32_t i = 0; i < count; ++i) {
    const auto* each = static_cast<const char*>(inputs) + i * abi::rknn_input::kSize;
    if (const int status = SetInput(*call, each)) return status;
  }
  call->inputs_set = true;
  Add(Block().input_sets);
  return 0;
}

RKNN int rknn_run(uint64_t context, void* extend) {
  Call call("rknn_run", context);  // without the lock from here on
  if (!call) return call.status();
  if (extend != nullptr) return abi::RKNN_ERR_PARAM_INVALID;
  {
    const Lock lock(Mutex());
    const bool several = !call->model->shape_sets.empty() && !call->range_refused;
    if (several && !call->shapes_set) {
      Violation("rknn_run before rknn_set_input_shapes");
    }
    if (const int status = ReadyToRun(*call)) return status;
  }
  Compute(*call);
  Add(Block().runs);
  call->ran = true;
  call->got = call->InPlace();
  return Block().lost != 0 ? static_cast<int>(Block().lost) : 0;
}

RKNN int rknn_outputs_get(uint64_t context, uint32_t count, void* outputs, void* extend) {
  const Lock lock(Mutex());
  Call call("rknn_outputs_get", context);
  if (!call) return call.status();
  if (call->InPlace() || !call->ran || extend != nullptr) {
    Violation("rknn_outputs_get without a run that has given any");
    return abi::RKNN_ERR_OUTPUT_INVALID;
  }
  if (call->held_outputs) Violation("rknn_outputs_get before rknn_outputs_release");
  if (count != call->outputs.size()) return abi::RKNN_ERR_OUTPUT_INVALID;
  for (uint32_t i = 0; i < count; ++i) {
    auto* each = static_cast<char*>(outputs) + i * abi::rknn_output::kSize;
    if (const int status = GetOutput(*call, each)) return status;
  }
  call->held_outputs = call->got = true;
  return 0;
}

RKNN int rknn_outputs_release(uint64_t context, uint32_t, void*) {
  const Lock lock(Mutex());
  Call call("rknn_outputs_release", context);
  if (!call.has_context()) return call.status();
  if (!call->held_outputs) Violation("rknn_outputs_release of outputs that were not got");
  call->held_outputs = false;
  return call.status();
}

RKNN void* rknn_create_mem(uint64_t context, uint32_t size) {
  const Lock lock(Mutex());
  Call call("rknn_create_mem", context);
  if (!call || size == 0) return nullptr;
  return AddMemory(context, std::make_shared<Pages>(size));
}

RKNN void* rknn_create_mem_from_fd(uint64_t context, int32_t fd, void* address, uint32_t size,
                                   int32_t offset) {
  const Lock lock(Mutex());
  Call call("rknn_create_mem_from_fd", context);
  if (!call || Block().no_import != 0) return nullptr;
  std::shared_ptr<Pages> pages = PagesOf(fd);
  if (!pages || pages->host != address || pages->npu.size() < size || offset != 0) {
    Violation("rknn_create_mem_from_fd of no memory that there is");
    return nullptr;
  }
  return AddMemory(context, std::move(pages));
}

RKNN int rknn_destroy_mem(uint64_t context, void* memory) {
  const Lock lock(Mutex());
  const int failure = MadeFailure("rknn_destroy_mem");
  auto* found = static_cast<TensorMem*>(memory);
  if (!IsAlive(found)) {
    Violation("rknn_destroy_mem of memory that is not there");
    return abi::RKNN_ERR_PARAM_INVALID;
  }
  if (found->context != context) Violation("rknn_destroy_mem of memory of another context");
  if (context == 0 && Block().no_free != 0) return abi::RKNN_ERR_CTX_INVALID;
  RemoveMemory(found);
  return failure;
}

RKNN int rknn_set_io_mem(uint64_t context, void* memory, void* attr) {
  const Lock lock(Mutex());
  Call call("rknn_set_io_mem", context);
  if (!call) return call.status();
  TensorMem* found = MemoryOf(*call, memory, "rknn_set_io_mem");
  if (found == nullptr) return abi::RKNN_ERR_PARAM_INVALID;
  Add(Block().bindings);
  return Bind(*call, found, attr);
}

#ifndef RKNN_OLDER
RKNN void* rknn_create_mem2(uint64_t context, uint64_t size, uint64_t flags) {
  const Lock lock(Mutex());
  if (NextCall("rknn_create_mem2") != 0 || size == 0) return nullptr;
  const bool free = (flags & abi::RKNN_MEM_FLAG_ALLOC_NO_CONTEXT) != 0;
  if (!free && FindContext(context) == nullptr) {
    Violation("rknn_create_mem2 without a context, and without the flag for that");
    return nullptr;
  }
  if (free && Block().bound_memory != 0) return nullptr;
  if (Block().memory_limit != 0 &&
      Block().shared_memory + static_cast<int64_t>(size) > Block().memory_limit) {
    return nullptr;
  }
  return AddMemory(free ? 0 : context, std::make_shared<Pages>(size));
}

RKNN int rknn_mem_sync(uint64_t context, void* memory, int32_t mode) {
  const Lock lock(Mutex());
  Call call("rknn_mem_sync", context);
  if (!call) return call.status();
  TensorMem* found = MemoryOf(*call, memory, "rknn_mem_sync");
  if (found == nullptr || mode < 1 || mode > 3) return abi::RKNN_ERR_PARAM_INVALID;
  if (mode & abi::RKNN_MEMORY_SYNC_TO_DEVICE) found->pages->ToDevice();
  if (mode & abi::RKNN_MEMORY_SYNC_FROM_DEVICE) found->pages->FromDevice();
  Add(Block().syncs);
  return 0;
}

RKNN int rknn_set_input_shapes(uint64_t context, uint32_t count, void* attrs) {
  using Fields = abi::rknn_tensor_attr;
  const Lock lock(Mutex());
  Call call("rknn_set_input_shapes", context);
  if (!call) return call.status();
  if (count != call->inputs.size()) return abi::RKNN_ERR_PARAM_INVALID;
  std::vector<Dims> wanted;
  for (uint32_t i = 0; i < count; ++i) {
    const auto* attr = static_cast<const char*>(attrs) + i * Fields::kSize;
    Dims dims(abi::Get<uint32_t>(attr, Fields::n_dims));
    std::memcpy(dims.data(), attr + Fields::dims.at, dims.size() * sizeof(uint32_t));
    wanted.push_back(dims);
  }
  const auto& sets = call->model->shape_sets;
  const auto found = std::find(sets.begin(), sets.end(), wanted);
  if (found == sets.end()) return abi::RKNN_ERR_PARAM_INVALID;
  call->shapes = static_cast<size_t>(found - sets.begin());
  call->shapes_set = true;
  call->inputs_set = false;
  Add(Block().shape_sets);
  return 0;
}
#endif
