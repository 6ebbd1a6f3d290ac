#include "env_state.h"

#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "load_generator.h"
#include "platform.h"
#include "resource_sampler.h"
#include "to_js.h"

namespace accelnode {
namespace {

// Electron and other hosts with a V8 memory cage refuse ArrayBuffers over foreign memory. The
// variable makes any host such a one, to see what a program does there.
bool AllowsExternalBuffers(Napi::Env env) {
  if (std::getenv("ACCELNODE_NO_EXTERNAL_BUFFERS") != nullptr) return false;
  static char probe = 0;
  napi_value result;
  return napi_create_external_arraybuffer(
             env, &probe, 1, [](napi_env, void*, void*) {}, nullptr, &result) == napi_ok;
}

// How long the end of an environment waits for loads.
constexpr auto kLoadGrace = std::chrono::seconds(2);

// Keeps it for the rest of the process, for a task that uses it still.
void LeaveBehind(std::shared_ptr<EnvState> state) {
  static std::mutex mutex;
  static auto& states = *new std::vector<std::shared_ptr<EnvState>>();
  std::lock_guard lock(mutex);
  states.push_back(std::move(state));
}

void KeepInstanceData(Napi::Env, std::shared_ptr<EnvState>*) {}

}  // namespace

EnvState::EnvState(Napi::Env env, Napi::Object hooks)
    : make_error_(Napi::Persistent(hooks.Get("makeError").As<Napi::Function>())),
      external_buffers_(AllowsExternalBuffers(env)),
      mailbox_(env, hooks.Get("onRunsDone").As<Napi::Function>(),
               hooks.Get("records").As<Napi::Float64Array>()) {}

void EnvState::Create(Napi::Env env, Napi::Object hooks) {
  auto* state = new std::shared_ptr<EnvState>(new EnvState(env, hooks));
  env.SetInstanceData<std::shared_ptr<EnvState>, KeepInstanceData>(state);
  // Hooks run last in, first out: this one comes before the mailbox's thread-safe function is taken
  // down and before any ArrayBuffer is freed.
  env.AddCleanupHook(
      [](std::shared_ptr<EnvState>* dying) {
        (*dying)->End(*dying);
        delete dying;  // sessions that JavaScript never dropped share it until they are finalized
      },
      state);
}

void EnvState::End(const std::shared_ptr<EnvState>& self) {
  BeginShutdown();
  // As long as it takes: a lane, a copy or a calibration may still use memory that dies with the
  // environment.
  for (auto& session : sessions_) {
    if (auto queue = session.lock()) queue->Join();
  }
  copies_.Join();
  // The other loads own all that they use. One that can't be stopped must not hold up process.exit,
  // which waits here for each worker; it is left to itself, with this object.
  if (!tasks_.Join(Clock::now() + kLoadGrace)) {
    if (SkipDestructorsAtExit()) {
      LeaveBehind(self);
    } else {
      tasks_.Join();
    }
  }
  ReleaseReferences();
}

EnvState& EnvState::Of(Napi::Env env) { return **env.GetInstanceData<std::shared_ptr<EnvState>>(); }

std::shared_ptr<EnvState> EnvState::Share(Napi::Env env) {
  return *env.GetInstanceData<std::shared_ptr<EnvState>>();
}

void EnvState::ReleaseReferences() {
  make_error_.Reset();
  session_class_.Reset();
  buffer_class_.Reset();
  loads_.clear();
  mailbox_.ReleaseReferences();
}

Napi::Promise EnvState::RunTask(Napi::Env env, std::function<Settle()> work,
                                std::function<void()> arrived) {
  return Run(env, tasks_, std::move(work), std::move(arrived));
}

Napi::Promise EnvState::RunCopy(Napi::Env env, std::function<Settle()> work,
                                std::function<void()> arrived) {
  return Run(env, copies_, std::move(work), std::move(arrived));
}

Napi::Promise EnvState::Run(Napi::Env env, TaskRunner& runner, std::function<Settle()> work,
                            std::function<void()> arrived) {
  Napi::Promise::Deferred deferred(env);
  auto deliver = [deferred, arrived = std::move(arrived)](Napi::Env env, const Settle& settle,
                                                          const std::optional<Error>& error) {
    if (arrived) arrived();
    if (error) {
      deferred.Reject(ErrorToJs(env, *error));
      return;
    }
    try {
      deferred.Resolve(settle(env));
    } catch (const Napi::Error& thrown) {
      deferred.Reject(thrown.Value());
    }
  };
  if (shut_down_) {
    deliver(env, nullptr, Error(ErrorCode::CLOSED, "The process is exiting."));
    return deferred.Promise();
  }
  mailbox_.Expect();
  try {
    runner.Start([this, deliver, work = std::move(work)]() mutable {
      Settle settle;
      std::optional<Error> error;
      try {
        settle = work();
      } catch (...) {
        error = CurrentError();
      }
      work = nullptr;
      mailbox_.Send([deliver, settle = std::move(settle), error = std::move(error)](Napi::Env env) {
        deliver(env, settle, error);
      });
    });
  } catch (...) {  // no thread to be had
    mailbox_.Send(
        [deliver, error = CurrentError()](Napi::Env env) { deliver(env, nullptr, error); });
  }
  return deferred.Promise();
}

void EnvState::AddSession(std::weak_ptr<LaneQueue> session) {
  sessions_.remove_if([](auto& each) { return each.expired(); });
  sessions_.push_back(std::move(session));
}

void EnvState::AddLoad(std::weak_ptr<LoadGenerator> load) {
  generators_.remove_if([](auto& each) { return each.expired(); });
  generators_.push_back(std::move(load));
}

void EnvState::Retire(std::shared_ptr<LaneQueue> session) {
  if (shut_down_) return;  // its lanes have ended already
  session->BeginClose(true);
  try {
    tasks_.Start([session = std::move(session)]() mutable {
      session->Join();
      session = nullptr;
    });
  } catch (...) {
    // No thread to be had: the session ended on this one, when the task that held it was dropped. A
    // finalizer must not throw.
  }
}

void EnvState::BeginShutdown() {
  shut_down_ = true;
  mailbox_.Close();
  for (auto& [id, load] : loads_) load.Cancel();
  for (auto& each : generators_) {
    if (auto load = each.lock()) load->Stop();
  }
  for (auto& [id, each] : samplers_) {
    if (auto sampler = each.lock()) sampler->Stop();
  }
  for (auto& session : sessions_) {
    if (auto queue = session.lock()) queue->BeginClose(true);
  }
}

bool EnvState::Shutdown(Clock::time_point deadline) {
  BeginShutdown();
  bool ended = true;
  for (auto& session : sessions_) {
    if (auto queue = session.lock()) ended = queue->Join(deadline) && ended;
  }
  ended = copies_.Join(deadline) && ended;
  return tasks_.Join(deadline) && ended;
}

}  // namespace accelnode
