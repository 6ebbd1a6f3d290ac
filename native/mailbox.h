// From any thread to the JavaScript thread of one environment, with one wake-up for everything that
// has gathered since the last one. Waking the event loop is the dearest step of a short run.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "lane.h"

namespace accelnode {

class Mailbox final : public JobSink {
 public:
  using Letter = std::function<void(Napi::Env)>;

  // `on_runs_done(count, extras)` is called with `count` records in `records`, a Float64Array of
  // lib/native/addon.ts (kRecordSize numbers each); extras[i] is undefined, the run's error, or its
  // backend-allocated outputs.
  Mailbox(Napi::Env env, Napi::Function on_runs_done, Napi::Float64Array records);

  // The JavaScript thread announces each job and letter before it sets out: the process stays alive
  // until all of them have arrived.
  void Expect();

  void Done(std::unique_ptr<Job> job) override;  // any thread
  void Keep(std::unique_ptr<Job> job);           // without a wake-up: Deliver is to be called
  void Send(Letter letter);                      // any thread; announced
  void SendNews(Letter letter);                  // any thread; not announced, may come or not

  // Hands over what has gathered. JavaScript thread only.
  void Deliver(Napi::Env env);

  // Nothing is delivered any more. Later jobs and letters are dropped.
  void Close();
  void ReleaseReferences();

  // What lib/native/addon.ts reads of a finished run, kRecordSize numbers: id, failed, nanoseconds
  // queued, H2D, computing, D2H, bytes copied, H2D, D2H, whether the run was inline.
  static constexpr size_t kRecordSize = 10;
  static void WriteRecord(const Job& job, double* record);

  // Jobs are used again, so that a run allocates nothing. JavaScript thread only.
  std::unique_ptr<Job> NewJob();
  void Recycle(std::unique_ptr<Job> job);

 private:
  struct Envelope {
    Letter letter;
    bool announced;
  };

  static void CallJs(napi_env env, napi_value callback, void* context, void* data);
  void Put(Envelope envelope);
  void Wake(bool was_empty);
  void DeliverJobs(Napi::Env env, size_t begin, size_t count);
  void Arrived(size_t count);

  Napi::Env env_;
  napi_threadsafe_function wake_up_ = nullptr;
  Napi::FunctionReference on_runs_done_;
  Napi::Reference<Napi::Float64Array> records_;
  double* record_data_ = nullptr;
  size_t record_capacity_ = 0;

  size_t expected_ = 0;
  std::vector<std::unique_ptr<Job>> spare_jobs_;
  std::vector<std::unique_ptr<Job>> arriving_jobs_;
  std::vector<Envelope> arriving_letters_;

  std::mutex mutex_;  // guards what follows
  bool closed_ = false;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::vector<Envelope> letters_;
};

}  // namespace accelnode
