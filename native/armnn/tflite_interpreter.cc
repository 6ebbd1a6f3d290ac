#include "tflite_interpreter.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "armnn_guard.h"

namespace accelnode::armnn {
namespace {

std::string NameOf(const TfLiteTensor* tensor) {
  const char* name = Api().TfLiteTensorName(tensor);
  return name ? name : "";
}

int32_t Int32(size_t value) { return static_cast<int32_t>(value); }

// What TFLite has told us that there is.
template <typename T>
T* Required(const char* function, T* object) {
  if (object != nullptr) return object;
  throw Error(ErrorCode::VENDOR_FAILURE, "TFLite lacks a part of the model that it has told of.")
      .WithCall(function, 0);
}

std::string WordsOr(std::string words, const char* otherwise) {
  return words.empty() ? otherwise : words;
}

// What an operator without a kernel is called differs between versions.
bool SaysUnsupported(const std::string& words) {
  for (const char* sign : {"unresolved custom op", "Encountered unresolved",
                           "Didn't find op for builtin", "Select TensorFlow op"}) {
    if (words.find(sign) != words.npos) return true;
  }
  return false;
}

Error CreateFailed(std::string words) {
  if (words.empty()) words = "TFLite makes no interpreter for this model and does not say why.";
  const bool unsupported = SaysUnsupported(words);
  Error error(unsupported ? ErrorCode::MODEL_UNSUPPORTED : ErrorCode::MODEL_INVALID, words);
  error.call = "TfLiteInterpreterCreate";
  if (unsupported) {
    error.hint =
        "TFLite has no kernel for this operator, or not for its version: convert the model "
        "with built-in operators of this TFLite, or use a newer one.";
  }
  return error;
}

Turn& ComputeLibrary() {
  static auto& turn = *new Turn;
  return turn;
}

}  // namespace

std::vector<int64_t> ShapeOf(const TfLiteTensor* tensor) {
  std::vector<int64_t> shape;
  const int32_t rank = Api().TfLiteTensorNumDims(tensor);
  for (int32_t i = 0; i < rank; ++i) shape.push_back(Api().TfLiteTensorDim(tensor, i));
  return shape;
}

Interpreter::Interpreter(std::shared_ptr<const LoadedModel> model, InterpreterSettings settings)
    : model_(std::move(model)), settings_(std::move(settings)) {
  const TurnHandle turn = TakeTurn();
  try {
    Make();
  } catch (...) {
    Free();
    throw;
  }
}

Interpreter::~Interpreter() {
  const TurnHandle turn = TakeTurn();
  Free();
}

// Null where nothing has to be waited for.
Interpreter::TurnHandle Interpreter::TakeTurn(const std::atomic<bool>& cancelled) const {
  if (!settings_.one_at_a_time) return nullptr;
  if (!ComputeLibrary().Take(cancelled)) {
    throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  }
  return TurnHandle(&ComputeLibrary());
}

Interpreter::TurnHandle Interpreter::TakeTurn() const {
  static const std::atomic<bool> kNever{false};
  return TakeTurn(kNever);
}

// Calls what may run code of the delegate.
template <typename Call>
auto Interpreter::Enter(const char* function, Call&& call) -> decltype(call()) {
  try {
    return Guarded(reporter_, function, std::forward<Call>(call));
  } catch (...) {
    broken_ = true;
    throw;
  }
}

void Interpreter::Free() {
  signature_.reset();
  interpreter_.reset();  // before the delegate, which it has nodes of
  delegate_.reset();
}

void Interpreter::Make() {
  const OptionsHandle options(Api().TfLiteInterpreterOptionsCreate());
  if (!options) {
    throw Error(ErrorCode::OUT_OF_MEMORY, "TFLite makes no options.")
        .WithCall("TfLiteInterpreterOptionsCreate", 0);
  }
  Api().TfLiteInterpreterOptionsSetErrorReporter(options.get(), Reporter::Report, &reporter_);
  if (settings_.threads > 0) {
    Api().TfLiteInterpreterOptionsSetNumThreads(options.get(), settings_.threads);
  }
  if (Api().TfLiteInterpreterOptionsEnableCancellation != nullptr) {
    Api().TfLiteInterpreterOptionsEnableCancellation(options.get(), true);
  }
  interpreter_.reset(Enter("TfLiteInterpreterCreate", [&] {
    return Api().TfLiteInterpreterCreate(model_->handle.get(), options.get());
  }));
  if (!interpreter_) throw CreateFailed(reporter_.Take());
  if (settings_.signature.empty()) {
    FindPorts();
  } else {
    FindSignature(settings_.signature);
  }
}

void Interpreter::FindPorts() {
  const auto& api = Api();
  TfLiteInterpreter* const self = interpreter_.get();
  const int32_t inputs = api.TfLiteInterpreterGetInputTensorCount(self);
  for (int32_t i = 0; i < inputs; ++i) {
    Port& port = inputs_.emplace_back();
    port.name = NameOf(
        Required("TfLiteInterpreterGetInputTensor", api.TfLiteInterpreterGetInputTensor(self, i)));
    if (api.TfLiteInterpreterGetInputTensorIndex != nullptr) {
      port.tensor = api.TfLiteInterpreterGetInputTensorIndex(self, i);
    }
  }
  const int32_t outputs = api.TfLiteInterpreterGetOutputTensorCount(self);
  for (int32_t i = 0; i < outputs; ++i) {
    Port& port = outputs_.emplace_back();
    port.name = NameOf(Required("TfLiteInterpreterGetOutputTensor",
                                api.TfLiteInterpreterGetOutputTensor(self, i)));
    if (api.TfLiteInterpreterGetOutputTensorIndex != nullptr) {
      port.tensor = api.TfLiteInterpreterGetOutputTensorIndex(self, i);
    }
  }
}

void Interpreter::FindSignature(const std::string& key) {
  const auto& api = Api();
  if (api.TfLiteInterpreterGetSignatureRunner == nullptr) {
    throw Error(ErrorCode::UNSUPPORTED,
                "This TFLite, " + std::string(api.TfLiteVersion()) + ", can't run signatures.")
        .WithHint("Leave armnn.signature out, or use TFLite 2.16 or later.");
  }
  signature_.reset(api.TfLiteInterpreterGetSignatureRunner(interpreter_.get(), key.c_str()));
  if (!signature_) throw NoSignature(key);
  const int32_t inputs = Int32(api.TfLiteSignatureRunnerGetInputCount(signature_.get()));
  for (int32_t i = 0; i < inputs; ++i) {
    inputs_.push_back({Required("TfLiteSignatureRunnerGetInputName",
                                api.TfLiteSignatureRunnerGetInputName(signature_.get(), i))});
  }
  const int32_t outputs = Int32(api.TfLiteSignatureRunnerGetOutputCount(signature_.get()));
  for (int32_t i = 0; i < outputs; ++i) {
    outputs_.push_back({Required("TfLiteSignatureRunnerGetOutputName",
                                 api.TfLiteSignatureRunnerGetOutputName(signature_.get(), i))});
  }
}

// Either there is none of this key, or TFLite can't make a runner for it.
Error Interpreter::NoSignature(const std::string& key) {
  const auto& api = Api();
  const char* const function = "TfLiteInterpreterGetSignatureRunner";
  std::string all;
  const int32_t count = api.TfLiteInterpreterGetSignatureCount(interpreter_.get());
  for (int32_t i = 0; i < count; ++i) {
    const std::string each = Required("TfLiteInterpreterGetSignatureKey",
                                      api.TfLiteInterpreterGetSignatureKey(interpreter_.get(), i));
    if (each == key) {
      const std::string otherwise = "TFLite can't run the signature \"" + key + "\".";
      return Error(ErrorCode::VENDOR_FAILURE, WordsOr(reporter_.Take(), otherwise.c_str()))
          .WithCall(function, 0);
    }
    all += (all.empty() ? "\"" : ", \"") + each + "\"";
  }
  return Error(ErrorCode::INVALID_ARGUMENT, "The model has no signature \"" + key + "\".")
      .WithHint(all.empty() ? "It has none at all." : "It has " + all + ".");
}

const TfLiteTensor* Interpreter::Input(size_t index) const {
  if (signature_) {
    return Required(
        "TfLiteSignatureRunnerGetInputTensor",
        Api().TfLiteSignatureRunnerGetInputTensor(signature_.get(), inputs_[index].name.c_str()));
  }
  return Required("TfLiteInterpreterGetInputTensor",
                  Api().TfLiteInterpreterGetInputTensor(interpreter_.get(), Int32(index)));
}

const TfLiteTensor* Interpreter::Output(size_t index) const {
  if (signature_) {
    return Required(
        "TfLiteSignatureRunnerGetOutputTensor",
        Api().TfLiteSignatureRunnerGetOutputTensor(signature_.get(), outputs_[index].name.c_str()));
  }
  return Required("TfLiteInterpreterGetOutputTensor",
                  Api().TfLiteInterpreterGetOutputTensor(interpreter_.get(), Int32(index)));
}

void Interpreter::Resize(size_t input, const Shape& shape) {
  std::vector<int> dims;
  for (const int64_t dim : shape) {
    if (dim > std::numeric_limits<int>::max()) {
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "TFLite has no dimensions beyond 2147483647: " + std::to_string(dim) + ".");
    }
    dims.push_back(static_cast<int>(dim));
  }
  const int32_t rank = Int32(dims.size());
  const TfLiteStatus status =
      signature_ ? Api().TfLiteSignatureRunnerResizeInputTensor(
                       signature_.get(), inputs_[input].name.c_str(), dims.data(), rank)
                 : Api().TfLiteInterpreterResizeInputTensor(interpreter_.get(), Int32(input),
                                                            dims.data(), rank);
  Check(
      status,
      signature_ ? "TfLiteSignatureRunnerResizeInputTensor" : "TfLiteInterpreterResizeInputTensor",
      ErrorCode::INVALID_ARGUMENT);
}

