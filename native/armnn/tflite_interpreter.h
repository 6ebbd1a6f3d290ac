// One interpreter of TFLite, with its delegate if it has one: what a lane runs.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../turn.h"
#include "armnn_delegate.h"
#include "tflite_library.h"
#include "tflite_reporter.h"

namespace accelnode::armnn {

// A model, and the bytes that it points into.
struct LoadedModel {
  std::shared_ptr<const std::vector<uint8_t>> bytes;
  ModelHandle handle;
};

struct InterpreterSettings {
  int threads = 0;        // of TFLite's own kernels; 0: as TFLite likes
  std::string signature;  // empty: the model's own inputs and outputs
  std::string device;     // "GpuAcc,CpuAcc"; of TFLite's own kernels: empty
  std::optional<DelegateOptions> delegate;
  // Where GpuAcc finds its compiled kernels, or leaves them; empty: nowhere.
  std::string network_file;
  bool save_network = false;
  // Has the delegate kernels of Arm's Compute Library? Its documentation says that functions of it
  // must not run on several threads. So one interpreter of the process at a time is in it.
  bool one_at_a_time = false;

  // Do they make the same of a model?
  bool AreSame(const InterpreterSettings& other) const {
    return threads == other.threads && signature == other.signature && delegate == other.delegate;
  }
};

class Interpreter {
 public:
  Interpreter(std::shared_ptr<const LoadedModel> model, InterpreterSettings settings);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  const LoadedModel& Model() const { return *model_; }
  const InterpreterSettings& Settings() const { return settings_; }

  size_t InputCount() const { return inputs_.size(); }
  size_t OutputCount() const { return outputs_.size(); }
  // By the signature's names where it is used, else by the model's.
  const std::string& InputName(size_t index) const { return inputs_[index].name; }
  const std::string& OutputName(size_t index) const { return outputs_[index].name; }
  const TfLiteTensor* Input(size_t index) const;
  const TfLiteTensor* Output(size_t index) const;

  // Before Delegate, where there is one.
  void Resize(size_t input, const Shape& shape);
  // Gives the delegate, if the settings have one, what it can take of the model, with the shapes
  // that it has now. Once.
  void Delegate();
  // After making it, resizing, delegating, and giving it memory.
  void Allocate();
  // True: the tensor lies in `data` from the next Allocate on, for good; only other memory can take
  // its place. False: TFLite has no way to do so for this tensor; an error where it is `required`.
  bool UseMemory(bool input, size_t index, void* data, size_t bytes, bool required);
  // Throws CANCELLED when `cancelled` is set while it waits for another interpreter.
  void Invoke(const std::atomic<bool>& cancelled);
  // From any thread, with `cancelled` set; does nothing where TFLite can't.
  void Cancel();

  bool HasDelegate() const { return delegate_ != nullptr; }

  // An exception of the delegate's has come through TFLite, which was not made for that: nobody
  // knows what state it is in.
  bool IsBroken() const { return broken_; }

  std::vector<std::string> FallbackOperators() const { return reporter_.FallbackOperators(); }
  std::vector<std::string> Log() const { return reporter_.Log(); }

 private:
  struct Port {
    std::string name;
    int tensor = -1;  // its index among all tensors; -1: TFLite does not tell
  };

  using TurnHandle = std::unique_ptr<Turn, GiveTurn>;
  TurnHandle TakeTurn(const std::atomic<bool>& cancelled) const;
  TurnHandle TakeTurn() const;

  void Make();
  void Free();
  template <typename Call>
  auto Enter(const char* function, Call&& call) -> decltype(call());
  void Check(TfLiteStatus status, const char* function, ErrorCode code = ErrorCode::VENDOR_FAILURE);
  void FindPorts();
  void FindSignature(const std::string& key);
  Error NoSignature(const std::string& key);

  // In the order of their making; TFLite wants them freed the other way round.
  const std::shared_ptr<const LoadedModel> model_;
  const InterpreterSettings settings_;
  bool broken_ = false;
  Reporter reporter_;
  DelegateHandle delegate_;
  InterpreterHandle interpreter_;
  SignatureHandle signature_;
  std::vector<Port> inputs_, outputs_;
};

std::vector<int64_t> ShapeOf(const TfLiteTensor* tensor);

}  // namespace accelnode::armnn
