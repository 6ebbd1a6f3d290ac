// The session object that lib/session.ts holds. It turns the argument block into jobs for the lanes
// and does nothing else: what a run needs was validated before it came here.
#pragma once

#include <napi.h>

#include <future>
#include <map>
#include <memory>
#include <string>

#include "lane.h"

namespace accelnode {

class EnvState;
class LoadGenerator;

class SessionWrap final : public Napi::ObjectWrap<SessionWrap> {
 public:
  // load(request): Promise<SessionWrap>
  static Napi::Value Load(const Napi::CallbackInfo& info);
  // calibrationBatch(load's id, [{ address, bytes, dims }, …] | null | Error): the answer to
  // nextBatch
  static Napi::Value CalibrationBatch(const Napi::CallbackInfo& info);
  static void Define(Napi::Env env);

  explicit SessionWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv) override;

 private:
  // One tensor of a run in the argument block, as numbers: address, handle of the NativeBuffer that
  // it lies in or 0, byte length, rank, dimensions. Addresses of user space fit a double (48 bits,
  // at most 52). lib/native/addon.ts has the same, and the addresses of outputs that have none. The
  // block ends with the record of the last runSync.
  static constexpr size_t kArgumentSize = 4 + kMaxRank;
  static constexpr double kAllocateHost = 0, kNotWanted = -1, kAllocateDevice = -2;

  struct NewSession {
    std::shared_ptr<LaneQueue> queue;
    std::shared_future<void> gone;
    Backend& backend;
  };

  Napi::Value Submit(const Napi::CallbackInfo& info);
  Napi::Value RunSync(const Napi::CallbackInfo& info);
  Napi::Value Cancel(const Napi::CallbackInfo& info);
  Napi::Value CancelAll(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Profile(const Napi::CallbackInfo& info);
  Napi::Value Memory(const Napi::CallbackInfo& info);
  Napi::Value BusyLanes(const Napi::CallbackInfo& info);
  Napi::Value Export(const Napi::CallbackInfo& info);
  Napi::Value GenerateLoad(const Napi::CallbackInfo& info);
  Napi::Value LoadCounts(const Napi::CallbackInfo& info);
  Napi::Value StopLoad(const Napi::CallbackInfo& info);

  std::unique_ptr<Job> TakeJob(uint32_t id);
  void Read(const double* argument, Job& job) const;
  void StopLoads();
  // Both throw CLOSED after close().
  const std::shared_ptr<LaneQueue>& Open(Napi::Env env) const;
  LaneQueue& OpenQueue(Napi::Env env) const;

  const std::shared_ptr<EnvState> state_;
  Backend* backend_ = nullptr;
  std::shared_ptr<LaneQueue> queue_;  // null after close()
  // Still there while a close waits for its last runs, which may be given up meanwhile.
  const std::weak_ptr<LaneQueue> unfinished_;
  const std::shared_future<void> gone_;  // ready when nobody holds the queue any more
  size_t input_count_ = 0, output_count_ = 0;
  Napi::Reference<Napi::Float64Array> arguments_;
  double* argument_data_ = nullptr;
  std::map<uint32_t, std::weak_ptr<LoadGenerator>> loads_;  // by the number that lib/ gave them
};

}  // namespace accelnode
