// A stub of Arm NN's delegate: it takes the same options, refuses what the real one refuses, and
// computes some operators. What else it does, and what it has counted, is in a block of memory that
// the test looks at; the file is named by ACCELNODE_FAKE_DELEGATE, delegate.mjs is the other side.
#pragma once

#include <string>

#include "delegate_api.h"

namespace stub {

enum class Behaviour : int32_t {
  kAcceptAll,      // that it has kernels for; of others it says that they are not supported
  kRejectAll,
  kHalf,           // every other operator
  kFailPrepare,    // of the delegate
  kFailInvoke,     // of its kernels
  kThrowCreate,    // a C++ exception
  kThrowPrepare,
  kThrowInvoke,
  kThrowOddly,     // from create, what is no std::exception
};

enum class Kind { kDelegate, kKernel, kCount };
constexpr int kKinds = static_cast<int>(Kind::kCount);

struct Control {
  // Of the stub: lets the other side find out that it has another layout in mind.
  int32_t bytes, kinds;

  Behaviour behaviour;  // of the test

  // Of the stub.
  int32_t made;        // delegates, ever
  int32_t claimed;     // operators, by delegates that were prepared
  int32_t violations;  // of TFLite's rules

  char options[1024];   // of the last delegate: "key=value\n" each
  char violation[256];  // the first of them

  int32_t live[kKinds];
  char names[kKinds][24];
};

Control& Block();

void Count(Kind kind, int change);
int Living(Kind kind);
void Violation(const std::string& what);

// Has the delegate take over these operators.
TfLiteStatus Claim(TfLiteContext* context, TfLiteDelegate* delegate, const TfLiteIntArray* nodes);
// Is there a kernel for it?
bool IsKnown(const TfLiteRegistration& registration);

}  // namespace stub