void Interpreter::Delegate() {
  if (!settings_.delegate) return;
  const TurnHandle turn = TakeTurn();
  RequireEachBackend(settings_.device, *settings_.delegate, reporter_);
  const bool with_file = !settings_.network_file.empty();
  delegate_ = MakeDelegate(with_file ? WithNetworkFile(*settings_.delegate, settings_.network_file,
                                                       settings_.save_network)
                                     : *settings_.delegate,
                           reporter_);
  const char* const function = "TfLiteInterpreterModifyGraphWithDelegate";
  const TfLiteStatus status = Enter(function, [&] {
    return Api().TfLiteInterpreterModifyGraphWithDelegate(interpreter_.get(), delegate_.get());
  });
  if (status == kOk) return;
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              WordsOr(reporter_.Take(), "Arm NN's delegate does not take this model."))
      .WithCall(function, status)
      .WithHint("armnn:tflite runs it on TFLite's own kernels.");
}

void Interpreter::Allocate() {
  const TurnHandle turn = TakeTurn();
  const char* const function =
      signature_ ? "TfLiteSignatureRunnerAllocateTensors" : "TfLiteInterpreterAllocateTensors";
  const TfLiteStatus status = Enter(function, [&] {
    return signature_ ? Api().TfLiteSignatureRunnerAllocateTensors(signature_.get())
                      : Api().TfLiteInterpreterAllocateTensors(interpreter_.get());
  });
  Check(status, function);
}

