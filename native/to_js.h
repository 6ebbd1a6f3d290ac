// Between the addon's own types and JavaScript's. Errors become AccelErrors in ErrorToJs and
// nowhere else.
#pragma once

#include <napi.h>

#include "backend.h"
#include "lane.h"

namespace accelnode {

Napi::Value ToJs(Napi::Env env, const Value& value);
Napi::Value ToJs(Napi::Env env, const std::vector<TensorInfo>& infos);
Napi::Value ToJs(Napi::Env env, const DeviceList& devices);
Napi::Value ToJs(Napi::Env env, const Runtime& runtime);

// An AccelError, made by the function that lib/native/addon.ts handed in.
Napi::Value ErrorToJs(Napi::Env env, const Error& error);
// The same, to be thrown: throw ThrowableError(env, CurrentError()).
Napi::Error ThrowableError(Napi::Env env, const Error& error);

// An ArrayBuffer over foreign memory, which it keeps alive by holding what `owner` points at. V8
// counts its size. Only where the host allows them: EnvState::external_buffers().
Napi::ArrayBuffer ExternalArrayBuffer(Napi::Env env, void* data, size_t bytes,
                                      std::shared_ptr<std::shared_ptr<void>> owner);

// Did a run end otherwise than with all outputs in the caller's memory, as expected?
bool HasOutcome(const Job& job);

// Its error, or an array with { dims, data?: ArrayBuffer, buffer?: NativeBuffer } at the place of
// each output that the backend allocated, or that has another shape than the caller expected.
Napi::Value OutcomeToJs(Napi::Env env, Job& job);

Value FromJs(Napi::Value value);

}  // namespace accelnode
