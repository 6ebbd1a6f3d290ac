#include "calls.h"

#include <cstdarg>
#include <cstring>

#include "real.h"

namespace fake {
namespace {

void* RealData(const TfLiteTensor* tensor) {
  REAL(TfLiteTensorData, void*(const TfLiteTensor*));
  return real(tensor);
}

size_t RealBytes(const TfLiteTensor* tensor) {
  REAL(TfLiteTensorByteSize, size_t(const TfLiteTensor*));
  return real(tensor);
}

struct Port {
  bool is_input;
  int index;
  const TfLiteTensor* tensor;
};

// Which input or output a tensor is, by its index among all.
Port PortOf(const TfLiteInterpreter* interpreter, int tensor) {
  using Count = int(const TfLiteInterpreter*);
  using Index = int(const TfLiteInterpreter*, int);
  using Get = const TfLiteTensor*(const TfLiteInterpreter*, int);
  for (const bool is_input : {true, false}) {
    const std::string which = is_input ? "Input" : "Output";
    const std::string name = "TfLiteInterpreterGet" + which + "Tensor";
    const int count = Real<Count>((name + "Count").c_str())(interpreter);
    for (int i = 0; i < count; ++i) {
      if (Real<Index>((name + "Index").c_str())(interpreter, i) != tensor) continue;
      return {is_input, i, Real<Get>(name.c_str())(interpreter, i)};
    }
  }
  std::fprintf(stderr, "Tensor %d is neither an input nor an output.\n", tensor);
  std::abort();
}

void Say(TfLiteErrorReporter reporter, void* user_data, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  reporter(user_data, format, arguments);
  va_end(arguments);
}

// What the caller has written to inputs, and what it may read of outputs afterwards.
void ToReal(Interpreter& interpreter) {
  for (auto& [tensor, state] : interpreter.tensors) {
    if (state.shadow && state.is_input) {
      std::memcpy(RealData(tensor), state.shadow->data(), state.shadow->bytes());
    }
  }
}

void FromReal(Interpreter& interpreter) {
  for (auto& [tensor, state] : interpreter.tensors) {
    if (!state.shadow || state.is_input) continue;
    if (RealBytes(tensor) == state.shadow->bytes() && RealData(tensor) != nullptr) {
      std::memcpy(state.shadow->data(), RealData(tensor), state.shadow->bytes());
    } else {
      state.shadow.reset();  // its shape depends on data: TFLite has other memory for it now
    }
  }
}

}  // namespace

Call::Call(const TfLiteInterpreter* interpreter, const char* function)
    : interpreter_(interpreter), function_(function) {
  const All all;
  Interpreter* const state = Find(all->interpreters, interpreter, function);
  if (state == nullptr) return;
  if (state->busy) {
    Violation(function, "while another call on the interpreter is under way");
    return;
  }
  state->busy = alive_ = true;
}

Call::~Call() {
  if (!alive_) return;
  const All all;
  const auto found = all->interpreters.find(interpreter_);
  if (found != all->interpreters.end()) found->second.busy = false;
}

void Call::With(const std::function<void(Interpreter&)>& use) const {
  const All all;
  use(all->interpreters.at(interpreter_));
}

bool Call::HasToFail() const {
  if (!fake::HasToFail(function_)) return false;
  const std::string text = MadeText();
  With([&](Interpreter& state) { Report(state, text); });
  return true;
}

void Report(const Interpreter& interpreter, const std::string& text) {
  if (interpreter.reporter == nullptr || text.empty()) return;
  Say(interpreter.reporter, interpreter.reporter_data, "%s", text.c_str());
}

const TfLiteInterpreter* InterpreterOf(const TfLiteSignatureRunner* runner, const char* function) {
  const All all;
  const TfLiteInterpreter** found = Find(all->signatures, runner, function);
  return found ? *found : nullptr;
}

TfLiteStatus Change(const Call& call, const std::function<TfLiteStatus()>& real) {
  if (!call) return kTfLiteError;
  // Also when it fails: nobody may rely on what was.
  call.With([](Interpreter& state) { state.Invalidate(); });
  return call.HasToFail() ? MadeStatus() : real();
}

TfLiteStatus Resize(const Call& call, const int* dims, int rank,
                    const std::function<TfLiteStatus()>& real) {
  for (int i = 0; i < rank; ++i) {
    if (dims[i] < 0) {
      Violation(call.function(), "to " + std::to_string(dims[i]));
      return kTfLiteError;
    }
  }
  return Change(call, real);
}

TfLiteStatus UseMemory(const Call& call, const TfLiteInterpreter* interpreter, int tensor,
                       const TfLiteCustomAllocation& allocation,
                       const std::function<TfLiteStatus()>& real) {
  if (!call) return kTfLiteError;
  if (reinterpret_cast<uintptr_t>(allocation.data) % kTfLiteAlignment != 0) {
    Violation(call.function(), "with memory that is not aligned");
    return kTfLiteError;
  }
  const Port port = PortOf(interpreter, tensor);
  if (allocation.data == nullptr || allocation.bytes < RealBytes(port.tensor)) {
    Violation(call.function(), "with too little memory");
    return kTfLiteError;
  }
  const TfLiteStatus status = Change(call, real);
  if (status == kTfLiteOk) {
    call.With([&](Interpreter& state) {
      (port.is_input ? state.own_inputs : state.own_outputs).insert(port.index);
    });
  }
  return status;
}

TfLiteStatus Allocate(const Call& call, const std::function<TfLiteStatus()>& real) {
  const TfLiteStatus status = Change(call, real);
  if (status == kTfLiteOk) call.With([](Interpreter& state) { state.allocated = true; });
  return status;
}

TfLiteStatus Invoke(const Call& call, const std::function<TfLiteStatus()>& real) {
  if (!call) return kTfLiteError;
  bool allocated = false;
  call.With([&](Interpreter& state) { allocated = state.allocated; });
  if (!allocated) {
    Violation(call.function(), "before AllocateTensors has succeeded");
    return kTfLiteError;
  }
  if (call.HasToFail()) return MadeStatus();
  call.With(ToReal);
  const TfLiteStatus status = real();
  call.With(FromReal);
  return status;
}

const TfLiteTensor* TakeTensor(const Call& call, bool is_input, int port,
                               const std::function<const TfLiteTensor*()>& real) {
  if (!call || call.HasToFail()) return nullptr;
  const TfLiteTensor* const tensor = real();
  call.With([&](Interpreter& state) {
    Tensor& entry = state.tensors[tensor];
    entry.is_input = entry.is_input || is_input;
    entry.port = port;
  });
  return tensor;
}

namespace {

// Which interpreter a tensor was handed out by; null, with a violation, for one that is not valid.
Interpreter* OwnerOf(const All& all, const TfLiteTensor* tensor, const char* function) {
  for (auto& [_, state] : all->interpreters) {
    if (state.tensors.count(tensor) > 0) return &state;
  }
  Violation(function, "was given a tensor that may have moved, or is none");
  return nullptr;
}

}  // namespace

bool IsValid(const TfLiteTensor* tensor, const char* function) {
  const All all;
  return OwnerOf(all, tensor, function) != nullptr;
}

}  // namespace fake

void* fake::DataOf(const TfLiteTensor* tensor, const char* function) {
  const All all;
  Interpreter* const owner = OwnerOf(all, tensor, function);
  void* const data = owner ? RealData(tensor) : nullptr;
  if (data == nullptr) return nullptr;
  if (!owner->allocated) {
    Violation(function, "before AllocateTensors has succeeded");
    return nullptr;
  }
  Tensor& entry = owner->tensors[tensor];
  if ((entry.is_input ? owner->own_inputs : owner->own_outputs).count(entry.port) > 0) return data;
  if (!entry.shadow || entry.shadow->bytes() != RealBytes(tensor)) {
    entry.shadow = std::make_unique<Shadow>(RealBytes(tensor));
    std::memcpy(entry.shadow->data(), data, entry.shadow->bytes());
  }
  return entry.shadow->data();
}
