// Pinned and device memory as lib/memory.ts holds it: one Buffer, freed when disposed of or
// garbage-collected. What is passed in was validated there; in particular, nothing is disposed of
// while a run or a copy uses it.
#pragma once

#include <napi.h>

#include <memory>

#include "backend.h"

namespace accelnode {

class EnvState;

class BufferWrap final : public Napi::ObjectWrap<BufferWrap> {
 public:
  static void Define(Napi::Env env);
  // allocate(backend, device, kind, bytes): NativeBuffer
  static Napi::Value Allocate(const Napi::CallbackInfo& info);
  static Napi::Object New(Napi::Env env, Buffer buffer, Backend& backend);

  explicit BufferWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  Napi::Value CopyTo(const Napi::CallbackInfo& info);
  Napi::Value Dispose(const Napi::CallbackInfo& info);

  Napi::Value Copy(Napi::Env env, const Buffer& from, const Buffer& to, size_t bytes);
  void Free(Napi::BasicEnv env);

  const std::shared_ptr<EnvState> state_;
  Backend* backend_ = nullptr;
  // Runs point at it, which is why it stays where it is as long as this object lives.
  Buffer buffer_;
  Napi::Reference<Napi::ArrayBuffer> data_;
  std::shared_ptr<std::shared_ptr<void>> data_owner_;  // what `data_` keeps
};

}  // namespace accelnode
