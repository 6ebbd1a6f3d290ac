// What JavaScript sees of the addon: lib/native/addon.ts declares the same, with types.
#include <napi.h>

#include <utility>

#include "backends.h"
#include "buffer_wrap.h"
#include "data_type.h"
#include "env_state.h"
#include "platform.h"
#include "sampling_to_js.h"
#include "session_wrap.h"
#include "to_js.h"

namespace accelnode {
namespace {

// At process.exit, how long to wait for a vendor's call that does not stop when asked (a compile,
// say) before the process leaves without running static destructors.
constexpr auto kExitGrace = std::chrono::seconds(2);

Napi::Value Init(const Napi::CallbackInfo& info) {
  EnvState::Create(info.Env(), info[0].As<Napi::Object>());
  SessionWrap::Define(info.Env());
  BufferWrap::Define(info.Env());
  return {};
}

// open(backend, candidates, exclusive, companion): Promise<Runtime>
Napi::Value Open(const Napi::CallbackInfo& info) {
  Backend& backend = GetBackend(info[0].As<Napi::String>());
  OpenRequest request;
  const Value candidates = FromJs(info[1]);
  for (const Value& candidate : *candidates.AsList()) {
    request.candidates.push_back({candidate.String("name"), candidate.String("origin")});
  }
  request.exclusive = info[2].As<Napi::Boolean>();
  request.companion = info[3].As<Napi::String>();
  return EnvState::Of(info.Env())
      .RunTask(info.Env(), [&backend, request = std::move(request)]() -> EnvState::Settle {
        return [runtime = backend.Open(request)](Napi::Env env) { return ToJs(env, runtime); };
      });
}

// devices(backend): Promise<{ present: Device[], absent: AbsentDevice[], checks: Check[] }>
Napi::Value Devices(const Napi::CallbackInfo& info) {
  Backend& backend = GetBackend(info[0].As<Napi::String>());
  return EnvState::Of(info.Env()).RunTask(info.Env(), [&backend]() -> EnvState::Settle {
    return [devices = backend.Devices()](Napi::Env env) { return ToJs(env, devices); };
  });
}

// cancelLoad(id)
Napi::Value CancelLoad(const Napi::CallbackInfo& info) {
  auto& loads = EnvState::Of(info.Env()).loads();
  auto load = loads.find(info[0].As<Napi::Number>().Uint32Value());
  if (load != loads.end()) load->second.Cancel();
  return {};
}

// addressOf(view): the address of its first byte. It stays where it is until the buffer is detached
// or collected: V8 moves only small arrays that have never been asked for their buffer, and asking
// is what this does.
Napi::Value AddressOf(const Napi::CallbackInfo& info) {
  void* data = nullptr;
  napi_status status =
      napi_get_typedarray_info(info.Env(), info[0], nullptr, nullptr, &data, nullptr, nullptr);
  NAPI_THROW_IF_FAILED(info.Env(), status, info.Env().Undefined());
  return Napi::Number::New(info.Env(), static_cast<double>(reinterpret_cast<uintptr_t>(data)));
}

// externalBuffers(): does this host allow ArrayBuffers over foreign memory?
Napi::Value ExternalBuffers(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), EnvState::Of(info.Env()).external_buffers());
}

// deliver(): what has gathered in the mailbox; see SessionWrap::Submit.
Napi::Value Deliver(const Napi::CallbackInfo& info) {
  EnvState::Of(info.Env()).mailbox().Deliver(info.Env());
  return {};
}

// shutdown(exitCode): for the main thread's 'exit' event. Node runs no clean-up hooks when
// process.exit is called, so without this, static destructors would meet running lanes.
Napi::Value Shutdown(const Napi::CallbackInfo& info) {
  if (!EnvState::Of(info.Env()).Shutdown(Clock::now() + kExitGrace)) {
    SkipDestructorsAtExit(info[0].As<Napi::Number>().Int32Value());
  }
  return {};
}

Napi::Array Names(Napi::Env env, std::initializer_list<const char*> names) {
  Napi::Array list = Napi::Array::New(env, names.size());
  uint32_t i = 0;
  for (const char* name : names) list.Set(i++, name);
  return list;
}

Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  StayLoaded();
  exports.Set("version", ACCELNODE_VERSION);
  exports.Set("init", Napi::Function::New<Init>(env, "init"));
  exports.Set("open", Napi::Function::New<Open>(env, "open"));
  exports.Set("devices", Napi::Function::New<Devices>(env, "devices"));
  exports.Set("load", Napi::Function::New<SessionWrap::Load>(env, "load"));
  exports.Set("cancelLoad", Napi::Function::New<CancelLoad>(env, "cancelLoad"));
  exports.Set("calibrationBatch",
              Napi::Function::New<SessionWrap::CalibrationBatch>(env, "calibrationBatch"));
  exports.Set("allocate", Napi::Function::New<BufferWrap::Allocate>(env, "allocate"));
  exports.Set("addressOf", Napi::Function::New<AddressOf>(env, "addressOf"));
  exports.Set("externalBuffers", Napi::Function::New<ExternalBuffers>(env, "externalBuffers"));
  exports.Set("sample", Napi::Function::New<Sample>(env, "sample"));
  exports.Set("stopSampling", Napi::Function::New<StopSampling>(env, "stopSampling"));
  exports.Set("deliver", Napi::Function::New<Deliver>(env, "deliver"));
  exports.Set("shutdown", Napi::Function::New<Shutdown>(env, "shutdown"));

  // Both sides write these lists down; tests compare them.
  Napi::Array backends = Napi::Array::New(env);
  for (const auto& backend : Backends()) backends.Set(backends.Length(), backend->Name());
  exports.Set("backends", backends);
#define X(name) #name,
  exports.Set("errorCodes", Names(env, {ACCELNODE_ERROR_CODES(X)}));
#undef X
#define X(enumerator, name, bits) name,
  exports.Set("dataTypes", Names(env, {ACCELNODE_DATA_TYPES(X)}));
#undef X
  exports.Set("maxRank", static_cast<double>(kMaxRank));
  return exports;
}

}  // namespace

NODE_API_MODULE(accelnode, InitAddon)

}  // namespace accelnode
