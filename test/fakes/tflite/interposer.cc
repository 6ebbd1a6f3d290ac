// Stands between accelnode and a real TFLite, and forwards every call. By the control block a test
// makes the nth call fail, and sees which objects are not deleted and which rule was broken.
// TFLITE_OLDER: without the functions that 2.9 lacks.
#include <string>

#include "calls.h"
#include "real.h"

using fake::All;
using fake::Call;
using fake::Find;
using fake::HasToFail;
using fake::Interpreter;
using fake::Kind;
using fake::Violation;

EXPORT const char* TfLiteVersion() {
  REAL(TfLiteVersion, const char*());
  return real();
}

// ---- Models and options

EXPORT TfLiteModel* TfLiteModelCreate(const void* data, size_t bytes) {
  REAL(TfLiteModelCreate, TfLiteModel * (const void*, size_t));
  if (HasToFail("TfLiteModelCreate")) return nullptr;
  TfLiteModel* const model = real(data, bytes);
  if (model == nullptr) return nullptr;
  All()->models[model] = 0;
  fake::CountMade(Kind::kModel);
  return model;
}

EXPORT void TfLiteModelDelete(TfLiteModel* model) {
  REAL(TfLiteModelDelete, void(TfLiteModel*));
  {
    const All all;
    const int* const interpreters = Find(all->models, model, "TfLiteModelDelete");
    if (interpreters == nullptr) return;
    if (*interpreters > 0) {
      Violation("TfLiteModelDelete", "while an interpreter of the model is alive");
      return;
    }
    all->models.erase(model);
  }
  fake::CountDeleted(Kind::kModel);
  real(model);
}

EXPORT TfLiteInterpreterOptions* TfLiteInterpreterOptionsCreate() {
  REAL(TfLiteInterpreterOptionsCreate, TfLiteInterpreterOptions * ());
  if (HasToFail("TfLiteInterpreterOptionsCreate")) return nullptr;
  TfLiteInterpreterOptions* const options = real();
  All()->options[options] = {};
  fake::CountMade(Kind::kOptions);
  return options;
}

EXPORT void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions* options) {
  REAL(TfLiteInterpreterOptionsDelete, void(TfLiteInterpreterOptions*));
  {
    const All all;
    if (Find(all->options, options, "TfLiteInterpreterOptionsDelete") == nullptr) return;
    all->options.erase(options);
  }
  fake::CountDeleted(Kind::kOptions);
  real(options);
}

EXPORT void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions* options, int threads) {
  REAL(TfLiteInterpreterOptionsSetNumThreads, void(TfLiteInterpreterOptions*, int));
  const char* const self = "TfLiteInterpreterOptionsSetNumThreads";
  if (Find(All()->options, options, self) == nullptr) return;
  if (threads < 1) return Violation(self, "with " + std::to_string(threads));
  real(options, threads);
}

EXPORT void TfLiteInterpreterOptionsSetErrorReporter(TfLiteInterpreterOptions* options,
                                                     TfLiteErrorReporter reporter, void* data) {
  REAL(TfLiteInterpreterOptionsSetErrorReporter,
       void(TfLiteInterpreterOptions*, TfLiteErrorReporter, void*));
  {
    const All all;
    auto* const entry = Find(all->options, options, "TfLiteInterpreterOptionsSetErrorReporter");
    if (entry == nullptr) return;
    *entry = {reporter, data};
  }
  real(options, reporter, data);
}

#ifndef TFLITE_OLDER
EXPORT TfLiteStatus TfLiteInterpreterOptionsEnableCancellation(TfLiteInterpreterOptions* options,
                                                               bool enable) {
  REAL(TfLiteInterpreterOptionsEnableCancellation, TfLiteStatus(TfLiteInterpreterOptions*, bool));
  const char* const self = "TfLiteInterpreterOptionsEnableCancellation";
  if (Find(All()->options, options, self) == nullptr) return kTfLiteError;
  return HasToFail(self) ? fake::MadeStatus() : real(options, enable);
}
#endif

// ---- Interpreters

