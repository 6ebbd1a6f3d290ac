// TFLite's C API as the interposer knows it: declared from the documentation of the API, and on
// purpose not taken from native/armnn, so that a mistake there is not repeated here.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>

struct TfLiteDelegate;
struct TfLiteInterpreter;
struct TfLiteInterpreterOptions;
struct TfLiteModel;
struct TfLiteSignatureRunner;
struct TfLiteTensor;

using TfLiteStatus = int;
using TfLiteType = int;

constexpr TfLiteStatus kTfLiteOk = 0;
constexpr TfLiteStatus kTfLiteError = 1;

struct TfLiteQuantizationParams {
  float scale;
  int32_t zero_point;
};

struct TfLiteCustomAllocation {
  void* data;
  size_t bytes;
};

using TfLiteErrorReporter = void (*)(void* user_data, const char* format, va_list arguments);

// What the library makes and the caller deletes.
#define TFLITE_OBJECTS(X)                   \
  X(kModel, "model", TfLiteModel)           \
  X(kOptions, "options", TfLiteInterpreterOptions) \
  X(kInterpreter, "interpreter", TfLiteInterpreter) \
  X(kSignature, "signature runner", TfLiteSignatureRunner)

// TFLite refuses memory that is not aligned so.
constexpr size_t kTfLiteAlignment = 64;
