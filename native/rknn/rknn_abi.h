// librknnrt's C interface in our own declarations: only what is called. The same on x86-64 and
// aarch64; releases from 1.4 to 2.3.2 have only added to it. Sizes and places are those that were
// measured.
#pragma once

#include <cstddef>
#include <cstdint>

namespace accelnode::rknn {

using rknn_context = uint64_t;

constexpr size_t kMaxDims = 16;
constexpr size_t kMaxNameLength = 256;
constexpr size_t kMaxDynamicShapes = 512;

struct rknn_input_output_num {
  uint32_t n_input;
  uint32_t n_output;
};

struct rknn_tensor_attr {
  uint32_t index;
  uint32_t n_dims;
  uint32_t dims[kMaxDims];
  char name[kMaxNameLength];
  uint32_t n_elems;
  uint32_t size;  // bytes
  int32_t fmt;
  int32_t type;
  int32_t qnt_type;
  int8_t fl;
  int32_t zp;
  float scale;
  uint32_t w_stride;  // 0: the width
  uint32_t size_with_stride;
  uint8_t pass_through;
  uint32_t h_stride;
};

struct rknn_input_range {
  uint32_t index;
  uint32_t shape_number;
  int32_t fmt;
  char name[kMaxNameLength];
  uint32_t dyn_range[kMaxDynamicShapes][kMaxDims];
  uint32_t n_dims;
};

struct rknn_perf_detail {
  char* perf_data;  // librknnrt's
  uint64_t data_len;
};

struct rknn_sdk_version {
  char api_version[kMaxNameLength];
  char drv_version[kMaxNameLength];
};

struct rknn_mem_size {
  uint32_t total_weight_size;
  uint32_t total_internal_size;
  uint64_t total_dma_allocated_size;
  uint32_t total_sram_size;
  uint32_t free_sram_size;
  uint32_t reserved[10];
};

struct rknn_tensor_mem {
  void* virt_addr;
  uint64_t phys_addr;
  int32_t fd;
  int32_t offset;
  uint32_t size;
  uint32_t flags;
  void* priv_data;
};

struct rknn_input {
  uint32_t index;
  void* buf;
  uint32_t size;
  uint8_t pass_through;
  int32_t type;
  int32_t fmt;
};

struct rknn_output {
  uint8_t want_float;
  uint8_t is_prealloc;
  uint32_t index;
  void* buf;
  uint32_t size;
};

// Of no use here, and only ever null.
struct rknn_init_extend;
struct rknn_run_extend;
struct rknn_output_extend;

#define ACCELNODE_RKNN_AT(type, member, place) static_assert(offsetof(type, member) == (place))
static_assert(sizeof(rknn_input_output_num) == 8);
static_assert(sizeof(rknn_tensor_attr) == 376);
ACCELNODE_RKNN_AT(rknn_tensor_attr, n_dims, 4);
ACCELNODE_RKNN_AT(rknn_tensor_attr, dims, 8);
ACCELNODE_RKNN_AT(rknn_tensor_attr, name, 72);
ACCELNODE_RKNN_AT(rknn_tensor_attr, n_elems, 328);
ACCELNODE_RKNN_AT(rknn_tensor_attr, size, 332);
ACCELNODE_RKNN_AT(rknn_tensor_attr, fmt, 336);
ACCELNODE_RKNN_AT(rknn_tensor_attr, type, 340);
ACCELNODE_RKNN_AT(rknn_tensor_attr, qnt_type, 344);
ACCELNODE_RKNN_AT(rknn_tensor_attr, fl, 348);
ACCELNODE_RKNN_AT(rknn_tensor_attr, zp, 352);
ACCELNODE_RKNN_AT(rknn_tensor_attr, scale, 356);
ACCELNODE_RKNN_AT(rknn_tensor_attr, w_stride, 360);
ACCELNODE_RKNN_AT(rknn_tensor_attr, size_with_stride, 364);
ACCELNODE_RKNN_AT(rknn_tensor_attr, pass_through, 368);
ACCELNODE_RKNN_AT(rknn_tensor_attr, h_stride, 372);
static_assert(sizeof(rknn_input_range) == 33040);
ACCELNODE_RKNN_AT(rknn_input_range, shape_number, 4);
ACCELNODE_RKNN_AT(rknn_input_range, fmt, 8);
ACCELNODE_RKNN_AT(rknn_input_range, name, 12);
ACCELNODE_RKNN_AT(rknn_input_range, dyn_range, 268);
ACCELNODE_RKNN_AT(rknn_input_range, n_dims, 33036);
static_assert(sizeof(rknn_perf_detail) == 16);
ACCELNODE_RKNN_AT(rknn_perf_detail, data_len, 8);
static_assert(sizeof(rknn_sdk_version) == 512);
ACCELNODE_RKNN_AT(rknn_sdk_version, drv_version, 256);
static_assert(sizeof(rknn_mem_size) == 64);
ACCELNODE_RKNN_AT(rknn_mem_size, total_internal_size, 4);
ACCELNODE_RKNN_AT(rknn_mem_size, total_dma_allocated_size, 8);
ACCELNODE_RKNN_AT(rknn_mem_size, total_sram_size, 16);
ACCELNODE_RKNN_AT(rknn_mem_size, free_sram_size, 20);
ACCELNODE_RKNN_AT(rknn_mem_size, reserved, 24);
static_assert(sizeof(rknn_tensor_mem) == 40);
ACCELNODE_RKNN_AT(rknn_tensor_mem, phys_addr, 8);
ACCELNODE_RKNN_AT(rknn_tensor_mem, fd, 16);
ACCELNODE_RKNN_AT(rknn_tensor_mem, offset, 20);
ACCELNODE_RKNN_AT(rknn_tensor_mem, size, 24);
ACCELNODE_RKNN_AT(rknn_tensor_mem, flags, 28);
ACCELNODE_RKNN_AT(rknn_tensor_mem, priv_data, 32);
static_assert(sizeof(rknn_input) == 32);
ACCELNODE_RKNN_AT(rknn_input, buf, 8);
ACCELNODE_RKNN_AT(rknn_input, size, 16);
ACCELNODE_RKNN_AT(rknn_input, pass_through, 20);
ACCELNODE_RKNN_AT(rknn_input, type, 24);
ACCELNODE_RKNN_AT(rknn_input, fmt, 28);
static_assert(sizeof(rknn_output) == 24);
ACCELNODE_RKNN_AT(rknn_output, is_prealloc, 1);
ACCELNODE_RKNN_AT(rknn_output, index, 4);
ACCELNODE_RKNN_AT(rknn_output, buf, 8);
ACCELNODE_RKNN_AT(rknn_output, size, 16);
#undef ACCELNODE_RKNN_AT

// Commands of rknn_query.
constexpr int32_t kQueryInOutNum = 0;
constexpr int32_t kQueryInputAttr = 1;
constexpr int32_t kQueryOutputAttr = 2;
constexpr int32_t kQueryPerfDetail = 3;
constexpr int32_t kQuerySdkVersion = 5;
constexpr int32_t kQueryMemSize = 6;
constexpr int32_t kQueryNativeInputAttr = 8;
constexpr int32_t kQueryNativeOutputAttr = 9;
constexpr int32_t kQueryInputDynamicRange = 13;
constexpr int32_t kQueryCurrentOutputAttr = 15;

// rknn_tensor_type
constexpr int32_t kTypeFloat32 = 0;
constexpr int32_t kTypeFloat16 = 1;
constexpr int32_t kTypeInt8 = 2;
constexpr int32_t kTypeUint8 = 3;
constexpr int32_t kTypeInt16 = 4;
constexpr int32_t kTypeUint16 = 5;
constexpr int32_t kTypeInt32 = 6;
constexpr int32_t kTypeUint32 = 7;
constexpr int32_t kTypeInt64 = 8;
constexpr int32_t kTypeBool = 9;
constexpr int32_t kTypeInt4 = 10;
constexpr int32_t kTypeBfloat16 = 11;

// rknn_tensor_qnt_type
constexpr int32_t kQuantizedNone = 0;
constexpr int32_t kQuantizedDfp = 1;
constexpr int32_t kQuantizedAffine = 2;

// rknn_tensor_format
constexpr int32_t kFormatNchw = 0;
constexpr int32_t kFormatNhwc = 1;
constexpr int32_t kFormatNc1hwc2 = 2;
constexpr int32_t kFormatUndefined = 3;

// rknn_core_mask
constexpr int32_t kCores01 = 3;
constexpr int32_t kCores012 = 7;

// Flags of rknn_init.
constexpr uint32_t kFlagCollectPerf = 0x8;
constexpr uint32_t kFlagDisableProcHighPriority = 0x2000;

// Flags of rknn_create_mem2. The second: of no context, whose place is then 0.
constexpr uint64_t kMemoryCacheable = 1;
constexpr uint64_t kMemoryNoContext = 0x20000;

// Modes of rknn_mem_sync.
constexpr int32_t kSyncToDevice = 1;
constexpr int32_t kSyncFromDevice = 2;

constexpr int kSuccess = 0;
constexpr int kFail = -1;  // of rknn_init: the device can't be opened
constexpr int kTimeout = -2;
constexpr int kDeviceUnavailable = -3;
constexpr int kMallocFail = -4;
constexpr int kParamInvalid = -5;
constexpr int kModelInvalid = -6;
constexpr int kContextInvalid = -7;
constexpr int kInputInvalid = -8;
constexpr int kOutputInvalid = -9;
constexpr int kDeviceUnmatch = -10;
constexpr int kPrecompileIncompatible = -11;
constexpr int kOptimizationIncompatible = -12;
constexpr int kPlatformUnmatch = -13;

// X(result, name without its prefix, parameters)
#define ACCELNODE_RKNN_FUNCTIONS(X)                                                \
  X(int, init, (rknn_context*, void*, uint32_t, uint32_t, rknn_init_extend*))      \
  X(int, destroy, (rknn_context))                                                  \
  X(int, query, (rknn_context, int32_t, void*, uint32_t))                          \
  X(int, inputs_set, (rknn_context, uint32_t, rknn_input*))                        \
  X(int, run, (rknn_context, rknn_run_extend*))                                    \
  X(int, outputs_get, (rknn_context, uint32_t, rknn_output*, rknn_output_extend*)) \
  X(int, outputs_release, (rknn_context, uint32_t, rknn_output*))

// Not in every release, nor in the client for boards that are attached to a PC; what needs them
// says so.
#define ACCELNODE_RKNN_OPTIONAL_FUNCTIONS(X)                                                 \
  X(int, dup_context, (rknn_context*, rknn_context*))                                        \
  X(int, set_core_mask, (rknn_context, int32_t))                                             \
  X(int, set_batch_core_num, (rknn_context, int))                                            \
  X(int, set_input_shapes, (rknn_context, uint32_t, rknn_tensor_attr*))                      \
  X(rknn_tensor_mem*, create_mem, (rknn_context, uint32_t))                                  \
  X(rknn_tensor_mem*, create_mem2, (rknn_context, uint64_t, uint64_t))                       \
  X(rknn_tensor_mem*, create_mem_from_fd, (rknn_context, int32_t, void*, uint32_t, int32_t)) \
  X(int, destroy_mem, (rknn_context, rknn_tensor_mem*))                                      \
  X(int, set_io_mem, (rknn_context, rknn_tensor_mem*, rknn_tensor_attr*))                    \
  X(int, mem_sync, (rknn_context, rknn_tensor_mem*, int32_t))

}  // namespace accelnode::rknn
