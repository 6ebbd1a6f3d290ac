#include "session_wrap.h"

#include <algorithm>
#include <utility>

#include "backends.h"
#include "env_state.h"
#include "load_generator.h"
#include "load_to_js.h"
#include "to_js.h"

namespace accelnode {
namespace {

class JsLoadMonitor final : public LoadMonitor {
 public:
  JsLoadMonitor(EnvState& state, uint32_t id)
      : state_(state),
        id_(id),
        cancelled_(state.loads().at(id).cancelled),
        batches_(state.loads().at(id).batches) {}

  bool Cancelled() const override { return *cancelled_; }

  void Progress(const std::string& phase, double done, double total) override {
    state_.mailbox().SendNews([&state = state_, id = id_, phase, done, total](Napi::Env env) {
      auto load = state.loads().find(id);
      if (load == state.loads().end() || load->second.on_progress.IsEmpty()) return;
      load->second.on_progress.Call({Napi::String::New(env, phase), Napi::Number::New(env, done),
                                     Napi::Number::New(env, total)});
    });
  }

  bool NextCalibrationBatch(Span<Tensor> inputs) override {
    const bool given = batches_->Next(inputs, [&] {
      state_.mailbox().SendNews([&state = state_, id = id_, number = batch_number_](Napi::Env env) {
        auto load = state.loads().find(id);
        if (load == state.loads().end()) return;
        // lib/ answers each call, but not one that throws or is not there.
        try {
          if (load->second.next_batch.IsEmpty()) return load->second.batches->GiveNone();
          load->second.next_batch.Call({Napi::Number::New(env, number)});
        } catch (...) {
          load->second.Cancel();
          throw;
        }
      });
    });
    ++batch_number_;
    return given;
  }

