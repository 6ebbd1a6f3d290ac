// librknnrt's functions for models and contexts.
#include "npu.h"

#define RKNN extern "C" __attribute__((visibility("default")))

#ifndef RKNN_RELEASE
#define RKNN_RELEASE "2.3.2"
#endif

namespace fake {
namespace {

// Where people look for the release: in the file.
__attribute__((used)) const char kVersion[] =
    "librknnrt version: " RKNN_RELEASE " (double@2026-01-01T00:00:00)";

std::string DriverText() {
  const int64_t driver = Block().driver == 0 ? 908 : Block().driver;
  return Format("%s%d.%d.%d", Block().driver_letter != 0 ? "v" : "",
                static_cast<int>(driver / 1000), static_cast<int>(driver / 100 % 10),
                static_cast<int>(driver % 100));
}

void CheckFlags(uint32_t flags) {
  Block().last_flags = flags;
  if (flags & abi::RKNN_FLAG_ASYNC_MASK) {
    Violation("RKNN_FLAG_ASYNC_MASK gives the outputs of the frame before");
  }
  if (!(flags & abi::RKNN_FLAG_DISABLE_PROC_HIGH_PRIORITY)) Add(Block().reniced);
}

// Why a model is refused; 0 when it is not. Of a newer rknn-toolkit2 librknnrt only logs something.
int Refusal(const void* bytes, uint32_t size, Model* model) {
  if (!ReadModel(static_cast<const uint8_t*>(bytes), size, model)) {
    return abi::RKNN_ERR_MODEL_INVALID;
  }
  if (model->target != "rk" + std::to_string(SocNumber())) {
    return abi::RKNN_ERR_TARGET_PLATFORM_UNMATCH;
  }
  return 0;
}

void Describe(const Port& port, uint32_t index, void* attr) {
  using Fields = abi::rknn_tensor_attr;
  std::memset(attr, 0, Fields::kSize);
  abi::Put(attr, Fields::index, index);
  abi::Put(attr, Fields::n_dims, static_cast<uint32_t>(port.dims.size()));
  std::memcpy(static_cast<char*>(attr) + Fields::dims.at, port.dims.data(),
              port.dims.size() * sizeof(uint32_t));
  abi::PutText(attr, Fields::name, port.name);
  abi::Put(attr, Fields::n_elems, static_cast<uint32_t>(Elements(port.dims)));
  abi::Put(attr, Fields::size, static_cast<uint32_t>(Bytes(port)));
  abi::Put<int32_t>(attr, Fields::fmt, port.format);
  abi::Put<int32_t>(attr, Fields::type, port.type);
  abi::Put(attr, Fields::qnt_type, static_cast<int32_t>(port.quantization.kind));
  abi::Put(attr, Fields::fl, static_cast<int8_t>(port.quantization.fraction_bits));
  abi::Put<int32_t>(attr, Fields::zp, port.quantization.zero_point);
  abi::Put(attr, Fields::scale, static_cast<float>(port.quantization.scale));
  abi::Put(attr, Fields::w_stride, port.width_stride);
  size_t bytes = Bytes(port);
  if (port.width_stride > 0) {
    const size_t width = port.dims[port.format == abi::RKNN_TENSOR_NHWC ? 2 : 3];
    bytes = bytes / width * port.width_stride;
  }
  abi::Put(attr, Fields::size_with_stride, static_cast<uint32_t>(bytes));
}

int DescribePort(Context& context, int64_t command, void* attr) {
  const bool input = command == abi::RKNN_QUERY_INPUT_ATTR ||
                     command == abi::RKNN_QUERY_NATIVE_INPUT_ATTR ||
                     command == abi::RKNN_QUERY_CURRENT_INPUT_ATTR;
  const bool native =
      command == abi::RKNN_QUERY_NATIVE_INPUT_ATTR || command == abi::RKNN_QUERY_NATIVE_OUTPUT_ATTR;
  const auto index = abi::Get<uint32_t>(attr, abi::rknn_tensor_attr::index);
  const size_t count = input ? context.model->inputs.size() : context.model->outputs.size();
  if (index >= count) return abi::RKNN_ERR_PARAM_INVALID;
  const Port port = input ? context.Input(index) : context.Output(index);
  Describe(native ? NativeOf(port) : port, index, attr);
  return 0;
}

int DescribeRange(Context& context, void* range) {
  using Fields = abi::rknn_input_range;
  const auto index = abi::Get<uint32_t>(range, Fields::index);
  const auto& sets = context.model->shape_sets;
  if (index >= context.model->inputs.size()) return abi::RKNN_ERR_PARAM_INVALID;
  if (sets.empty()) {
    const int64_t status = Block().range_status;
    abi::Put<uint32_t>(range, Fields::shape_number, 0);
    if (status > 0) return 0;
    return status != 0 ? static_cast<int>(status) : abi::RKNN_ERR_PARAM_INVALID;
  }
  const Port& port = context.model->inputs[index];
  const int64_t number = static_cast<int64_t>(sets.size()) + (index == 1 ? Block().more_shapes : 0);
  abi::Put(range, Fields::shape_number, static_cast<uint32_t>(number));
  abi::Put<int32_t>(range, Fields::fmt, port.format);
  abi::PutText(range, Fields::name, port.name);
  abi::Put(range, Fields::n_dims, static_cast<uint32_t>(port.dims.size()));
  char* shapes = static_cast<char*>(range) + Fields::dyn_range.at;
  for (size_t set = 0; set < sets.size(); ++set) {
    std::memcpy(shapes + set * abi::RKNN_MAX_DIMS * sizeof(uint32_t), sets[set][index].data(),
                sets[set][index].size() * sizeof(uint32_t));
  }
  return 0;
}

int DescribePerformance(Context& context, void* detail) {
  if (!(context.flags & abi::RKNN_FLAG_COLLECT_PERF_MASK) || !context.got) {
    return abi::RKNN_ERR_PARAM_INVALID;
  }
  context.perf =
      "====================================================\n"
      "            Network Layer Information Table\n"
      "ID   OpType        DataType Target InputShape    OutputShape   Cycles(DDR/NPU/Total)    "
      "Time(us)     MacUsage(%)   RW(KB)   FullName\n"
      "----------------------------------------------------\n"
      "1    InputOperator FLOAT16  CPU    \\             (1,3,2,2)     0/0/0                    6  "
      "         \\             0        InputOperator:x\n"
      "2    ConvRelu      FLOAT16  NPU    (1,3,2,2),(3) (1,3,2,2)     100/200/200              "
      "1250         12.5          4        Conv:y\n"
      "----------------------------------------------------\n"
      "Total Operator Elapsed Per Frame Time(us): 1256\n";
  abi::Put<const char*>(detail, abi::rknn_perf_detail::perf_data, context.perf.c_str());
  abi::Put<uint64_t>(detail, abi::rknn_perf_detail::data_len, context.perf.size());
  return 0;
}

// How large what a command fills in is; 0 for one that the double does not have.
size_t SizeFor(int64_t command) {
  switch (command) {
    case abi::RKNN_QUERY_IN_OUT_NUM:
      return abi::rknn_input_output_num::kSize;
    case abi::RKNN_QUERY_INPUT_ATTR:
    case abi::RKNN_QUERY_OUTPUT_ATTR:
    case abi::RKNN_QUERY_NATIVE_INPUT_ATTR:
    case abi::RKNN_QUERY_NATIVE_OUTPUT_ATTR:
      return abi::rknn_tensor_attr::kSize;
#ifndef RKNN_OLDER
    case abi::RKNN_QUERY_CURRENT_INPUT_ATTR:
    case abi::RKNN_QUERY_CURRENT_OUTPUT_ATTR:
      return abi::rknn_tensor_attr::kSize;
    case abi::RKNN_QUERY_INPUT_DYNAMIC_RANGE:
      return abi::rknn_input_range::kSize;
#endif
    case abi::RKNN_QUERY_PERF_DETAIL:
      return abi::rknn_perf_detail::kSize;
    case abi::RKNN_QUERY_SDK_VERSION:
      return abi::rknn_sdk_version::kSize;
    case abi::RKNN_QUERY_MEM_SIZE:
      return abi::rknn_mem_size::kSize;
    default:
      return 0;
  }
}

int Query(Context& context, int64_t command, void* info) {
  switch (command) {
    case abi::RKNN_QUERY_IN_OUT_NUM:
      abi::Put(info, abi::rknn_input_output_num::n_input,
               static_cast<uint32_t>(context.model->inputs.size()));
      abi::Put(info, abi::rknn_input_output_num::n_output,
               static_cast<uint32_t>(context.model->outputs.size()));
      return 0;
    case abi::RKNN_QUERY_SDK_VERSION:
      abi::PutText(info, abi::rknn_sdk_version::api_version,
                   RKNN_RELEASE " (double@2026-01-01T00:00:00)");
      abi::PutText(info, abi::rknn_sdk_version::drv_version, DriverText());
      return 0;
    case abi::RKNN_QUERY_MEM_SIZE:
      abi::Put(info, abi::rknn_mem_size::total_weight_size,
               static_cast<uint32_t>(context.model->weights));
      abi::Put(info, abi::rknn_mem_size::total_internal_size,
               static_cast<uint32_t>(context.model->internal));
      return 0;
    case abi::RKNN_QUERY_PERF_DETAIL:
      return DescribePerformance(context, info);
    case abi::RKNN_QUERY_INPUT_DYNAMIC_RANGE:
      return DescribeRange(context, info);
    default:
      return DescribePort(context, command, info);
  }
}

}  // namespace
}  // namespace fake

