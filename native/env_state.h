// Everything that belongs to one JavaScript environment (the main thread, or one worker). Backends
// are the process's; sessions, loads and their threads are an environment's.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "batch_exchange.h"
#include "lane.h"
#include "mailbox.h"
#include "task.h"

namespace accelnode {

class LoadGenerator;
class ResourceSampler;

class EnvState {
 public:
  // Called once per environment, with the functions that lib/native/addon.ts provides:
  // { makeError, onRunsDone, records }.
  static void Create(Napi::Env env, Napi::Object hooks);
  static EnvState& Of(Napi::Env env);
  static std::shared_ptr<EnvState> Share(Napi::Env env);  // for objects that may outlive the hook

  Mailbox& mailbox() { return mailbox_; }
  Napi::FunctionReference& session_class() { return session_class_; }
  Napi::FunctionReference& buffer_class() { return buffer_class_; }
  bool external_buffers() const { return external_buffers_; }
  Napi::Value MakeError(Napi::Object fields) { return make_error_.Call({fields}); }

  // Runs `work` on a thread of its own and settles the promise with what it returns: a function
  // that makes the JavaScript value, called on the JavaScript thread. An Error thrown by `work`
  // rejects the promise. `arrived` is called on the JavaScript thread in either case. Whatever
  // `work` holds may be destroyed on its thread, so it must hold no JavaScript values.
  using Settle = std::function<Napi::Value(Napi::Env)>;
  Napi::Promise RunTask(Napi::Env env, std::function<Settle()> work,
                        std::function<void()> arrived = nullptr);
  // For work that reads or writes memory of JavaScript's: the environment does not end before it.
  Napi::Promise RunCopy(Napi::Env env, std::function<Settle()> work,
                        std::function<void()> arrived = nullptr);

  // Sessions end before the environment does.
  void AddSession(std::weak_ptr<LaneQueue> session);
  // Nor do loads go on, which would have new runs follow those that are given up.
  void AddLoad(std::weak_ptr<LoadGenerator> load);
  // For a session that was garbage-collected while open.
  void Retire(std::shared_ptr<LaneQueue> session);

  // Loads in progress, by the number that lib/session.ts gave them: so that they can be cancelled,
  // by the caller or by the end of the environment, can report progress and ask for calibration
  // data.
  struct LoadInProgress {
    std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
    std::shared_ptr<BatchExchange> batches = std::make_shared<BatchExchange>();
    Napi::FunctionReference on_progress, next_batch;

    void Cancel() {
      *cancelled = true;
      batches->Close();
    }
  };
  std::map<uint32_t, LoadInProgress>& loads() { return loads_; }

  // Those at work, by the number that lib/measure/sampling.ts gave them: they end with the
  // environment.
  std::map<uint32_t, std::weak_ptr<ResourceSampler>>& samplers() { return samplers_; }

  // At process.exit, which waits for nobody: ends all lanes and tasks. False when `deadline` passed
  // and a vendor's call still runs.
  bool Shutdown(Clock::time_point deadline);

 private:
  EnvState(Napi::Env env, Napi::Object hooks);
  void BeginShutdown();
  void End(const std::shared_ptr<EnvState>& self);
  void ReleaseReferences();
  Napi::Promise Run(Napi::Env env, TaskRunner& runner, std::function<Settle()> work,
                    std::function<void()> arrived);

  Napi::FunctionReference make_error_;
  Napi::FunctionReference session_class_;
  Napi::FunctionReference buffer_class_;
  bool external_buffers_;
  Mailbox mailbox_;
  TaskRunner tasks_, copies_;
  std::list<std::weak_ptr<LaneQueue>> sessions_;
  std::list<std::weak_ptr<LoadGenerator>> generators_;
  std::map<uint32_t, LoadInProgress> loads_;
  std::map<uint32_t, std::weak_ptr<ResourceSampler>> samplers_;
  bool shut_down_ = false;
};

}  // namespace accelnode