 private:
  EnvState& state_;
  const uint32_t id_;
  const std::shared_ptr<std::atomic<bool>> cancelled_;
  const std::shared_ptr<BatchExchange> batches_;
  uint32_t batch_number_ = 0;
};

// One of a calibration batch's: { address, bytes, dims }
Tensor TensorFromJs(Napi::Object object) {
  Tensor tensor;
  const auto number = [&](const char* key) {
    return object.Get(key).As<Napi::Number>().DoubleValue();
  };
  tensor.data = reinterpret_cast<void*>(static_cast<uintptr_t>(number("address")));
  tensor.bytes = static_cast<size_t>(number("bytes"));
  Napi::Array dims = object.Get("dims").As<Napi::Array>();
  tensor.shape.Resize(dims.Length());
  for (uint32_t i = 0; i < dims.Length(); ++i) {
    tensor.shape.data()[i] = dims.Get(i).As<Napi::Number>().Int64Value();
  }
  return tensor;
}

std::shared_ptr<const std::vector<uint8_t>> BytesFromJs(Napi::Value value) {
  if (!value.IsTypedArray()) return nullptr;
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  // A copy: the load goes on when this call has returned, and the array may change meanwhile.
  return std::make_shared<const std::vector<uint8_t>>(array.Data(),
                                                      array.Data() + array.ElementLength());
}

std::string TextFromJs(Napi::Value value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

std::vector<std::string> NamesFromJs(Napi::Value value) {
  std::vector<std::string> names;
  const Value list = FromJs(value);
  if (list.AsList() == nullptr) return names;
  for (const Value& name : *list.AsList()) names.push_back(*name.AsString());
  return names;
}

LoadRequest RequestFromJs(Napi::Object object) {
  LoadRequest request;
  request.device = TextFromJs(object.Get("device"));
  request.options = FromJs(object.Get("options"));
  Napi::Object source = object.Get("source").As<Napi::Object>();
  request.source.format = TextFromJs(source.Get("format"));
  request.source.path = TextFromJs(source.Get("path"));
  request.source.weights_path = TextFromJs(source.Get("weightsPath"));
  request.source.bytes = BytesFromJs(source.Get("bytes"));
  request.source.weights = BytesFromJs(source.Get("weights"));
  request.source.input_names = NamesFromJs(source.Get("inputNames"));
  request.source.output_names = NamesFromJs(source.Get("outputNames"));
  request.source.spec = FromJs(source.Get("spec"));
  return request;
}

// A job that was used before mostly says the same again. What is not written stays in the caches of
// both cores.
template <typename T>
void Update(T& field, T value) {
  if (field != value) field = value;
}

}  // namespace

void SessionWrap::Define(Napi::Env env) {
  EnvState::Of(env).session_class() =
      Napi::Persistent(DefineClass(env, "NativeSession",
                                   {InstanceMethod<&SessionWrap::Submit>("submit"),
                                    InstanceMethod<&SessionWrap::RunSync>("runSync"),
                                    InstanceMethod<&SessionWrap::Cancel>("cancel"),
                                    InstanceMethod<&SessionWrap::CancelAll>("cancelAll"),
                                    InstanceMethod<&SessionWrap::Close>("close"),
                                    InstanceMethod<&SessionWrap::Profile>("profile"),
                                    InstanceMethod<&SessionWrap::Memory>("memory"),
                                    InstanceMethod<&SessionWrap::BusyLanes>("busyLanes"),
                                    InstanceMethod<&SessionWrap::Export>("export"),
                                    InstanceMethod<&SessionWrap::GenerateLoad>("generateLoad"),
                                    InstanceMethod<&SessionWrap::LoadCounts>("loadCounts"),
                                    InstanceMethod<&SessionWrap::StopLoad>("stopLoad")}));
}

Napi::Value SessionWrap::Load(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  EnvState& state = EnvState::Of(env);
  Napi::Object object = info[0].As<Napi::Object>();
  const uint32_t id = object.Get("id").As<Napi::Number>().Uint32Value();
  const int lanes = object.Get("lanes").As<Napi::Number>().Int32Value();
  Backend& backend = GetBackend(TextFromJs(object.Get("backend")));
  auto request = std::make_shared<LoadRequest>(RequestFromJs(object));

  EnvState::LoadInProgress& load = state.loads()[id];
  if (object.Get("onProgress").IsFunction()) {
    load.on_progress = Napi::Persistent(object.Get("onProgress").As<Napi::Function>());
  }
  if (object.Get("nextBatch").IsFunction()) {
    load.next_batch = Napi::Persistent(object.Get("nextBatch").As<Napi::Function>());
  }
  auto work = [&state, &backend, request, lanes,
               monitor = std::make_shared<JsLoadMonitor>(state, id)]() -> EnvState::Settle {
    request->monitor = monitor.get();
    std::shared_ptr<Model> model = backend.Load(*request);
    request->source = {};  // the bytes are not needed any more
    if (monitor->Cancelled()) {
      throw Error(ErrorCode::CANCELLED, "The load was cancelled.");
    }
    const int count = lanes > 0 ? lanes : std::max(1, model->PreferredLanes());
    auto gone = std::make_shared<std::promise<void>>();
    std::shared_ptr<LaneQueue> queue(new LaneQueue(std::move(model), count, state.mailbox()),
                                     [gone](LaneQueue* each) {
                                       delete each;
                                       gone->set_value();
                                     });
    return [&state, &backend, queue = std::move(queue), gone](Napi::Env env) {
      state.AddSession(queue);
      NewSession arguments{queue, gone->get_future(), backend};
      return state.session_class().New({Napi::External<NewSession>::New(env, &arguments)});
    };
  };
  auto arrived = [&state, id] { state.loads().erase(id); };
  // Batches for calibration are the caller's memory.
  if (!load.next_batch.IsEmpty()) return state.RunCopy(env, std::move(work), std::move(arrived));
  return state.RunTask(env, std::move(work), std::move(arrived));
}

Napi::Value SessionWrap::CalibrationBatch(const Napi::CallbackInfo& info) {
  auto& loads = EnvState::Of(info.Env()).loads();
  auto load = loads.find(info[0].As<Napi::Number>().Uint32Value());
  if (load == loads.end()) return {};
  BatchExchange& batches = *load->second.batches;
  if (info[1].IsArray()) {
    Napi::Array array = info[1].As<Napi::Array>();
    std::vector<Tensor> batch;
    for (uint32_t i = 0; i < array.Length(); ++i) {
      batch.push_back(TensorFromJs(array.Get(i).As<Napi::Object>()));
    }
    batches.Give(std::move(batch));
  } else if (info[1].IsObject()) {
    // lib/ throws its own in place of this one.
    batches.Refuse(Error(ErrorCode::INVALID_ARGUMENT,
                         info[1].As<Napi::Object>().Get("message").ToString().Utf8Value()));
  } else {
    batches.GiveNone();
  }
  return {};
}

SessionWrap::SessionWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SessionWrap>(info),
      state_(EnvState::Share(info.Env())),
      backend_(&info[0].As<Napi::External<NewSession>>().Data()->backend),
      queue_(info[0].As<Napi::External<NewSession>>().Data()->queue),
      unfinished_(queue_),
      gone_(info[0].As<Napi::External<NewSession>>().Data()->gone) {
  Napi::Env env = info.Env();
  Model& model = queue_->model();
  input_count_ = model.Inputs().size();
  output_count_ = model.Outputs().size();
  auto arguments = Napi::Float64Array::New(
      env, (input_count_ + output_count_) * kArgumentSize + Mailbox::kRecordSize);
  arguments_ = Napi::Persistent(arguments);
  argument_data_ = arguments.Data();

  Napi::Object self = info.This().As<Napi::Object>();
  self.Set("arguments", arguments);
  self.Set("inputs", ToJs(env, model.Inputs()));
  self.Set("outputs", ToJs(env, model.Outputs()));
  self.Set("lanes", static_cast<double>(queue_->lanes()));
  self.Set("computesOnCaller", model.ComputesOnCaller());
  self.Set("preferredMemory", MemoryKindName(model.PreferredMemory()));
  self.Set("details", ToJs(env, model.Details()));
}

void SessionWrap::Finalize(Napi::BasicEnv) {
  StopLoads();
  // Garbage was made of an open session: same path as close(), on a thread, as joining may wait.
  if (queue_) state_->Retire(std::move(queue_));
}

std::unique_ptr<Job> SessionWrap::TakeJob(uint32_t id) {
  std::unique_ptr<Job> job = state_->mailbox().NewJob();
  job->id = id;
  Read(argument_data_, *job);
  return job;
}

void SessionWrap::Read(const double* argument, Job& job) const {
  job.backend = backend_;
  job.inputs.resize(input_count_);
  job.outputs.resize(output_count_);
  auto read_shape = [&argument](Shape& shape) {
    if (shape.rank() != static_cast<size_t>(argument[3])) {
      shape.Resize(static_cast<size_t>(argument[3]));
    }
    for (size_t i = 0; i < shape.rank(); ++i) {
      Update(shape.data()[i], static_cast<int64_t>(argument[4 + i]));
    }
  };
  auto pointer = [](double number) {
    return reinterpret_cast<void*>(static_cast<uintptr_t>(number));
  };
  for (Tensor& input : job.inputs) {
    Update(input.data, pointer(argument[0]));
    Update(input.buffer, static_cast<const Buffer*>(pointer(argument[1])));
    Update(input.bytes, static_cast<size_t>(argument[2]));
    read_shape(input.shape);
    argument += kArgumentSize;
  }
  for (Output& output : job.outputs) {
    const bool allocate = argument[0] <= kAllocateHost;
    Update(output.wanted, argument[0] != kNotWanted);
    Update(output.memory, argument[0] == kAllocateDevice ? MemoryKind::kDevice : MemoryKind::kHost);
    Update(output.data, allocate ? nullptr : pointer(argument[0]));
    Update(output.buffer, allocate ? nullptr : static_cast<const Buffer*>(pointer(argument[1])));
    Update(output.bytes, static_cast<size_t>(argument[2]));
    read_shape(output.shape);
    Update(output.reshaped, false);
    argument += kArgumentSize;
  }
}

LaneQueue& SessionWrap::OpenQueue(Napi::Env env) const { return *Open(env); }

const std::shared_ptr<LaneQueue>& SessionWrap::Open(Napi::Env env) const {
  if (!queue_) throw ThrowableError(env, Error(ErrorCode::CLOSED, "The session is closed."));
  return queue_;
}

// submit(id, inline): the run's outcome comes to onRunsDone. True when the run was inline: the
// outcome then waits for deliver(). Node hands over a thousand of what comes by a thread-safe
// function in one turn of the event loop, and a loop of awaits would add another run each time.
Napi::Value SessionWrap::Submit(const Napi::CallbackInfo& info) {
  LaneQueue& queue = OpenQueue(info.Env());
  state_->mailbox().Expect();
  std::unique_ptr<Job> job = TakeJob(info[0].As<Napi::Number>().Uint32Value());
  const bool ran = info[1].As<Napi::Boolean>() && queue.TryRunInline(*job);
  if (ran) {
    state_->mailbox().Keep(std::move(job));
  } else {
    queue.Push(std::move(job));
  }
  return Napi::Boolean::New(info.Env(), ran);
}

// runSync(): undefined, or what extras[i] is in onRunsDone; throws the run's error.
Napi::Value SessionWrap::RunSync(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  LaneQueue& queue = OpenQueue(env);
  std::unique_ptr<Job> job = TakeJob(0);
  queue.RunSync(*job);
  double* record = argument_data_ + (input_count_ + output_count_) * kArgumentSize;
  if (job->error) {
    Mailbox::WriteRecord(*job, record);
    Napi::Error error = ThrowableError(env, *job->error);
    state_->mailbox().Recycle(std::move(job));
    throw error;
  }
  Napi::Value outcome = HasOutcome(*job) ? OutcomeToJs(env, *job) : env.Undefined();
  Mailbox::WriteRecord(*job, record);
  state_->mailbox().Recycle(std::move(job));
  return outcome;
}

Napi::Value SessionWrap::Cancel(const Napi::CallbackInfo& info) {
  if (auto queue = unfinished_.lock()) queue->Cancel(info[0].As<Napi::Number>().Uint32Value());
  return {};
}

// cancelAll(): what is pending, also behind a close; nothing more is accepted.
Napi::Value SessionWrap::CancelAll(const Napi::CallbackInfo&) {
  StopLoads();
  if (auto queue = unfinished_.lock()) queue->BeginClose(true);
  return {};
}

// close(): Promise<void>, settled when lanes, contexts and model are gone.
Napi::Value SessionWrap::Close(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::shared_ptr<LaneQueue> queue = Open(env);
  queue_ = nullptr;
  StopLoads();
  queue->BeginClose(false);
  return state_->RunTask(env,
                         [queue = std::move(queue), gone = gone_]() mutable -> EnvState::Settle {
                           queue->Join();
                           queue = nullptr;
                           gone.wait();  // an export may still hold it
                           return [](Napi::Env env) { return env.Undefined(); };
                         });
}

Napi::Value SessionWrap::Profile(const Napi::CallbackInfo& info) {
  return state_->RunTask(info.Env(), [queue = Open(info.Env())]() -> EnvState::Settle {
    return [profile = queue->Profile()](Napi::Env env) { return ToJs(env, profile); };
  });
}

Napi::Value SessionWrap::Memory(const Napi::CallbackInfo& info) {
  return ToJs(info.Env(), Open(info.Env())->model().Memory());
}

Napi::Value SessionWrap::BusyLanes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Open(info.Env())->BusyLanes()));
}

