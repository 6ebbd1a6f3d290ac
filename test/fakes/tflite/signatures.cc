// The interposer's functions on signature runners, which TFLite 2.9 has not.
#ifndef TFLITE_OLDER

#include "calls.h"
#include "real.h"

using fake::All;
using fake::Call;
using fake::Find;
using fake::HasToFail;
using fake::InterpreterOf;
using fake::Kind;

EXPORT int TfLiteInterpreterGetSignatureCount(const TfLiteInterpreter* interpreter) {
  REAL(TfLiteInterpreterGetSignatureCount, int(const TfLiteInterpreter*));
  const Call call(interpreter, "TfLiteInterpreterGetSignatureCount");
  return call ? real(interpreter) : 0;
}

EXPORT const char* TfLiteInterpreterGetSignatureKey(const TfLiteInterpreter* interpreter,
                                                    int index) {
  REAL(TfLiteInterpreterGetSignatureKey, const char*(const TfLiteInterpreter*, int));
  const Call call(interpreter, "TfLiteInterpreterGetSignatureKey");
  return call && !call.HasToFail() ? real(interpreter, index) : nullptr;
}

EXPORT TfLiteSignatureRunner* TfLiteInterpreterGetSignatureRunner(
    const TfLiteInterpreter* interpreter, const char* key) {
  REAL(TfLiteInterpreterGetSignatureRunner,
       TfLiteSignatureRunner * (const TfLiteInterpreter*, const char*));
  const Call call(interpreter, "TfLiteInterpreterGetSignatureRunner");
  if (!call || call.HasToFail()) return nullptr;
  TfLiteSignatureRunner* const runner = real(interpreter, key);
  if (runner == nullptr) return nullptr;
  All()->signatures[runner] = interpreter;
  fake::CountMade(Kind::kSignature);
  return runner;
}

EXPORT void TfLiteSignatureRunnerDelete(TfLiteSignatureRunner* runner) {
  REAL(TfLiteSignatureRunnerDelete, void(TfLiteSignatureRunner*));
  {
    const All all;
    if (Find(all->signatures, runner, "TfLiteSignatureRunnerDelete") == nullptr) return;
    all->signatures.erase(runner);
  }
  fake::CountDeleted(Kind::kSignature);
  real(runner);
}

EXPORT size_t TfLiteSignatureRunnerGetInputCount(const TfLiteSignatureRunner* runner) {
  REAL(TfLiteSignatureRunnerGetInputCount, size_t(const TfLiteSignatureRunner*));
  return InterpreterOf(runner, "TfLiteSignatureRunnerGetInputCount") ? real(runner) : 0;
}

EXPORT size_t TfLiteSignatureRunnerGetOutputCount(const TfLiteSignatureRunner* runner) {
  REAL(TfLiteSignatureRunnerGetOutputCount, size_t(const TfLiteSignatureRunner*));
  return InterpreterOf(runner, "TfLiteSignatureRunnerGetOutputCount") ? real(runner) : 0;
}

EXPORT const char* TfLiteSignatureRunnerGetInputName(const TfLiteSignatureRunner* runner,
                                                     int index) {
  REAL(TfLiteSignatureRunnerGetInputName, const char*(const TfLiteSignatureRunner*, int));
  const char* const self = "TfLiteSignatureRunnerGetInputName";
  return InterpreterOf(runner, self) && !HasToFail(self) ? real(runner, index) : nullptr;
}

EXPORT const char* TfLiteSignatureRunnerGetOutputName(const TfLiteSignatureRunner* runner,
                                                      int index) {
  REAL(TfLiteSignatureRunnerGetOutputName, const char*(const TfLiteSignatureRunner*, int));
  const char* const self = "TfLiteSignatureRunnerGetOutputName";
  return InterpreterOf(runner, self) && !HasToFail(self) ? real(runner, index) : nullptr;
}

EXPORT TfLiteTensor* TfLiteSignatureRunnerGetInputTensor(TfLiteSignatureRunner* runner,
                                                         const char* name) {
  REAL(TfLiteSignatureRunnerGetInputTensor, TfLiteTensor * (TfLiteSignatureRunner*, const char*));
  const char* const self = "TfLiteSignatureRunnerGetInputTensor";
  const Call call(InterpreterOf(runner, self), self);
  return const_cast<TfLiteTensor*>(
      fake::TakeTensor(call, true, -1, [&] { return real(runner, name); }));
}

EXPORT const TfLiteTensor* TfLiteSignatureRunnerGetOutputTensor(const TfLiteSignatureRunner* runner,
                                                                const char* name) {
  REAL(TfLiteSignatureRunnerGetOutputTensor,
       const TfLiteTensor* (const TfLiteSignatureRunner*, const char*));
  const char* const self = "TfLiteSignatureRunnerGetOutputTensor";
  const Call call(InterpreterOf(runner, self), self);
  return fake::TakeTensor(call, false, -1, [&] { return real(runner, name); });
}

EXPORT TfLiteStatus TfLiteSignatureRunnerResizeInputTensor(TfLiteSignatureRunner* runner,
                                                           const char* name, const int* dims,
                                                           int rank) {
  REAL(TfLiteSignatureRunnerResizeInputTensor,
       TfLiteStatus(TfLiteSignatureRunner*, const char*, const int*, int));
  const char* const self = "TfLiteSignatureRunnerResizeInputTensor";
  const Call call(InterpreterOf(runner, self), self);
  return fake::Resize(call, dims, rank, [&] { return real(runner, name, dims, rank); });
}

EXPORT TfLiteStatus TfLiteSignatureRunnerAllocateTensors(TfLiteSignatureRunner* runner) {
  REAL(TfLiteSignatureRunnerAllocateTensors, TfLiteStatus(TfLiteSignatureRunner*));
  const char* const self = "TfLiteSignatureRunnerAllocateTensors";
  const Call call(InterpreterOf(runner, self), self);
  return fake::Allocate(call, [&] { return real(runner); });
}

EXPORT TfLiteStatus TfLiteSignatureRunnerInvoke(TfLiteSignatureRunner* runner) {
  REAL(TfLiteSignatureRunnerInvoke, TfLiteStatus(TfLiteSignatureRunner*));
  const char* const self = "TfLiteSignatureRunnerInvoke";
  const Call call(InterpreterOf(runner, self), self);
  return fake::Invoke(call, [&] { return real(runner); });
}

#endif
