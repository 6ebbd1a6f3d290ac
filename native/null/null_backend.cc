// A backend without a vendor: its "models" copy their inputs to their outputs, if told so after
// keeping their lane busy for a while. Tests of everything above the vendor use it, and the
// overhead of the layer is measured with it. It behaves like a card of its own: what is in host
// memory counts as moved to the device and back.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "../backend.h"
#include "null_gauge.h"
#include "null_memory.h"

namespace accelnode {
namespace {

// lib/options/null.ts describes the fields.
struct Spec {
  std::vector<TensorInfo> inputs, outputs;
  double duration_ms = 0;            // of a run
  double per_sample_ms = 0;          // and for each item of its batch
  bool duration_from_input = false;  // then it is the first element of the first input
  bool sleep = false;                // else the lane's core is kept busy
  int fail_at = 0;                   // the n-th run of a lane fails; 0: none
  bool computes_on_caller = false;
  int saturation = 0;      // lanes that compute at the same time, at most; 0: all
  bool exclusive = false;  // such models of a device compute one after the other
  Value memory;            // { device, devicePerSample, host, limit, limitAt }
  Value use;               // { utilization, power, temperature, memory, failAt }

  double DeviceMemory(int64_t batch) const {
    return memory.Number("device", 0) +
           memory.Number("devicePerSample", 0) * static_cast<double>(batch);
  }
};

// The first dimension of the first input, which is the batch by custom; kDynamic when a run
// decides.
int64_t LoadedBatch(const Spec& spec, const Value& shapes) {
  const TensorInfo& input = spec.inputs[0];
  const Value::List& dims = shapes.Items(input.name);
  if (!dims.empty() && dims[0].AsList() != nullptr) {
    return static_cast<int64_t>(*(*dims[0].AsList())[1].AsNumber());  // the largest
  }
  return input.shape.empty() ? 1 : input.shape[0];
}

void CheckMemory(const Spec& spec, int64_t batch) {
  const double limit = spec.memory.Number("limit", 0);
  if (limit == 0 || spec.DeviceMemory(batch) <= limit) return;
  throw Error(ErrorCode::OUT_OF_MEMORY, "The null model has no memory for a batch of " +
                                            std::to_string(batch) + ", as it was told.")
      .WithCall("null_allocate", -1);
}

// Where so many can compute at the same time; who comes first goes first.
class Places {
 public:
  explicit Places(int count) : free_(count) {}

  // False when `cancelled` is set first; who sets it calls Wake.
  bool Take(const std::atomic<bool>& cancelled) {
    std::unique_lock lock(mutex_);
    const auto own = waiting_.insert(waiting_.end(), next_++);
    changed_.wait(lock, [&] { return cancelled || (free_ > 0 && waiting_.front() == *own); });
    waiting_.erase(own);
    changed_.notify_all();  // whoever is the first now
    if (cancelled) return false;
    --free_;
    return true;
  }
  void Give() {
    std::lock_guard lock(mutex_);
    ++free_;
    changed_.notify_all();
  }
  void Wake() {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  uint64_t next_ = 0;
  std::list<uint64_t> waiting_;  // in the order in which they came
};

// Of a device, for its exclusive models. Never destroyed: lanes may outlive static objects.
Places& PlaceOf(int device) {
  static auto& places = *new std::array<Places, 2>{Places(1), Places(1)};
  return places.at(static_cast<size_t>(device));
}

// What the contexts of a model share.
class Shared {
 public:
  void NoteBatch(int64_t batch) {
    std::lock_guard lock(mutex_);
    largest_batch_ = std::max(largest_batch_, batch);
  }
  int64_t LargestBatch() {
    std::lock_guard lock(mutex_);
    return largest_batch_;
  }

 private:
  std::mutex mutex_;
  int64_t largest_batch_ = 0;
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
    spec.per_sample_ms = value.Number("perSampleMs", 0);
    spec.duration_from_input = value.String("durationMs") == "input";
  }
  spec.sleep = value.String("wait") == "sleep";
  spec.fail_at = static_cast<int>(value.Number("failAt", 0));
  spec.computes_on_caller = value.Bool("computesOnCaller", false);
  spec.saturation = static_cast<int>(value.Number("saturation", 0));
  spec.exclusive = value.Bool("exclusive", false);
  spec.memory = value["memory"];
  spec.use = value["use"];
  return spec;
}

class NullContext final : public Context {
 public:
  // `places`: where runs wait for their turn; null where they needn't.
  NullContext(const Spec& spec, Shared& shared, Places* places, int device)
      : spec_(spec), shared_(shared), places_(places), device_(device) {}

  void Arm() override {
    std::lock_guard lock(mutex_);
    cancelled_ = false;
  }

  void Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) override {
    if (++runs_ == spec_.fail_at) {
      throw Error(ErrorCode::VENDOR_FAILURE, "The null model fails at this run, as it was told to.")
          .WithCall("null_run", -1);
    }
    const Shape& shape = inputs[0].shape;
    const int64_t batch = shape.rank() > 0 ? shape[0] : 1;
    if (spec_.memory.IsSet()) {
      CheckMemory(spec_, batch);
      shared_.NoteBatch(batch);
    }
    double duration_ms = spec_.duration_ms + spec_.per_sample_ms * static_cast<double>(batch);
    if (spec_.duration_from_input && inputs[0].bytes > 0) {
      duration_ms += *static_cast<const float*>(null::Contents(inputs[0].data, inputs[0].buffer));
    }
    if (duration_ms > 0) Compute(std::chrono::nanoseconds(static_cast<int64_t>(duration_ms * 1e6)));
    for (const Tensor& input : inputs) {
      if (!OnDevice(input.buffer)) stats.h2d_bytes += input.bytes;
    }
    for (size_t i = 0; i < outputs.size(); ++i) Echo(inputs[i], outputs[i], stats);
  }