Napi::Value SessionWrap::Export(const Napi::CallbackInfo& info) {
  return state_->RunTask(
      info.Env(), [queue = Open(info.Env()), path = TextFromJs(info[0])]() -> EnvState::Settle {
        queue->model().Export(path);
        return [](Napi::Env env) { return env.Undefined(); };
      });
}

// generateLoad({ id, blocks, requests, inputSets, … }): Promise<what load_to_js.h says>. `blocks`
// is a Float64Array of argument blocks, without their records: as many as there are requests in
// flight, or input sets if these are more. The memory that they name stays as it is until the
// promise settles.
Napi::Value SessionWrap::GenerateLoad(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::shared_ptr<LaneQueue> queue = Open(env);
  Napi::Object object = info[0].As<Napi::Object>();
  const auto count = [&](const char* key) {
    return object.Get(key).As<Napi::Number>().Uint32Value();
  };
  const double* blocks = object.Get("blocks").As<Napi::Float64Array>().Data();
  const size_t block_size = (input_count_ + output_count_) * kArgumentSize;
  const size_t requests = count("requests");
  const size_t sets = count("inputSets");
  std::vector<std::unique_ptr<Job>> jobs;
  std::vector<std::vector<Tensor>> input_sets;
  for (size_t i = 0; i < std::max(requests, sets); ++i) {
    auto job = std::make_unique<Job>();
    Read(blocks + i * block_size, *job);
    if (i < sets) input_sets.push_back(job->inputs);
    job->inputs.clear();
    if (i < requests) jobs.push_back(std::move(job));
  }
  auto load = std::make_shared<LoadGenerator>(LoadPlanFromJs(object), std::move(jobs),
                                              std::move(input_sets));
  const uint32_t id = count("id");
  loads_[id] = load;
  state_->AddLoad(load);
  return state_->RunCopy(env, [queue = std::move(queue), load]() -> EnvState::Settle {
    auto report = std::make_shared<LoadReport>(load->Run(*queue));
    return [report](Napi::Env env) { return ToJs(env, *report); };
  });
}

// loadCounts(id): Promise<void>, which settles when what counts of the load has begun, or never
// will.
Napi::Value SessionWrap::LoadCounts(const Napi::CallbackInfo& info) {
  auto found = loads_.find(info[0].As<Napi::Number>().Uint32Value());
  const auto load = found == loads_.end() ? nullptr : found->second.lock();
  return state_->RunCopy(info.Env(), [load]() -> EnvState::Settle {
    if (load != nullptr) load->WaitUntilCounting();
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

// stopLoad(id): it begins no more requests, and its promise settles when those under way have
// ended.
Napi::Value SessionWrap::StopLoad(const Napi::CallbackInfo& info) {
  auto found = loads_.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == loads_.end()) return {};
  if (auto load = found->second.lock()) load->Stop();
  loads_.erase(found);
  return {};
}

void SessionWrap::StopLoads() {
  for (auto& [id, each] : loads_) {
    if (auto load = each.lock()) {
      load->Stop(Error(ErrorCode::CLOSED, "The session was closed while it was measured."));
    }
  }
  loads_.clear();
}

}  // namespace accelnode
