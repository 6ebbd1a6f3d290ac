#include "buffer_wrap.h"

#include <utility>

#include "backends.h"
#include "env_state.h"
#include "to_js.h"

namespace accelnode {
namespace {

struct NewBuffer {
  Buffer buffer;
  Backend& backend;
};

// Ordinary memory of JavaScript's, for one copy. Its owner in lib/ keeps it until the copy is done.
Buffer HostView(Napi::Value value) {
  const auto view = value.As<Napi::TypedArray>();
  Buffer buffer;
  void* data = nullptr;
  napi_get_typedarray_info(value.Env(), value, nullptr, nullptr, &data, nullptr, nullptr);
  buffer.data = data;
  buffer.bytes = view.ByteLength();
  return buffer;
}

}  // namespace

void BufferWrap::Define(Napi::Env env) {
  EnvState::Of(env).buffer_class() = Napi::Persistent(DefineClass(
      env, "NativeBuffer",
      {InstanceMethod<&BufferWrap::Read>("read"), InstanceMethod<&BufferWrap::Write>("write"),
       InstanceMethod<&BufferWrap::CopyTo>("copyTo"),
       InstanceMethod<&BufferWrap::Dispose>("dispose")}));
}

Napi::Value BufferWrap::Allocate(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const MemoryKind kind = MemoryKindFromName(info[2].As<Napi::String>());
  try {
    if (kind == MemoryKind::kPinned && !EnvState::Of(env).external_buffers()) {
      throw Error(ErrorCode::UNSUPPORTED, "This host forbids ArrayBuffers over foreign memory.")
          .WithHint("Use host memory there: Tensor.zeros, or session.allocate, which chooses it.");
    }
    Backend& backend = GetBackend(info[0].As<Napi::String>());
    const std::string device = info[1].As<Napi::String>();
    const auto bytes = static_cast<size_t>(info[3].As<Napi::Number>().DoubleValue());
    return New(env, backend.Allocate(kind, bytes, device), backend);
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw ThrowableError(env, CurrentError());
  }
}

Napi::Object BufferWrap::New(Napi::Env env, Buffer buffer, Backend& backend) {
  NewBuffer arguments{std::move(buffer), backend};
  return EnvState::Of(env).buffer_class().New({Napi::External<NewBuffer>::New(env, &arguments)});
}

BufferWrap::BufferWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<BufferWrap>(info), state_(EnvState::Share(info.Env())) {
  Napi::Env env = info.Env();
  auto* arguments = info[0].As<Napi::External<NewBuffer>>().Data();
  backend_ = &arguments->backend;
  buffer_ = std::move(arguments->buffer);

  Napi::Object self = info.This().As<Napi::Object>();
  auto number = [](const void* pointer) {
    return static_cast<double>(reinterpret_cast<uintptr_t>(pointer));
  };
  self.Set("handle", number(&buffer_));
  self.Set("address", number(buffer_.data));
  self.Set("bytes", static_cast<double>(buffer_.bytes));
  if (buffer_.kind == MemoryKind::kPinned) {
    data_owner_ = std::make_shared<std::shared_ptr<void>>(buffer_.owner);
    Napi::ArrayBuffer data = ExternalArrayBuffer(env, buffer_.data, buffer_.bytes, data_owner_);
    self.Set("data", data);
    data_ = Napi::Weak(data);
  }
  // V8 counts what lies behind an ArrayBuffer by itself; of the device it knows nothing, and would
  // see no reason to collect.
  if (buffer_.kind == MemoryKind::kDevice) {
    Napi::MemoryManagement::AdjustExternalMemory(env, static_cast<int64_t>(buffer_.bytes));
  }
}

void BufferWrap::Finalize(Napi::BasicEnv env) { Free(env); }

void BufferWrap::Free(Napi::BasicEnv env) {
  if (!buffer_.owner) return;
  if (buffer_.kind == MemoryKind::kDevice) {
    Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(buffer_.bytes));
  }
  buffer_.owner.reset();
}

// dispose(): views of it have no elements any more, and the memory goes back at once.
Napi::Value BufferWrap::Dispose(const Napi::CallbackInfo& info) {
  if (!data_.IsEmpty()) {
    Napi::ArrayBuffer data = data_.Value();
    if (!data.IsEmpty() && !data.IsDetached()) {
      data.Detach();
      data_owner_->reset();  // its finalizer comes only later
    }
    data_.Reset();
  }
  Free(info.Env());
  return {};
}

Napi::Value BufferWrap::Copy(Napi::Env env, const Buffer& from, const Buffer& to, size_t bytes) {
  return state_->RunCopy(env, [backend = backend_, from, to, bytes]() -> EnvState::Settle {
    if (bytes > 0) backend->Copy(from, to, bytes);  // no bytes may have no address either
    return [](Napi::Env env) { return env.Undefined(); };
  });
}

// read(target): Promise<void>, fills the typed array from the buffer's start.
Napi::Value BufferWrap::Read(const Napi::CallbackInfo& info) {
  const Buffer target = HostView(info[0]);
  return Copy(info.Env(), buffer_, target, target.bytes);
}

// write(source): Promise<void>
Napi::Value BufferWrap::Write(const Napi::CallbackInfo& info) {
  const Buffer source = HostView(info[0]);
  return Copy(info.Env(), source, buffer_, source.bytes);
}

// copyTo(buffer, bytes): Promise<void>; both on one device.
Napi::Value BufferWrap::CopyTo(const Napi::CallbackInfo& info) {
  const Buffer& target = Unwrap(info[0].As<Napi::Object>())->buffer_;
  return Copy(info.Env(), buffer_, target,
              static_cast<size_t>(info[1].As<Napi::Number>().DoubleValue()));
}

}  // namespace accelnode