EXPORT TfLiteInterpreter* TfLiteInterpreterCreate(const TfLiteModel* model,
                                                  const TfLiteInterpreterOptions* options) {
  REAL(TfLiteInterpreterCreate,
       TfLiteInterpreter * (const TfLiteModel*, const TfLiteInterpreterOptions*));
  const char* const self = "TfLiteInterpreterCreate";
  Interpreter state;
  state.model = model;
  {
    const All all;
    if (Find(all->models, model, self) == nullptr) return nullptr;
    auto* const given = Find(all->options, options, self);
    if (given == nullptr) return nullptr;
    state.reporter = given->reporter;
    state.reporter_data = given->reporter_data;
  }
  if (HasToFail(self)) {
    fake::Report(state, fake::MadeText());
    return nullptr;
  }
  TfLiteInterpreter* const interpreter = real(model, options);
  if (interpreter == nullptr) return nullptr;
  {
    const All all;
    ++all->models[model];
    all->interpreters[interpreter] = std::move(state);
  }
  fake::CountMade(Kind::kInterpreter);
  return interpreter;
}

EXPORT void TfLiteInterpreterDelete(TfLiteInterpreter* interpreter) {
  REAL(TfLiteInterpreterDelete, void(TfLiteInterpreter*));
  const char* const self = "TfLiteInterpreterDelete";
  {
    const Call call(interpreter, self);
    if (!call) return;
    const All all;
    for (const auto& [runner, owner] : all->signatures) {
      if (owner == interpreter) {
        return Violation(self, "while a signature runner of the interpreter is alive");
      }
    }
    --all->models[all->interpreters[interpreter].model];
    all->interpreters.erase(interpreter);
  }
  fake::CountDeleted(Kind::kInterpreter);
  real(interpreter);
}

EXPORT int TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter* interpreter) {
  REAL(TfLiteInterpreterGetInputTensorCount, int(const TfLiteInterpreter*));
  const Call call(interpreter, "TfLiteInterpreterGetInputTensorCount");
  return call ? real(interpreter) : 0;
}

EXPORT int TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter* interpreter) {
  REAL(TfLiteInterpreterGetOutputTensorCount, int(const TfLiteInterpreter*));
  const Call call(interpreter, "TfLiteInterpreterGetOutputTensorCount");
  return call ? real(interpreter) : 0;
}

EXPORT int TfLiteInterpreterGetInputTensorIndex(const TfLiteInterpreter* interpreter, int port) {
  REAL(TfLiteInterpreterGetInputTensorIndex, int(const TfLiteInterpreter*, int));
  const Call call(interpreter, "TfLiteInterpreterGetInputTensorIndex");
  return call ? real(interpreter, port) : -1;
}

EXPORT int TfLiteInterpreterGetOutputTensorIndex(const TfLiteInterpreter* interpreter, int port) {
  REAL(TfLiteInterpreterGetOutputTensorIndex, int(const TfLiteInterpreter*, int));
  const Call call(interpreter, "TfLiteInterpreterGetOutputTensorIndex");
  return call ? real(interpreter, port) : -1;
}

EXPORT TfLiteTensor* TfLiteInterpreterGetInputTensor(const TfLiteInterpreter* interpreter,
                                                     int port) {
  REAL(TfLiteInterpreterGetInputTensor, TfLiteTensor * (const TfLiteInterpreter*, int));
  const Call call(interpreter, "TfLiteInterpreterGetInputTensor");
  return const_cast<TfLiteTensor*>(
      fake::TakeTensor(call, true, port, [&] { return real(interpreter, port); }));
}

EXPORT const TfLiteTensor* TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter* interpreter,
                                                            int port) {
  REAL(TfLiteInterpreterGetOutputTensor, const TfLiteTensor*(const TfLiteInterpreter*, int));
  const Call call(interpreter, "TfLiteInterpreterGetOutputTensor");
  return fake::TakeTensor(call, false, port, [&] { return real(interpreter, port); });
}

EXPORT TfLiteStatus TfLiteInterpreterResizeInputTensor(TfLiteInterpreter* interpreter, int port,
                                                       const int* dims, int rank) {
  REAL(TfLiteInterpreterResizeInputTensor, TfLiteStatus(TfLiteInterpreter*, int, const int*, int));
  const Call call(interpreter, "TfLiteInterpreterResizeInputTensor");
  return fake::Resize(call, dims, rank, [&] { return real(interpreter, port, dims, rank); });
}

