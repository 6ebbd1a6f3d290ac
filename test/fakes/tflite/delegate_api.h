// What a delegate sees of TFLite, declared from its documentation: the beginnings of its structs,
// which have been the same from 2.9 to 2.21.
#pragma once

#include <cstddef>
#include <cstdint>

using TfLiteStatus = int;
constexpr TfLiteStatus kTfLiteOk = 0;
constexpr TfLiteStatus kTfLiteError = 1;
constexpr TfLiteStatus kTfLiteDelegateError = 2;

constexpr int32_t kBuiltinAdd = 0;
constexpr int32_t kBuiltinRelu = 19;
constexpr int32_t kBuiltinNeg = 59;
constexpr int32_t kBuiltinCos = 108;
constexpr int32_t kBuiltinDelegate = 51;

struct TfLiteIntArray {
  int size;
  int data[1];  // `size` of them
};

struct TfLiteTensor {
  int type;
  void* data;
  TfLiteIntArray* dims;
  struct {
    float scale;
    int32_t zero_point;
  } params;
  int allocation_type;
  size_t bytes;
};
constexpr int kFloat32 = 1;
// `tensors` of the context is an array of these.
struct WholeTensor {
  TfLiteTensor begin;
  char rest[64];
};
static_assert(sizeof(WholeTensor) == 112, "as the three releases have it");

struct TfLiteNode {
  TfLiteIntArray *inputs, *outputs, *intermediates, *temporaries;
  void* user_data;
};

struct TfLiteContext;
struct TfLiteDelegate;

// By value on the stack, so that a TFLite which knows fewer fields takes the first of them.
struct TfLiteRegistration {
  void* (*init)(TfLiteContext*, const char* parameters, size_t length);
  void (*free)(TfLiteContext*, void* kernel);
  TfLiteStatus (*prepare)(TfLiteContext*, TfLiteNode*);
  TfLiteStatus (*invoke)(TfLiteContext*, TfLiteNode*);
  const char* (*profiling_string)(const TfLiteContext*, const TfLiteNode*);
  int32_t builtin_code;
  const char* custom_name;
  int version;
  void* registration_external;
  void* async_kernel;
  uint64_t inplace_operator;
};

struct TfLiteContext {
  size_t tensors_size;
  TfLiteStatus (*GetExecutionPlan)(TfLiteContext*, TfLiteIntArray** plan);
  WholeTensor* tensors;
  void* impl;
  TfLiteStatus (*ResizeTensor)(TfLiteContext*, TfLiteTensor*, TfLiteIntArray* size);
  void (*ReportError)(TfLiteContext*, const char* format, ...);
  TfLiteStatus (*AddTensors)(TfLiteContext*, int count, int* first);
  TfLiteStatus (*GetNodeAndRegistration)(TfLiteContext*, int index, TfLiteNode**,
                                         TfLiteRegistration**);
  TfLiteStatus (*ReplaceNodeSubsetsWithDelegateKernels)(TfLiteContext*, TfLiteRegistration,
                                                        const TfLiteIntArray* nodes,
                                                        TfLiteDelegate*);
};

// What `parameters` of a delegate kernel's init are.
struct TfLiteDelegateParams {
  TfLiteDelegate* delegate;
  TfLiteIntArray *nodes, *inputs, *outputs;
};

struct TfLiteDelegate {
  void* data;
  TfLiteStatus (*Prepare)(TfLiteContext*, TfLiteDelegate*);
  TfLiteStatus (*CopyFromBufferHandle)(TfLiteContext*, TfLiteDelegate*, int, TfLiteTensor*);
  TfLiteStatus (*CopyToBufferHandle)(TfLiteContext*, TfLiteDelegate*, int, TfLiteTensor*);
  void (*FreeBufferHandle)(TfLiteContext*, TfLiteDelegate*, int*);
  int64_t flags;
  void* opaque_delegate_builder;
};
