// The part of OpenVINO's C API that accelnode calls, in our own declarations: no vendor header is
// needed to build. Layouts and numbers are facts of the ABI, the same in every release from 2023.0
// to 2026.4; the reference is OpenVINO's "C API" documentation. What changed between releases, the
// numbering of element types, is in openvino_types.cc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace accelnode::openvino {

using ov_status = int32_t;
constexpr ov_status kOk = 0;
constexpr ov_status kInferCancelled = -13;
constexpr ov_status kInvalidParameter = -14;  // refused by the C layer: no error text is set
using ov_element_type = int32_t;

// Objects behind opaque pointers.
struct ov_core;
struct ov_model;
struct ov_compiled_model;
struct ov_infer_request;
struct ov_tensor;
struct ov_output_const_port;
struct ov_layout;
struct ov_preprocess_prepostprocessor;
struct ov_preprocess_input_info;
struct ov_preprocess_input_tensor_info;
struct ov_preprocess_input_model_info;
struct ov_preprocess_preprocess_steps;

struct ov_version {
  const char* build_number;
  const char* description;
};

struct ov_shape {
  int64_t rank;
  int64_t* dims;
};

struct ov_dimension {
  int64_t min;
  int64_t max;  // both -1: dynamic without bounds
};

struct ov_partial_shape {
  ov_dimension rank;  // min == max: known
  ov_dimension* dims;
};

struct ov_profiling_info {
  int32_t status;     // 0 not run, 1 optimised out, 2 executed
  int64_t real_time;  // µs
  int64_t cpu_time;   // µs
  const char* node_name;
  const char* exec_type;
  const char* node_type;
};

struct ov_profiling_info_list {
  ov_profiling_info* infos;
  size_t size;
};

static_assert(sizeof(ov_version) == 16 && sizeof(ov_shape) == 16 && sizeof(ov_dimension) == 16);
static_assert(sizeof(ov_partial_shape) == 24 && offsetof(ov_partial_shape, dims) == 16);
static_assert(sizeof(ov_profiling_info) == 48 && sizeof(ov_profiling_info_list) == 16);

enum ov_color_format : int32_t { kColorRgb = 5, kColorBgr = 6 };
enum ov_resize_algorithm : int32_t { kResizeLinear = 0, kResizeCubic = 1, kResizeNearest = 2 };

