#include "rknn_check.h"

namespace accelnode::rknn {
namespace {

const char* NameOf(int status) {
  switch (status) {
    case kFail:
      return "RKNN_ERR_FAIL";
    case kTimeout:
      return "RKNN_ERR_TIMEOUT";
    case kDeviceUnavailable:
      return "RKNN_ERR_DEVICE_UNAVAILABLE";
    case kMallocFail:
      return "RKNN_ERR_MALLOC_FAIL";
    case kParamInvalid:
      return "RKNN_ERR_PARAM_INVALID";
    case kModelInvalid:
      return "RKNN_ERR_MODEL_INVALID";
    case kContextInvalid:
      return "RKNN_ERR_CTX_INVALID";
    case kInputInvalid:
      return "RKNN_ERR_INPUT_INVALID";
    case kOutputInvalid:
      return "RKNN_ERR_OUTPUT_INVALID";
    case kDeviceUnmatch:
      return "RKNN_ERR_DEVICE_UNMATCH";
    case kPrecompileIncompatible:
      return "RKNN_ERR_INCOMPATILE_PRE_COMPILE_MODEL";  // spelt so
    case kOptimizationIncompatible:
      return "RKNN_ERR_INCOMPATILE_OPTIMIZATION_LEVEL_VERSION";
    case kPlatformUnmatch:
      return "RKNN_ERR_TARGET_PLATFORM_UNMATCH";
    default:
      return nullptr;
  }
}

ErrorCode CodeFor(int status, const std::string& function) {
  switch (status) {
    case kFail:
      return function == "rknn_run" ? ErrorCode::DEVICE_LOST : ErrorCode::VENDOR_FAILURE;
    case kDeviceUnavailable:
      return ErrorCode::DEVICE_LOST;
    case kMallocFail:
      return ErrorCode::OUT_OF_MEMORY;
    default:
      return ErrorCode::VENDOR_FAILURE;
  }
}

}  // namespace

std::string StatusText(int status) {
  const char* name = NameOf(status);
  return (name ? std::string(name) + ", " : std::string("status ")) + std::to_string(status);
}

Error RknnError(int status, const char* function) {
  Error error = Error(CodeFor(status, function),
                      std::string("RKNN: ") + function + " failed (" + StatusText(status) + ").")
                    .WithCall(function, status);
  if (error.code == ErrorCode::DEVICE_LOST) {
    error.hint = "The NPU does not answer any more: close the session. `dmesg` may say why.";
  } else if (std::string(function) == "rknn_set_core_mask") {
    error.hint =
        "Not every model can be computed by several cores: convert it with a later rknn-toolkit2, "
        "update librknnrt.so and the driver rknpu, or leave rknn.coreMask out.";
  }
  return error;
}

void Check(int status, const char* function) {
  if (status < kSuccess) throw RknnError(status, function);
}

}  // namespace accelnode::rknn