using namespace fake;

RKNN int rknn_init(uint64_t* context, void* bytes, uint32_t size, uint32_t flags, void* extend) {
  const Lock lock(Mutex());
  if (const int failure = NextCall("rknn_init")) return failure;
  if (context == nullptr || bytes == nullptr || size == 0 || extend != nullptr) {
    return abi::RKNN_ERR_PARAM_INVALID;
  }
  CheckFlags(flags);
  // The device comes before the model.
  if (Block().init_status != 0) return static_cast<int>(Block().init_status);
  auto model = std::make_shared<Model>();
  if (const int refusal = Refusal(bytes, size, model.get())) return refusal;
  std::shared_ptr<void> weights = TakeWeights(model->weights);
  Context& added = AddContext(std::move(model), std::move(weights));
  added.flags = flags;
  Add(Block().inits);
  *context = added.id;
  return 0;
}

RKNN int rknn_dup_context(uint64_t* from, uint64_t* to) {
  if (from == nullptr || to == nullptr || *from == 0) {
    Violation("rknn_dup_context of a context of 0, which crashes");
    return abi::RKNN_ERR_CTX_INVALID;
  }
  const Lock lock(Mutex());
  Call source("rknn_dup_context", *from);
  if (!source) return source.status();
  Context& added = AddContext(source->model, source->weights);
  added.flags = source->flags;
  added.source = source->id;
  added.range_refused = source->range_refused;
  ++source->duplicates;
  Add(Block().dups);
  *to = added.id;
  return 0;
}

