#include "error.h"

#include <new>

namespace accelnode {

const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
#define X(name)         \
  case ErrorCode::name: \
    return #name;
    ACCELNODE_ERROR_CODES(X)
#undef X
  }
  return "VENDOR_FAILURE";
}

Error CurrentError() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::OUT_OF_MEMORY, "The process ran out of memory.");
  } catch (const std::exception& error) {
    return Error(ErrorCode::VENDOR_FAILURE, error.what());
  } catch (...) {
    return Error(ErrorCode::VENDOR_FAILURE, "An exception of an unknown type was thrown.");
  }
}

}  // namespace accelnode
