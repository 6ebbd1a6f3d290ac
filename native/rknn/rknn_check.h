// librknnrt's statuses as Errors.
#pragma once

#include <string>

#include "../error.h"
#include "rknn_library.h"

namespace accelnode::rknn {

std::string StatusText(int status);  // "RKNN_ERR_MODEL_INVALID, -6"

// -1 of rknn_run is an NPU that does not answer; of other functions it may be anything that they
// can't do. rknn_init has meanings of its own: rknn_load.cc.
Error RknnError(int status, const char* function);

// Throws unless `status` is one of success.
void Check(int status, const char* function);

// Calls a function of librknnrt's and checks what it returns: RKNN_CALL(run, context, nullptr)
#define RKNN_CALL(function, ...) \
  ::accelnode::rknn::Check(::accelnode::rknn::Api().function(__VA_ARGS__), "rknn_" #function)

}  // namespace accelnode::rknn