// Every function is written once, here: return type, name, parameters. All exist in every release
// that has the C library.
#define ACCELNODE_OPENVINO_FUNCTIONS(X)                                                            \
  X(ov_status, ov_get_openvino_version, (ov_version*))                                             \
  X(void, ov_version_free, (ov_version*))                                                          \
  X(const char*, ov_get_error_info, (ov_status))                                                   \
  X(const char*, ov_get_last_err_msg, ())                                                          \
  X(void, ov_free, (const char*))                                                                  \
                                                                                                   \
  X(ov_status, ov_core_create_with_config, (const char*, ov_core**))                               \
  X(void, ov_core_free, (ov_core*))                                                                \
  X(ov_status, ov_core_get_property, (const ov_core*, const char*, const char*, char**))           \
  X(ov_status, ov_core_set_property, (const ov_core*, const char*, ...))                           \
  X(ov_status, ov_core_read_model, (const ov_core*, const char*, const char*, ov_model**))         \
  X(ov_status, ov_core_read_model_from_memory_buffer,                                              \
    (const ov_core*, const char*, size_t, const ov_tensor*, ov_model**))                           \
  X(ov_status, ov_core_compile_model,                                                              \
    (const ov_core*, const ov_model*, const char*, size_t, ov_compiled_model**, ...))              \
  X(ov_status, ov_core_import_model,                                                               \
    (const ov_core*, const char*, size_t, const char*, ov_compiled_model**))                       \
                                                                                                   \
  X(void, ov_model_free, (ov_model*))                                                              \
  X(ov_status, ov_model_inputs_size, (const ov_model*, size_t*))                                   \
  X(ov_status, ov_model_const_input_by_index, (const ov_model*, size_t, ov_output_const_port**))   \
  X(ov_status, ov_model_reshape, (const ov_model*, const char**, const ov_partial_shape*, size_t)) \
                                                                                                   \
  X(void, ov_compiled_model_free, (ov_compiled_model*))                                            \
  X(ov_status, ov_compiled_model_inputs_size, (const ov_compiled_model*, size_t*))                 \
  X(ov_status, ov_compiled_model_outputs_size, (const ov_compiled_model*, size_t*))                \
  X(ov_status, ov_compiled_model_input_by_index,                                                   \
    (const ov_compiled_model*, size_t, ov_output_const_port**))                                    \
  X(ov_status, ov_compiled_model_output_by_index,                                                  \
    (const ov_compiled_model*, size_t, ov_output_const_port**))                                    \
  X(ov_status, ov_compiled_model_get_property, (const ov_compiled_model*, const char*, char**))    \
  X(ov_status, ov_compiled_model_export_model, (const ov_compiled_model*, const char*))            \
  X(ov_status, ov_compiled_model_create_infer_request,                                             \
    (const ov_compiled_model*, ov_infer_request**))                                                \
                                                                                                   \
  X(void, ov_output_const_port_free, (ov_output_const_port*))                                      \
  X(ov_status, ov_port_get_any_name, (const ov_output_const_port*, char**))                        \
  X(ov_status, ov_port_get_element_type, (const ov_output_const_port*, ov_element_type*))          \
  X(ov_status, ov_port_get_partial_shape, (const ov_output_const_port*, ov_partial_shape*))        \
  X(ov_status, ov_partial_shape_create, (int64_t, const ov_dimension*, ov_partial_shape*))         \
  X(void, ov_partial_shape_free, (ov_partial_shape*))                                              \
                                                                                                   \
  X(void, ov_infer_request_free, (ov_infer_request*))                                              \
  X(ov_status, ov_infer_request_set_input_tensor_by_index,                                         \
    (ov_infer_request*, size_t, const ov_tensor*))                                                 \
  X(ov_status, ov_infer_request_set_output_tensor_by_index,                                        \
    (ov_infer_request*, size_t, const ov_tensor*))                                                 \
  X(ov_status, ov_infer_request_get_output_tensor_by_index,                                        \
    (const ov_infer_request*, size_t, ov_tensor**))                                                \
  X(ov_status, ov_infer_request_infer, (ov_infer_request*))                                        \
  X(ov_status, ov_infer_request_cancel, (ov_infer_request*))                                       \
  X(ov_status, ov_infer_request_get_profiling_info,                                                \
    (const ov_infer_request*, ov_profiling_info_list*))                                            \
  X(void, ov_profiling_info_list_free, (ov_profiling_info_list*))                                  \
                                                                                                   \
  X(ov_status, ov_tensor_create, (ov_element_type, ov_shape, ov_tensor**))                         \
  X(ov_status, ov_tensor_create_from_host_ptr, (ov_element_type, ov_shape, void*, ov_tensor**))    \
  X(void, ov_tensor_free, (ov_tensor*))                                                            \
  X(ov_status, ov_tensor_get_shape, (const ov_tensor*, ov_shape*))                                 \
  X(ov_status, ov_shape_free, (ov_shape*))                                                         \
  X(ov_status, ov_tensor_get_byte_size, (const ov_tensor*, size_t*))                               \
  X(ov_status, ov_tensor_data, (const ov_tensor*, void**))                                         \
                                                                                                   \
  X(ov_status, ov_layout_create, (const char*, ov_layout**))                                       \
  X(void, ov_layout_free, (ov_layout*))                                                            \
  X(ov_status, ov_preprocess_prepostprocessor_create,                                              \
    (const ov_model*, ov_preprocess_prepostprocessor**))                                           \
  X(void, ov_preprocess_prepostprocessor_free, (ov_preprocess_prepostprocessor*))                  \
  X(ov_status, ov_preprocess_prepostprocessor_get_input_info_by_index,                             \
    (const ov_preprocess_prepostprocessor*, size_t, ov_preprocess_input_info**))                   \
  X(ov_status, ov_preprocess_prepostprocessor_build,                                               \
    (const ov_preprocess_prepostprocessor*, ov_model**))                                           \
  X(void, ov_preprocess_input_info_free, (ov_preprocess_input_info*))                              \
  X(ov_status, ov_preprocess_input_info_get_tensor_info,                                           \
    (const ov_preprocess_input_info*, ov_preprocess_input_tensor_info**))                          \
  X(void, ov_preprocess_input_tensor_info_free, (ov_preprocess_input_tensor_info*))                \
  X(ov_status, ov_preprocess_input_tensor_info_set_element_type,                                   \
    (ov_preprocess_input_tensor_info*, ov_element_type))                                           \
  X(ov_status, ov_preprocess_input_tensor_info_set_layout,                                         \
    (ov_preprocess_input_tensor_info*, ov_layout*))                                                \
  X(ov_status, ov_preprocess_input_tensor_info_set_color_format,                                   \
    (ov_preprocess_input_tensor_info*, ov_color_format))                                           \
  X(ov_status, ov_preprocess_input_tensor_info_set_spatial_static_shape,                           \
    (ov_preprocess_input_tensor_info*, size_t, size_t))                                            \
  X(ov_status, ov_preprocess_input_info_get_model_info,                                            \
    (const ov_preprocess_input_info*, ov_preprocess_input_model_info**))                           \
  X(void, ov_preprocess_input_model_info_free, (ov_preprocess_input_model_info*))                  \
  X(ov_status, ov_preprocess_input_model_info_set_layout,                                          \
    (ov_preprocess_input_model_info*, ov_layout*))                                                 \
  X(ov_status, ov_preprocess_input_info_get_preprocess_steps,                                      \
    (const ov_preprocess_input_info*, ov_preprocess_preprocess_steps**))                           \
  X(void, ov_preprocess_preprocess_steps_free, (ov_preprocess_preprocess_steps*))                  \
  X(ov_status, ov_preprocess_preprocess_steps_convert_element_type,                                \
    (ov_preprocess_preprocess_steps*, ov_element_type))                                            \
  X(ov_status, ov_preprocess_preprocess_steps_convert_color,                                       \
    (ov_preprocess_preprocess_steps*, ov_color_format))                                            \
  X(ov_status, ov_preprocess_preprocess_steps_resize,                                              \
    (ov_preprocess_preprocess_steps*, ov_resize_algorithm))                                        \
  X(ov_status, ov_preprocess_preprocess_steps_mean_multi_channels,                                 \
    (ov_preprocess_preprocess_steps*, const float*, int32_t))                                      \
  X(ov_status, ov_preprocess_preprocess_steps_scale_multi_channels,                                \
    (ov_preprocess_preprocess_steps*, const float*, int32_t))

}  // namespace accelnode::openvino