bool Interpreter::UseMemory(bool input, size_t index, void* data, size_t bytes, bool required) {
  const int tensor = (input ? inputs_ : outputs_)[index].tensor;
  if (tensor < 0 || Api().TfLiteInterpreterSetCustomAllocationForTensor == nullptr) return false;
  const TfLiteCustomAllocation allocation{data, bytes};
  const TfLiteStatus status = Api().TfLiteInterpreterSetCustomAllocationForTensor(
      interpreter_.get(), tensor, &allocation, 0);
  if (required) Check(status, "TfLiteInterpreterSetCustomAllocationForTensor");
  if (status != kOk) reporter_.Take();  // constants, and inputs that are outputs
  return status == kOk;
}

void Interpreter::Invoke(const std::atomic<bool>& cancelled) {
  const TurnHandle turn = TakeTurn(cancelled);
  // TFLite forgets a cancel that comes before its invoke; they are repeated while it runs.
  if (cancelled) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  const char* const function =
      signature_ ? "TfLiteSignatureRunnerInvoke" : "TfLiteInterpreterInvoke";
  const TfLiteStatus status = Enter(function, [&] {
    return signature_ ? Api().TfLiteSignatureRunnerInvoke(signature_.get())
                      : Api().TfLiteInterpreterInvoke(interpreter_.get());
  });
  if (status == kCancelled) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  Check(status, function);
}

void Interpreter::Cancel() {
  if (settings_.one_at_a_time) ComputeLibrary().Wake();
  if (Api().TfLiteInterpreterCancel != nullptr) Api().TfLiteInterpreterCancel(interpreter_.get());
}

void Interpreter::Check(TfLiteStatus status, const char* function, ErrorCode code) {
  if (status == kOk) return;
  const std::string words = WordsOr(reporter_.Take(), "TFLite does not say why.");
  if (status == kUnresolvedOperators || SaysUnsupported(words)) code = ErrorCode::MODEL_UNSUPPORTED;
  throw Error(code, words).WithCall(function, status);
}

}  // namespace accelnode::armnn
