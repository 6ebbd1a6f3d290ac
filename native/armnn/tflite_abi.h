// The part of TFLite's C API and of the external delegate's interface that accelnode calls, in our
// own declarations: no vendor header is needed to build. The same in TFLite 2.9 to 2.21; the
// reference is TensorFlow's documentation of the C API (c_api.h) and Arm NN's of its delegate.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>

namespace accelnode::armnn {

// Objects behind opaque pointers.
struct TfLiteModel;
struct TfLiteInterpreterOptions;
struct TfLiteInterpreter;
struct TfLiteTensor;
struct TfLiteDelegate;
struct TfLiteSignatureRunner;

using TfLiteStatus = int32_t;
constexpr TfLiteStatus kOk = 0;
constexpr TfLiteStatus kUnresolvedOperators = 6;
constexpr TfLiteStatus kCancelled = 8;

using TfLiteType = int32_t;  // FromTflite, tflite_library.h

// real = scale * (quantised - zero_point); a scale of 0: not quantised, or one scale per channel
struct TfLiteQuantizationParams {
  float scale;
  int32_t zero_point;
};

struct TfLiteCustomAllocation {
  void* data;
  size_t bytes;
};

using TfLiteErrorReporter = void(void* user_data, const char* format, va_list arguments);

// clang-format off
#define ACCELNODE_TFLITE_FUNCTIONS(X)                                                                       \
  X(const char*, TfLiteVersion, ())                                                                         \
  X(TfLiteModel*, TfLiteModelCreate, (const void* data, size_t bytes))                                      \
  X(void, TfLiteModelDelete, (TfLiteModel*))                                                                \
  X(TfLiteInterpreterOptions*, TfLiteInterpreterOptionsCreate, ())                                          \
  X(void, TfLiteInterpreterOptionsDelete, (TfLiteInterpreterOptions*))                                      \
  X(void, TfLiteInterpreterOptionsSetNumThreads, (TfLiteInterpreterOptions*, int32_t threads))              \
  X(void, TfLiteInterpreterOptionsSetErrorReporter,                                                         \
    (TfLiteInterpreterOptions*, TfLiteErrorReporter*, void* user_data))                                     \
  X(TfLiteInterpreter*, TfLiteInterpreterCreate, (const TfLiteModel*, const TfLiteInterpreterOptions*))     \
  X(void, TfLiteInterpreterDelete, (TfLiteInterpreter*))                                                    \
  X(int32_t, TfLiteInterpreterGetInputTensorCount, (const TfLiteInterpreter*))                              \
  X(TfLiteTensor*, TfLiteInterpreterGetInputTensor, (const TfLiteInterpreter*, int32_t index))              \
  X(int32_t, TfLiteInterpreterGetOutputTensorCount, (const TfLiteInterpreter*))                             \
  X(const TfLiteTensor*, TfLiteInterpreterGetOutputTensor, (const TfLiteInterpreter*, int32_t index))       \
  X(TfLiteStatus, TfLiteInterpreterResizeInputTensor,                                                       \
    (TfLiteInterpreter*, int32_t index, const int* dims, int32_t rank))                                     \
  X(TfLiteStatus, TfLiteInterpreterAllocateTensors, (TfLiteInterpreter*))                                   \
  X(TfLiteStatus, TfLiteInterpreterInvoke, (TfLiteInterpreter*))                                            \
  X(TfLiteStatus, TfLiteInterpreterModifyGraphWithDelegate, (TfLiteInterpreter*, TfLiteDelegate*))          \
  X(TfLiteType, TfLiteTensorType, (const TfLiteTensor*))                                                    \
  X(int32_t, TfLiteTensorNumDims, (const TfLiteTensor*))                                                    \
  X(int32_t, TfLiteTensorDim, (const TfLiteTensor*, int32_t index))                                         \
  X(size_t, TfLiteTensorByteSize, (const TfLiteTensor*))                                                    \
  X(void*, TfLiteTensorData, (const TfLiteTensor*))                                                         \
  X(const char*, TfLiteTensorName, (const TfLiteTensor*))                                                   \
  X(TfLiteQuantizationParams, TfLiteTensorQuantizationParams, (const TfLiteTensor*))

// Null where the library lacks them: 2.9 does.
#define ACCELNODE_TFLITE_OPTIONAL_FUNCTIONS(X)                                                              \
  X(int32_t, TfLiteInterpreterGetInputTensorIndex, (const TfLiteInterpreter*, int32_t index))               \
  X(int32_t, TfLiteInterpreterGetOutputTensorIndex, (const TfLiteInterpreter*, int32_t index))              \
  X(TfLiteStatus, TfLiteInterpreterSetCustomAllocationForTensor,                                            \
    (TfLiteInterpreter*, int tensor, const TfLiteCustomAllocation*, int64_t flags))                         \
  X(TfLiteStatus, TfLiteInterpreterOptionsEnableCancellation, (TfLiteInterpreterOptions*, bool enable))     \
  X(TfLiteStatus, TfLiteInterpreterCancel, (const TfLiteInterpreter*))                                      \
  X(int32_t, TfLiteInterpreterGetSignatureCount, (const TfLiteInterpreter*))                                \
  X(const char*, TfLiteInterpreterGetSignatureKey, (const TfLiteInterpreter*, int32_t index))               \
  X(TfLiteSignatureRunner*, TfLiteInterpreterGetSignatureRunner, (const TfLiteInterpreter*, const char* key)) \
  X(void, TfLiteSignatureRunnerDelete, (TfLiteSignatureRunner*))                                            \
  X(size_t, TfLiteSignatureRunnerGetInputCount, (const TfLiteSignatureRunner*))                             \
  X(const char*, TfLiteSignatureRunnerGetInputName, (const TfLiteSignatureRunner*, int32_t index))          \
  X(TfLiteTensor*, TfLiteSignatureRunnerGetInputTensor, (TfLiteSignatureRunner*, const char* name))         \
  X(size_t, TfLiteSignatureRunnerGetOutputCount, (const TfLiteSignatureRunner*))                            \
  X(const char*, TfLiteSignatureRunnerGetOutputName, (const TfLiteSignatureRunner*, int32_t index))         \
  X(const TfLiteTensor*, TfLiteSignatureRunnerGetOutputTensor,                                              \
    (const TfLiteSignatureRunner*, const char* name))                                                       \
  X(TfLiteStatus, TfLiteSignatureRunnerResizeInputTensor,                                                   \
    (TfLiteSignatureRunner*, const char* name, const int* dims, int32_t rank))                              \
  X(TfLiteStatus, TfLiteSignatureRunnerAllocateTensors, (TfLiteSignatureRunner*))                           \
  X(TfLiteStatus, TfLiteSignatureRunnerInvoke, (TfLiteSignatureRunner*))

// What TFLite calls an external delegate. Options are texts; null comes back when one is wrong.
#define ACCELNODE_DELEGATE_FUNCTIONS(X)                                                                     \
  X(TfLiteDelegate*, tflite_plugin_create_delegate,                                                         \
    (const char* const* keys, const char* const* values, size_t count, void (*report_error)(const char*)))  \
  X(void, tflite_plugin_destroy_delegate, (TfLiteDelegate*))
// clang-format on

}  // namespace accelnode::armnn
