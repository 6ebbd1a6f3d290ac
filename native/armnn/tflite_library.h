// The opened TFLite: its functions, and handles that free themselves.
#pragma once

#include <memory>
#include <string>

#include "../backend.h"
#include "tflite_abi.h"

namespace accelnode::armnn {

struct Functions {
#define X(result, name, parameters) result(*name) parameters = nullptr;
  ACCELNODE_TFLITE_FUNCTIONS(X)
  ACCELNODE_TFLITE_OPTIONAL_FUNCTIONS(X)
#undef X
};

// The one TFLite of this process. Only after OpenTflite has succeeded.
const Functions& Api();

Runtime OpenTflite(const OpenRequest& request);

template <typename T, void (*Functions::*free_function)(T*)>
struct Free {
  void operator()(T* object) const { (Api().*free_function)(object); }
};

using ModelHandle = std::unique_ptr<TfLiteModel, Free<TfLiteModel, &Functions::TfLiteModelDelete>>;
using OptionsHandle =
    std::unique_ptr<TfLiteInterpreterOptions,
                    Free<TfLiteInterpreterOptions, &Functions::TfLiteInterpreterOptionsDelete>>;
using InterpreterHandle =
    std::unique_ptr<TfLiteInterpreter,
                    Free<TfLiteInterpreter, &Functions::TfLiteInterpreterDelete>>;
using SignatureHandle =
    std::unique_ptr<TfLiteSignatureRunner,
                    Free<TfLiteSignatureRunner, &Functions::TfLiteSignatureRunnerDelete>>;

DataType FromTflite(TfLiteType type);  // kUnknown for types that accelnode has no name for

}  // namespace accelnode::armnn
