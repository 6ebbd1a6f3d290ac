// A backend without a vendor: its "models" copy their inputs to their outputs, if told so after
// keeping their lane busy for a while. Tests of everything above the vendor use it, and the
// overhead of the layer is measured with it. docs/contributing.md takes it as the example of how a
// backend is written.
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "../backend.h"

namespace accelnode {
namespace {

// lib/options/null.ts describes the fields.
struct Spec {
  std::vector<TensorInfo> inputs, outputs;
  double duration_ms = 0;            // of a run
  bool duration_from_input = false;  // then it is the first element of the first input
  bool sleep = false;                // else the lane's core is kept busy
  int fail_at = 0;                   // the n-th run of a lane fails; 0: none
  Value memory;
};

std::vector<TensorInfo> ParseInfos(const Value::List& list) {
  std::vector<TensorInfo> infos;
  for (const Value& item : list) {
    TensorInfo& info = infos.emplace_back();
    info.name = item.String("name");
    info.type = DataTypeFromName(item.String("type"));
    for (const Value& dim : item.Items("shape")) {
      info.shape.push_back(static_cast<int64_t>(*dim.AsNumber()));
    }
  }
  return infos;
}

Spec ParseSpec(const Value& value) {
  Spec spec;
  spec.inputs = ParseInfos(value.Items("inputs"));
  spec.outputs = ParseInfos(value.Items("outputs"));
  if (value.String("model") == "busy") {
    spec.duration_ms = value.Number("durationMs", 0);
    spec.duration_from_input = value.String("durationMs") == "input";
  }
  spec.sleep = value.String("wait") == "sleep";
  spec.fail_at = static_cast<int>(value.Number("failAt", 0));
  spec.memory = value["memory"];
  return spec;
}

class NullContext final : public Context {
 public:
  explicit NullContext(const Spec& spec) : spec_(spec) {}

  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunTimes&) override {
    if (++runs_ == spec_.fail_at) {
      throw Error(ErrorCode::VENDOR_FAILURE, "The null model fails at this run, as it was told to.")
          .WithCall("null_run", -1);
    }
    double duration_ms = spec_.duration_ms;
    if (spec_.duration_from_input) duration_ms = *static_cast<const float*>(inputs[0].data);
    if (duration_ms > 0) Wait(std::chrono::nanoseconds(static_cast<int64_t>(duration_ms * 1e6)));
    for (size_t i = 0; i < outputs.size(); ++i) Echo(inputs[i], outputs[i]);
  }

  void Cancel() override {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    wake_.notify_all();
  }

 private:
  void Wait(std::chrono::nanoseconds duration) {
    const auto until = std::chrono::steady_clock::now() + duration;
    std::unique_lock lock(mutex_);
    cancelled_ = false;
    if (spec_.sleep) {
      wake_.wait_until(lock, until, [&] { return cancelled_; });
    } else {
      while (!cancelled_ && std::chrono::steady_clock::now() < until) {
        lock.unlock();
        lock.lock();
      }
    }
    if (cancelled_) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  }

  static void Echo(const Tensor& input, Output& output) {
    if (!output.wanted) return;
    if (output.data == nullptr) {
      output.owner = std::shared_ptr<void>(::operator new(input.bytes),
                                           [](void* data) { ::operator delete(data); });
      output.data = output.owner.get();
    } else if (output.bytes < input.bytes) {
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "The tensor given for an output is too small: it needs " +
                      std::to_string(input.bytes) + " bytes.");
    }
    output.bytes = input.bytes;
    output.reshaped = output.shape != input.shape;
    output.shape = input.shape;
    if (input.bytes > 0) std::memcpy(output.data, input.data, input.bytes);
  }

  const Spec& spec_;
  int runs_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool cancelled_ = false;
};

class NullModel final : public Model {
 public:
  explicit NullModel(Spec spec) : spec_(std::move(spec)) {}

  const std::vector<TensorInfo>& Inputs() const override { return spec_.inputs; }
  const std::vector<TensorInfo>& Outputs() const override { return spec_.outputs; }
  std::unique_ptr<Context> NewContext(int) override { return std::make_unique<NullContext>(spec_); }
  Value Memory() const override { return spec_.memory; }

 private:
  const Spec spec_;
};

class NullBackend final : public Backend {
 public:
  const char* Name() const override { return "null"; }

  Runtime Open(const OpenRequest&) override {
    Runtime runtime;
    runtime.version = "1";
    return runtime;
  }

  DeviceList Devices() override {
    Device device;
    device.id = "0";
    device.name = "No device: copies inputs to outputs";
    device.kind = "cpu";
    device.automatic = false;
    return {{device}, {}};
  }

  std::unique_ptr<Model> Load(const LoadRequest& request) override {
    request.monitor->Progress("load", 0, 1);
    const auto until =
        std::chrono::steady_clock::now() +
        std::chrono::milliseconds(static_cast<int64_t>(request.source.spec.Number("loadMs", 0)));
    while (std::chrono::steady_clock::now() < until) {
      if (request.monitor->Cancelled() && !request.source.spec.Bool("stubborn", false)) {
        throw Error(ErrorCode::CANCELLED, "The load was cancelled.");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    request.monitor->Progress("load", 1, 1);
    return std::make_unique<NullModel>(ParseSpec(request.source.spec));
  }
};

}  // namespace

std::unique_ptr<Backend> MakeNullBackend() { return std::make_unique<NullBackend>(); }

}  // namespace accelnode
