// OpenVINO's C API as the double knows it: declared from the documentation of the API, and on
// purpose not taken from native/openvino, so that a mistake there is not repeated here.
#pragma once

#include <cstddef>
#include <cstdint>

using ov_status = int32_t;
enum class ov_element_type : int32_t {};
enum class ov_color_format : int32_t {};
enum class ov_resize_algorithm : int32_t {};

// Every kind of object that the library makes and the caller frees. Those with a type of their own
// are handles; shapes, lists and strings are memory of the library.
#define OPENVINO_HANDLES(X)                                           \
  X(kCore, "core", ov_core)                                           \
  X(kModel, "model", ov_model)                                        \
  X(kCompiledModel, "compiled model", ov_compiled_model)              \
  X(kInferRequest, "infer request", ov_infer_request)                 \
  X(kTensor, "tensor", ov_tensor)                                     \
  X(kPort, "port", ov_output_const_port)                              \
  X(kLayout, "layout", ov_layout)                                     \
  X(kPreprocessor, "preprocessor", ov_preprocess_prepostprocessor)    \
  X(kInputInfo, "input info", ov_preprocess_input_info)               \
  X(kInputTensorInfo, "tensor info", ov_preprocess_input_tensor_info) \
  X(kInputModelInfo, "model info", ov_preprocess_input_model_info)    \
  X(kSteps, "preprocess steps", ov_preprocess_preprocess_steps)
#define OPENVINO_MEMORY(X)                            \
  X(kString, "string", char)                          \
  X(kShape, "shape", ov_shape)                        \
  X(kPartialShape, "partial shape", ov_partial_shape) \
  X(kProfile, "profile", ov_profiling_info_list)      \
  X(kVersion, "version", ov_version)

#define X(kind, name, type) struct type;
OPENVINO_HANDLES(X)
#undef X

struct ov_version {
  const char* build_number;
  const char* description;
};

struct ov_shape {
  int64_t rank;
  int64_t* dims;
};

struct ov_dimension {
  int64_t min, max;
};

struct ov_partial_shape {
  ov_dimension rank;
  ov_dimension* dims;
};

struct ov_profiling_info_list {
  void* infos;
  size_t size;
};
