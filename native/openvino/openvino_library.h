// The opened OpenVINO: its functions, errors, version, and handles that free themselves.
#pragma once

#include <memory>
#include <string>

#include "../backend.h"
#include "openvino_abi.h"

namespace accelnode::openvino {

struct Functions {
#define X(result, name, parameters) result(*name) parameters = nullptr;
  ACCELNODE_OPENVINO_FUNCTIONS(X)
#undef X
};

// The one OpenVINO of this process. Only after OpenLibrary has succeeded.
const Functions& Api();

// Opens the first candidate that is a usable OpenVINO. Called again, it returns what is open;
// asking for another library by name then is an error, as one process can't hold two.
Runtime OpenLibrary(const OpenRequest& request);

struct Version {
  int year = 0, minor = 0;
  bool operator<(const Version& other) const {
    return year != other.year ? year < other.year : minor < other.minor;
  }
};

// The folder that libopenvino_c lies in: plugins and frontends are looked for beside it.
const std::string& LibraryFolder();

// Throws unless `status` is OK: the vendor's own words, less its source file names.
void Check(ov_status status, const char* function, ErrorCode code = ErrorCode::VENDOR_FAILURE);

// Calls an OpenVINO function and checks what it returns: OV_CALL(ov_tensor_data, tensor, &data).
#define OV_CALL(function, ...) \
  ::accelnode::openvino::Check(::accelnode::openvino::Api().function(__VA_ARGS__), #function)

// A string that OpenVINO allocated.
std::string TakeString(char* text);

template <typename T, void (*Functions::*free_function)(T*)>
struct Free {
  void operator()(T* object) const { (Api().*free_function)(object); }
};

#define ACCELNODE_OPENVINO_HANDLE(Name, type, free_function) \
  using Name = std::unique_ptr<type, Free<type, &Functions::free_function>>
ACCELNODE_OPENVINO_HANDLE(CoreHandle, ov_core, ov_core_free);
ACCELNODE_OPENVINO_HANDLE(ModelHandle, ov_model, ov_model_free);
ACCELNODE_OPENVINO_HANDLE(CompiledModelHandle, ov_compiled_model, ov_compiled_model_free);
ACCELNODE_OPENVINO_HANDLE(InferRequestHandle, ov_infer_request, ov_infer_request_free);
ACCELNODE_OPENVINO_HANDLE(TensorHandle, ov_tensor, ov_tensor_free);
ACCELNODE_OPENVINO_HANDLE(PortHandle, ov_output_const_port, ov_output_const_port_free);
ACCELNODE_OPENVINO_HANDLE(LayoutHandle, ov_layout, ov_layout_free);
ACCELNODE_OPENVINO_HANDLE(PreprocessorHandle, ov_preprocess_prepostprocessor,
                          ov_preprocess_prepostprocessor_free);
ACCELNODE_OPENVINO_HANDLE(InputInfoHandle, ov_preprocess_input_info, ov_preprocess_input_info_free);
ACCELNODE_OPENVINO_HANDLE(InputTensorInfoHandle, ov_preprocess_input_tensor_info,
                          ov_preprocess_input_tensor_info_free);
ACCELNODE_OPENVINO_HANDLE(InputModelInfoHandle, ov_preprocess_input_model_info,
                          ov_preprocess_input_model_info_free);
ACCELNODE_OPENVINO_HANDLE(StepsHandle, ov_preprocess_preprocess_steps,
                          ov_preprocess_preprocess_steps_free);
#undef ACCELNODE_OPENVINO_HANDLE

// Passes a handle as an out-parameter: OV_CALL(ov_layout_create, "NCHW", Out(layout)).
template <typename Handle>
class Out {
 public:
  explicit Out(Handle& handle) : handle_(handle) {}
  ~Out() { handle_.reset(object_); }
  operator typename Handle::pointer *() { return &object_; }

 private:
  Handle& handle_;
  typename Handle::pointer object_ = nullptr;
};

}  // namespace accelnode::openvino