EXPORT TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter* interpreter) {
  REAL(TfLiteInterpreterAllocateTensors, TfLiteStatus(TfLiteInterpreter*));
  const Call call(interpreter, "TfLiteInterpreterAllocateTensors");
  return fake::Allocate(call, [&] { return real(interpreter); });
}

EXPORT TfLiteStatus TfLiteInterpreterModifyGraphWithDelegate(TfLiteInterpreter* interpreter,
                                                             TfLiteDelegate* delegate) {
  REAL(TfLiteInterpreterModifyGraphWithDelegate, TfLiteStatus(TfLiteInterpreter*, TfLiteDelegate*));
  const char* const self = "TfLiteInterpreterModifyGraphWithDelegate";
  if (Find(All()->interpreters, interpreter, self) == nullptr) return kTfLiteError;
  if (delegate == nullptr) {
    Violation(self, "with none");
    return kTfLiteError;
  }
  return HasToFail(self) ? fake::MadeStatus() : real(interpreter, delegate);
}

EXPORT TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter* interpreter) {
  REAL(TfLiteInterpreterInvoke, TfLiteStatus(TfLiteInterpreter*));
  const Call call(interpreter, "TfLiteInterpreterInvoke");
  return fake::Invoke(call, [&] { return real(interpreter); });
}

#ifndef TFLITE_OLDER
// From any thread, beside other calls.
EXPORT TfLiteStatus TfLiteInterpreterCancel(const TfLiteInterpreter* interpreter) {
  REAL(TfLiteInterpreterCancel, TfLiteStatus(const TfLiteInterpreter*));
  const char* const self = "TfLiteInterpreterCancel";
  const All all;
  if (Find(all->interpreters, interpreter, self) == nullptr) return kTfLiteError;
  return HasToFail(self) ? fake::MadeStatus() : real(interpreter);
}

EXPORT TfLiteStatus TfLiteInterpreterSetCustomAllocationForTensor(
    TfLiteInterpreter* interpreter, int tensor, const TfLiteCustomAllocation* allocation,
    int64_t flags) {
  REAL(TfLiteInterpreterSetCustomAllocationForTensor,
       TfLiteStatus(TfLiteInterpreter*, int, const TfLiteCustomAllocation*, int64_t));
  const Call call(interpreter, "TfLiteInterpreterSetCustomAllocationForTensor");
  return fake::UseMemory(call, interpreter, tensor, *allocation,
                         [&] { return real(interpreter, tensor, allocation, flags); });
}
#endif

// ---- Tensors

EXPORT TfLiteType TfLiteTensorType(const TfLiteTensor* tensor) {
  REAL(TfLiteTensorType, TfLiteType(const TfLiteTensor*));
  return fake::IsValid(tensor, "TfLiteTensorType") ? real(tensor) : 0;
}

EXPORT int TfLiteTensorNumDims(const TfLiteTensor* tensor) {
  REAL(TfLiteTensorNumDims, int(const TfLiteTensor*));
  return fake::IsValid(tensor, "TfLiteTensorNumDims") ? real(tensor) : 0;
}

EXPORT int TfLiteTensorDim(const TfLiteTensor* tensor, int index) {
  REAL(TfLiteTensorDim, int(const TfLiteTensor*, int));
  return fake::IsValid(tensor, "TfLiteTensorDim") ? real(tensor, index) : 0;
}

EXPORT size_t TfLiteTensorByteSize(const TfLiteTensor* tensor) {
  REAL(TfLiteTensorByteSize, size_t(const TfLiteTensor*));
  return fake::IsValid(tensor, "TfLiteTensorByteSize") ? real(tensor) : 0;
}

EXPORT void* TfLiteTensorData(const TfLiteTensor* tensor) {
  if (HasToFail("TfLiteTensorData")) return nullptr;
  return fake::DataOf(tensor, "TfLiteTensorData");
}

EXPORT const char* TfLiteTensorName(const TfLiteTensor* tensor) {
  REAL(TfLiteTensorName, const char*(const TfLiteTensor*));
  return fake::IsValid(tensor, "TfLiteTensorName") ? real(tensor) : nullptr;
}

EXPORT TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor* tensor) {
  REAL(TfLiteTensorQuantizationParams, TfLiteQuantizationParams(const TfLiteTensor*));
  if (!fake::IsValid(tensor, "TfLiteTensorQuantizationParams")) return {};
  return real(tensor);
}