  void Cancel() override {
    {
      std::lock_guard lock(mutex_);
      cancelled_ = true;
      wake_.notify_all();
    }
    if (places_ != nullptr) places_->Wake();
  }

 private:
  void Compute(std::chrono::nanoseconds duration) {
    if (places_ == nullptr) return Wait(duration);
    if (!places_->Take(cancelled_)) {
      throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
    }
    struct Place {
      Places& places;
      ~Place() { places.Give(); }
    } place{*places_};
    Wait(duration);
  }

  void Wait(std::chrono::nanoseconds duration) {
    const auto until = std::chrono::steady_clock::now() + duration;
    std::unique_lock lock(mutex_);
    if (spec_.sleep) {
      wake_.wait_until(lock, until, [&] { return cancelled_.load(); });
    } else {
      while (!cancelled_ && std::chrono::steady_clock::now() < until) {
        lock.unlock();
        lock.lock();
      }
    }
    if (cancelled_) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  }

  static bool OnDevice(const Buffer* buffer) {
    return buffer != nullptr && buffer->kind == MemoryKind::kDevice;
  }

  void Echo(const Tensor& input, Output& output, RunStats& stats) const {
    if (!output.wanted) return;
    const Buffer* target = output.buffer;
    if (output.data == nullptr) {
      output.allocated = output.memory == MemoryKind::kDevice
                             ? null::Allocate(output.memory, input.bytes, device_)
                             : AllocateHost(input.bytes);
      output.data = output.allocated.data;
      target = &output.allocated;
    } else if (output.bytes < input.bytes) {
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "The tensor given for an output is too small: it needs " +
                      std::to_string(input.bytes) + " bytes.");
    }
    output.reshaped = output.shape != input.shape;
    if (output.reshaped || output.bytes != input.bytes) {
      output.bytes = input.bytes;
      output.shape = input.shape;
    }
    if (!OnDevice(target)) stats.d2h_bytes += input.bytes;
    if (input.bytes > 0) {
      std::memcpy(null::Contents(output.data, target), null::Contents(input.data, input.buffer),
                  input.bytes);
    }
  }

  const Spec& spec_;
  Shared& shared_;
  Places* const places_;
  const int device_;
  int runs_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> cancelled_{false};
};

class NullModel final : public Model {
 public:
  NullModel(Spec spec, const Value& shapes, int device)
      : spec_(std::move(spec)),
        places_(spec_.saturation),
        device_(device),
        use_(spec_.use, device) {
    const int64_t batch = LoadedBatch(spec_, shapes);
    if (batch == kDynamic) return;
    if (spec_.memory.String("limitAt") != "run") CheckMemory(spec_, batch);
    shared_.NoteBatch(batch);
  }

  const std::vector<TensorInfo>& Inputs() const override { return spec_.inputs; }
  const std::vector<TensorInfo>& Outputs() const override { return spec_.outputs; }
  std::unique_ptr<Context> NewContext(int) override {
    use_.AddLane();
    return std::make_unique<NullContext>(spec_, shared_, WhereToWait(), device_);
  }
  MemoryKind PreferredMemory() const override { return MemoryKind::kPinned; }
  bool ComputesOnCaller() const override { return spec_.computes_on_caller; }
  Value Memory() const override {
    if (!spec_.memory.IsSet()) return Value::Map{};
    const double device = spec_.DeviceMemory(shared_.LargestBatch());
    return Value::Map{{"device", device > 0 ? Value(device) : Value()},
                      {"host", spec_.memory["host"]}};
  }

 private:
  Places* WhereToWait() {
    if (spec_.exclusive) return &PlaceOf(device_);
    return spec_.saturation > 0 ? &places_ : nullptr;
  }

  const Spec spec_;
  mutable Shared shared_;
  Places places_;
  const int device_;
  null::PlayedUse use_;
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
    DeviceList devices;
    for (int number : {0, 1}) {
      Device& device = devices.present.emplace_back();
      device.id = std::to_string(number);
      device.name = "No device: copies inputs to outputs";
      device.kind = "cpu";
      device.memory_total = null::kDeviceMemory;
      device.memory_free = null::FreeMemory(number);
      device.automatic = false;
    }
    return devices;
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
    return std::make_unique<NullModel>(ParseSpec(request.source.spec), request.options["shapes"],
                                       DeviceNumber(request.device));
  }

  Buffer Allocate(MemoryKind kind, size_t bytes, const std::string& device) override {
    return null::Allocate(kind, bytes, DeviceNumber(device));
  }

  void Copy(const Buffer& from, const Buffer& to, size_t bytes) override {
    // For tests of what happens meanwhile: a copy that takes its time.
    if (const char* delay = std::getenv("ACCELNODE_NULL_COPY_MS")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(delay)));
    }
    std::memcpy(null::Contents(to.data, to.kind), null::Contents(from.data, from.kind), bytes);
  }

  std::unique_ptr<DeviceGauge> NewGauge(const std::string& device) override {
    return null::NewGauge(DeviceNumber(device));
  }

 private:
  static int DeviceNumber(const std::string& device) {
    if (device == "0" || device == "1") return device[0] - '0';
    throw Error(ErrorCode::DEVICE_NOT_FOUND, "There is no null device \"" + device + "\".")
        .WithHint("There are null:0 and null:1.");
  }
};

}  // namespace

std::unique_ptr<Backend> MakeNullBackend() { return std::make_unique<NullBackend>(); }

}  // namespace accelnode
