// The session object that lib/session.ts holds. It turns the argument block into jobs for the lanes
// and does nothing else: what a run needs was validated before it came here.
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "lane.h"

namespace accelnode {

class EnvState;

class SessionWrap final : public Napi::ObjectWrap<SessionWrap> {
 public:
  // load(request): Promise<SessionWrap>
  static Napi::Value Load(const Napi::CallbackInfo& info);
  static void Define(Napi::Env env);

  explicit SessionWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv) override;

 private:
  // One tensor of a run in the argument block, as numbers: address, byte length, rank, dimensions.
  // Addresses of user space fit a double (48 bits, at most 52). An output's address is 0 when the
  // backend shall allocate it and -1 when nobody wants it.
  static constexpr size_t kArgumentSize = 3 + kMaxRank;

  Napi::Value Submit(const Napi::CallbackInfo& info);
  Napi::Value RunSync(const Napi::CallbackInfo& info);
  Napi::Value Cancel(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Profile(const Napi::CallbackInfo& info);
  Napi::Value Memory(const Napi::CallbackInfo& info);
  Napi::Value Export(const Napi::CallbackInfo& info);

  std::unique_ptr<Job> TakeJob(uint32_t id);
  std::shared_ptr<LaneQueue> Open(Napi::Env env) const;  // throws CLOSED after close()

  const std::shared_ptr<EnvState> state_;
  std::shared_ptr<LaneQueue> queue_;  // null after close()
  size_t input_count_ = 0, output_count_ = 0;
  Napi::Reference<Napi::Float64Array> arguments_;
  const double* argument_data_ = nullptr;
};

}  // namespace accelnode
