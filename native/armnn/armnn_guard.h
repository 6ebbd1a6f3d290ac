// The delegate's C++ exceptions come through TFLite's C functions.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "../error.h"

namespace accelnode::armnn {

// Calls what may run code of the delegate, and makes its exceptions Errors.
template <typename Call>
auto Guarded(const char* function, Call&& call) -> decltype(call()) {
  std::string words;
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;  // OUT_OF_MEMORY, whoever throws it
  } catch (const std::exception& exception) {
    words = exception.what();
  } catch (...) {
    words = "an exception of an unknown kind";
  }
  throw Error(ErrorCode::VENDOR_FAILURE, "Arm NN threw: " + words).WithCall(function, -1);
}

}  // namespace accelnode::armnn