// What fails to free frees all the same.
RKNN int rknn_destroy(uint64_t context) {
  const Lock lock(Mutex());
  const int failure = MadeFailure("rknn_destroy");
  Context* found = FindContext(context);
  if (found == nullptr) {
    Violation("rknn_destroy of a context that is not there");
    return abi::RKNN_ERR_CTX_INVALID;
  }
  if (found->busy) Violation("rknn_destroy of a context that another thread uses at this moment");
  RemoveContext(*found);
  return failure != 0 ? failure : static_cast<int>(Block().lost);
}

RKNN int rknn_query(uint64_t context, int32_t command, void* info, uint32_t size) {
  const Lock lock(Mutex());
  Call call("rknn_query", context);
  if (call.has_context() && command == abi::RKNN_QUERY_INPUT_DYNAMIC_RANGE && call.status() != 0) {
    call->range_refused = true;
  }
  if (!call) return call.status();
  const size_t wanted = SizeFor(command);
  if (info == nullptr || wanted == 0 || size != wanted) return abi::RKNN_ERR_PARAM_INVALID;
  return Query(*call, command, info);
}

RKNN int rknn_set_core_mask(uint64_t context, int32_t mask) {
  const Lock lock(Mutex());
  Call call("rknn_set_core_mask", context);
  if (!call) return call.status();
  if (CoreCount() == 1) {
    Violation("rknn_set_core_mask on a chip with one core");
    return abi::RKNN_ERR_PARAM_INVALID;
  }
  const int all = (1 << CoreCount()) - 1;
  const bool known = mask == abi::RKNN_NPU_CORE_ALL || (mask >= 0 && mask <= all);
  if (!known || mask == 5 || mask == 6) return abi::RKNN_ERR_PARAM_INVALID;
  if (call->pinned) Violation("rknn_set_core_mask of a context that has its core already");
  call->pinned = true;
  call->mask = mask;
  Add(Block().pins);
  return 0;
}

RKNN int rknn_set_batch_core_num(uint64_t context, int cores) {
  const Lock lock(Mutex());
  Call call("rknn_set_batch_core_num", context);
  if (!call) return call.status();
  if (cores < 1 || cores > CoreCount()) return abi::RKNN_ERR_PARAM_INVALID;
  Block().batch_cores = cores;
  return 0;
}

RKNN int rknn_wait(uint64_t, void*) {
  Violation("rknn_wait, which no chip has");
  return abi::RKNN_ERR_FAIL;
}
