// The double: stands between accelnode and the real libopenvino_c, which ACCELNODE_FAKE_REAL names,
// and forwards every call. By the control block a test makes the nth call fail, sees which objects
// are not freed, and lets the library pose as another release.
#include <dlfcn.h>

#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "forward.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

// CALL: a function that can fail. FREE: one that frees a handle.
#define CALL(name, parameters, ...)                                   \
  EXPORT ov_status name parameters {                                  \
    static const auto real = fake::Real<ov_status parameters>(#name); \
    return fake::Forward(#name, real, __VA_ARGS__);                   \
  }
#define FREE(name, type)                                                    \
  EXPORT void name(type* handle) {                                          \
    static const auto real = fake::Real<void(type*)>(#name);                \
    if (fake::Free(fake::KindOf<type>::value, handle, #name)) real(handle); \
  }

void* fake::RealSymbol(const char* name) {
  static void* const library = [] {
    const char* path = std::getenv("ACCELNODE_FAKE_REAL");
    return path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  }();
  void* symbol = library ? dlsym(library, name) : nullptr;
  if (symbol == nullptr) {
    std::fprintf(stderr, "The OpenVINO double can't find %s: %s\n", name, dlerror());
    std::abort();
  }
  return symbol;
}

using fake::Kind;
using fake::Locked;

// ---- Version, texts, memory

EXPORT ov_status ov_get_openvino_version(ov_version* version) {
  static const auto real = fake::Real<ov_status(ov_version*)>("ov_get_openvino_version");
  static const auto real_free = fake::Real<void(ov_version*)>("ov_version_free");
  if (const ov_status made = fake::NextCall()) {
    fake::NoteFailedCall("ov_get_openvino_version");
    return made;
  }
  ov_version own{};
  if (const ov_status status = real(&own)) return status;
  std::string text = own.build_number;
  real_free(&own);
  fake::SetRealVersion(text);
  {
    const Locked control;
    if (control->version[0] != '\0') text = control->version;
  }
  *version = {strdup(text.c_str()), "OpenVINO Runtime"};
  fake::Made(Kind::kVersion, version->build_number);
  return 0;
}

EXPORT void ov_version_free(ov_version* version) {
  if (!fake::Free(Kind::kVersion, version->build_number, "ov_version_free")) return;
  std::free(const_cast<char*>(version->build_number));
  *version = {};
}

EXPORT const char* ov_get_error_info(ov_status status) {
  static const auto real = fake::Real<const char*(ov_status)>("ov_get_error_info");
  return real(status);
}

namespace {

// Texts of made failures: not the library's to free.
std::mutex g_texts_mutex;
std::set<const char*>& MadeTexts() {
  static auto& texts = *new std::set<const char*>;
  return texts;
}

}  // namespace

EXPORT const char* ov_get_last_err_msg() {
  static const auto real = fake::Real<char*()>("ov_get_last_err_msg");
  char* text = nullptr;
  if (fake::TakeMadeText(&text)) {
    std::lock_guard lock(g_texts_mutex);
    if (text) MadeTexts().insert(text);
  } else {
    text = real();
  }
  fake::Made(Kind::kString, text);
  return text;
}

EXPORT void ov_free(const char* text) {
  static const auto real = fake::Real<void(const char*)>("ov_free");
  if (!fake::Free(Kind::kString, text, "ov_free")) return;
  {
    std::lock_guard lock(g_texts_mutex);
    if (MadeTexts().erase(text) > 0) {
      delete[] text;
      return;
    }
  }
  real(text);
}

EXPORT void ov_partial_shape_free(ov_partial_shape* shape) {
  static const auto real = fake::Real<void(ov_partial_shape*)>("ov_partial_shape_free");
  if (fake::Free(Kind::kPartialShape, shape->dims, "ov_partial_shape_free")) real(shape);
}

EXPORT ov_status ov_shape_free(ov_shape* shape) {
  static const auto real = fake::Real<ov_status(ov_shape*)>("ov_shape_free");
  return fake::Free(Kind::kShape, shape->dims, "ov_shape_free") ? real(shape) : 0;
}

EXPORT void ov_profiling_info_list_free(ov_profiling_info_list* list) {
  static const auto real = fake::Real<void(ov_profiling_info_list*)>("ov_profiling_info_list_free");
  if (fake::Free(Kind::kProfile, list->infos, "ov_profiling_info_list_free")) real(list);
}

FREE(ov_core_free, ov_core)
FREE(ov_model_free, ov_model)
FREE(ov_compiled_model_free, ov_compiled_model)
FREE(ov_infer_request_free, ov_infer_request)
FREE(ov_tensor_free, ov_tensor)
FREE(ov_output_const_port_free, ov_output_const_port)
FREE(ov_layout_free, ov_layout)
FREE(ov_preprocess_prepostprocessor_free, ov_preprocess_prepostprocessor)
FREE(ov_preprocess_input_info_free, ov_preprocess_input_info)
FREE(ov_preprocess_input_tensor_info_free, ov_preprocess_input_tensor_info)
FREE(ov_preprocess_input_model_info_free, ov_preprocess_input_model_info)
FREE(ov_preprocess_preprocess_steps_free, ov_preprocess_preprocess_steps)

// ---- Core and models

CALL(ov_core_create_with_config, (const char* file, ov_core** core), file, core)
CALL(ov_core_get_property, (const ov_core* core, const char* device, const char* key, char** value),
     core, device, key, value)
CALL(ov_core_read_model,
     (const ov_core* core, const char* path, const char* weights, ov_model** model), core, path,
     weights, model)
CALL(ov_core_read_model_from_memory_buffer,
     (const ov_core* core, const void* bytes, size_t size, const ov_tensor* weights,
      ov_model** model),
     core, bytes, size, weights, model)
CALL(ov_core_import_model,
     (const ov_core* core, const void* content, size_t size, const char* device,
      ov_compiled_model** compiled),
     core, content, size, device, compiled)

namespace {

constexpr size_t kMaxTexts = 64;

template <size_t... I>
ov_status CompileWith(const std::vector<const char*>& texts, const ov_core* core,
                      const ov_model* model, const char* device, ov_compiled_model** compiled,
                      std::index_sequence<I...>) {
  static const auto real =
      fake::Real<ov_status(const ov_core*, const ov_model*, const char*, size_t,
                           ov_compiled_model**, ...)>("ov_core_compile_model");
  return real(core, model, device, texts.size(), compiled,
              (I < texts.size() ? texts[I] : nullptr)...);
}

}  // namespace

// `count` texts follow, keys and values in turn.
EXPORT ov_status ov_core_compile_model(const ov_core* core, const ov_model* model,
                                       const char* device, size_t count,
                                       ov_compiled_model** compiled, ...) {
  std::vector<const char*> texts;
  va_list list;
  va_start(list, compiled);
  for (size_t i = 0; i < count && i < kMaxTexts; ++i) texts.push_back(va_arg(list, const char*));
  va_end(list);
  auto compile = [&texts](auto... arguments) {
    return CompileWith(texts, arguments..., std::make_index_sequence<kMaxTexts>());
  };
  return fake::Forward("ov_core_compile_model", compile, core, model, device, compiled);
}

// A key and its value follow.
EXPORT ov_status ov_core_set_property(const ov_core* core, const char* device, ...) {
  va_list list;
  va_start(list, device);
  const char* key = va_arg(list, const char*);
  const char* value = va_arg(list, const char*);
  va_end(list);
  const auto real = fake::Real<ov_status(const ov_core*, const char*, ...)>("ov_core_set_property");
  auto set = [real](auto... arguments) { return real(arguments...); };
  return fake::Forward("ov_core_set_property", set, core, device, key, value);
}

CALL(ov_model_inputs_size, (const ov_model* model, size_t* count), model, count)
CALL(ov_model_const_input_by_index,
     (const ov_model* model, size_t index, ov_output_const_port** port), model, index, port)
CALL(ov_model_reshape,
     (const ov_model* model, const char** names, const ov_partial_shape* shapes, size_t count),
     model, names, shapes, count)

CALL(ov_compiled_model_inputs_size, (const ov_compiled_model* model, size_t* count), model, count)
CALL(ov_compiled_model_outputs_size, (const ov_compiled_model* model, size_t* count), model, count)
CALL(ov_compiled_model_input_by_index,
     (const ov_compiled_model* model, size_t index, ov_output_const_port** port), model, index,
     port)
CALL(ov_compiled_model_output_by_index,
     (const ov_compiled_model* model, size_t index, ov_output_const_port** port), model, index,
     port)
CALL(ov_compiled_model_get_property,
     (const ov_compiled_model* model, const char* key, char** value), model, key, value)
CALL(ov_compiled_model_export_model, (const ov_compiled_model* model, const char* path), model,
     path)
CALL(ov_compiled_model_create_infer_request,
     (const ov_compiled_model* model, ov_infer_request** request), model, request)

CALL(ov_port_get_any_name, (const ov_output_const_port* port, char** name), port, name)
CALL(ov_port_get_element_type, (const ov_output_const_port* port, ov_element_type* type), port,
     type)
CALL(ov_port_get_partial_shape, (const ov_output_const_port* port, ov_partial_shape* shape), port,
     shape)
CALL(ov_partial_shape_create, (int64_t rank, const ov_dimension* dims, ov_partial_shape* shape),
     rank, dims, shape)

// ---- Running

CALL(ov_infer_request_set_input_tensor_by_index,
     (ov_infer_request * request, size_t index, const ov_tensor* tensor), request, index, tensor)
CALL(ov_infer_request_set_output_tensor_by_index,
     (ov_infer_request * request, size_t index, const ov_tensor* tensor), request, index, tensor)
CALL(ov_infer_request_get_output_tensor_by_index,
     (const ov_infer_request* request, size_t index, ov_tensor** tensor), request, index, tensor)
CALL(ov_infer_request_get_profiling_info,
     (const ov_infer_request* request, ov_profiling_info_list* list), request, list)

namespace {

// Requests that wait in an inference, and what became of the wish to cancel it.
enum class Wish { kNone, kGranted, kFailed };
std::mutex g_held_mutex;
std::condition_variable g_wished;
std::map<const ov_infer_request*, Wish> g_held;

// Waits, if the test wants that, until somebody wishes to cancel. False: the inference was
// cancelled.
bool PassHold(const ov_infer_request* request) {
  std::unique_lock lock(g_held_mutex);
  {
    const Locked control;
    if (!control->hold) return true;
    ++control->held;
  }
  Wish& wish = g_held[request] = Wish::kNone;
  g_wished.wait(lock, [&] { return wish != Wish::kNone; });
  const bool cancelled = wish == Wish::kGranted;
  g_held.erase(request);
  const Locked control;
  --control->held;
  return !cancelled;
}

}  // namespace

EXPORT ov_status ov_infer_request_infer(ov_infer_request* request) {
  static const auto real = fake::Real<ov_status(ov_infer_request*)>("ov_infer_request_infer");
  auto infer = [](ov_infer_request* each) { return PassHold(each) ? real(each) : -13; };
  return fake::Forward("ov_infer_request_infer", infer, request);
}

// A held inference goes on also when the cancelling is made to fail: it then ends as if nobody had
// asked.
EXPORT ov_status ov_infer_request_cancel(ov_infer_request* request) {
  static const auto real = fake::Real<ov_status(ov_infer_request*)>("ov_infer_request_cancel");
  const ov_status status = fake::Forward("ov_infer_request_cancel", real, request);
  std::lock_guard lock(g_held_mutex);
  const auto held = g_held.find(request);
  if (held != g_held.end()) held->second = status == 0 ? Wish::kGranted : Wish::kFailed;
  g_wished.notify_all();
  return status;
}

CALL(ov_tensor_create, (ov_element_type type, ov_shape shape, ov_tensor** tensor), type, shape,
     tensor)
CALL(ov_tensor_create_from_host_ptr,
     (ov_element_type type, ov_shape shape, void* data, ov_tensor** tensor), type, shape, data,
     tensor)
CALL(ov_tensor_get_shape, (const ov_tensor* tensor, ov_shape* shape), tensor, shape)
CALL(ov_tensor_get_byte_size, (const ov_tensor* tensor, size_t* bytes), tensor, bytes)
CALL(ov_tensor_data, (const ov_tensor* tensor, void** data), tensor, data)

// ---- Preprocessing

CALL(ov_layout_create, (const char* text, ov_layout** layout), text, layout)
CALL(ov_preprocess_prepostprocessor_create,
     (const ov_model* model, ov_preprocess_prepostprocessor** preprocessor), model, preprocessor)
CALL(ov_preprocess_prepostprocessor_get_input_info_by_index,
     (const ov_preprocess_prepostprocessor* preprocessor, size_t index,
      ov_preprocess_input_info** info),
     preprocessor, index, info)
CALL(ov_preprocess_prepostprocessor_build,
     (const ov_preprocess_prepostprocessor* preprocessor, ov_model** model), preprocessor, model)
CALL(ov_preprocess_input_info_get_tensor_info,
     (const ov_preprocess_input_info* info, ov_preprocess_input_tensor_info** tensor), info, tensor)
CALL(ov_preprocess_input_info_get_model_info,
     (const ov_preprocess_input_info* info, ov_preprocess_input_model_info** model), info, model)
CALL(ov_preprocess_input_info_get_preprocess_steps,
     (const ov_preprocess_input_info* info, ov_preprocess_preprocess_steps** steps), info, steps)
CALL(ov_preprocess_input_tensor_info_set_element_type,
     (ov_preprocess_input_tensor_info * tensor, ov_element_type type), tensor, type)
CALL(ov_preprocess_input_tensor_info_set_layout,
     (ov_preprocess_input_tensor_info * tensor, ov_layout* layout), tensor, layout)
CALL(ov_preprocess_input_tensor_info_set_color_format,
     (ov_preprocess_input_tensor_info * tensor, ov_color_format format), tensor, format)
CALL(ov_preprocess_input_tensor_info_set_spatial_static_shape,
     (ov_preprocess_input_tensor_info * tensor, size_t height, size_t width), tensor, height, width)
CALL(ov_preprocess_input_model_info_set_layout,
     (ov_preprocess_input_model_info * model, ov_layout* layout), model, layout)
CALL(ov_preprocess_preprocess_steps_convert_element_type,
     (ov_preprocess_preprocess_steps * steps, ov_element_type type), steps, type)
CALL(ov_preprocess_preprocess_steps_convert_color,
     (ov_preprocess_preprocess_steps * steps, ov_color_format format), steps, format)
CALL(ov_preprocess_preprocess_steps_resize,
     (ov_preprocess_preprocess_steps * steps, ov_resize_algorithm algorithm), steps, algorithm)
CALL(ov_preprocess_preprocess_steps_mean_multi_channels,
     (ov_preprocess_preprocess_steps * steps, const float* values, int32_t count), steps, values,
     count)
CALL(ov_preprocess_preprocess_steps_scale_multi_channels,
     (ov_preprocess_preprocess_steps * steps, const float* values, int32_t count), steps, values,
     count)
