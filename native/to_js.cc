#include "to_js.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "buffer_wrap.h"
#include "env_state.h"

namespace accelnode {
namespace {

template <typename T>
Napi::Array ListToJs(Napi::Env env, const std::vector<T>& items) {
  Napi::Array list = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); ++i) {
    if constexpr (std::is_arithmetic_v<T>) {
      list.Set(i, Napi::Number::New(env, static_cast<double>(items[i])));
    } else {
      list.Set(i, ToJs(env, items[i]));
    }
  }
  return list;
}

// Host memory that a backend allocated: no copy, where the host of JavaScript allows that.
Napi::ArrayBuffer AllocatedToJs(Napi::Env env, const Output& output, RunStats& stats) {
  if (output.bytes > 0 && EnvState::Of(env).external_buffers()) {
    return ExternalArrayBuffer(env, output.data, output.bytes,
                               std::make_shared<std::shared_ptr<void>>(output.allocated.owner));
  }
  auto copy = Napi::ArrayBuffer::New(env, output.bytes);
  if (output.bytes > 0) std::memcpy(copy.Data(), output.data, output.bytes);
  stats.copied_bytes += output.bytes;
  return copy;
}

Napi::Object ProducedToJs(Napi::Env env, Job& job, Output& output) {
  Napi::Object object = Napi::Object::New(env);
  if (output.allocated.kind == MemoryKind::kDevice) {
    object.Set("buffer", BufferWrap::New(env, std::exchange(output.allocated, {}), *job.backend));
  } else if (output.allocated.owner) {
    object.Set("data", AllocatedToJs(env, output, job.stats));
  }
  Napi::Array dims = Napi::Array::New(env, output.shape.rank());
  for (uint32_t i = 0; i < output.shape.rank(); ++i) {
    dims.Set(i, Napi::Number::New(env, static_cast<double>(output.shape[i])));
  }
  object.Set("dims", dims);
  return object;
}

bool WasProduced(const Output& output) { return output.allocated.owner || output.reshaped; }

}  // namespace

Napi::Value ToJs(Napi::Env env, const Value& value) {
  if (const bool* flag = value.AsBool()) return Napi::Boolean::New(env, *flag);
  if (const double* number = value.AsNumber()) return Napi::Number::New(env, *number);
  if (const std::string* text = value.AsString()) return Napi::String::New(env, *text);
  if (const Value::List* list = value.AsList()) return ListToJs(env, *list);
  if (const Value::Map* map = value.AsMap()) {
    Napi::Object object = Napi::Object::New(env);
    for (const auto& [key, member] : *map) {
      if (member.IsSet()) object.Set(key, ToJs(env, member));
    }
    return object;
  }
  return env.Undefined();
}

namespace {

Napi::Value InfoToJs(Napi::Env env, const TensorInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", info.name);
  object.Set("type", DataTypeName(info.type));
  if (info.rank_known) object.Set("shape", ListToJs(env, info.shape));
  if (!info.min.empty()) {
    object.Set("min", ListToJs(env, info.min));
    object.Set("max", ListToJs(env, info.max));
  }
  if (info.details.IsSet()) object.Set("details", ToJs(env, info.details));
  return object;
}

Napi::Value DeviceToJs(Napi::Env env, const Device& device) {
  Napi::Object object = Napi::Object::New(env);
  auto set_text = [&](const char* key, const std::string& text) {
    if (!text.empty()) object.Set(key, text);
  };
  auto set_bytes = [&](const char* key, uint64_t bytes) {
    if (bytes > 0) object.Set(key, static_cast<double>(bytes));
  };
  set_text("id", device.id);
  set_text("name", device.name);
  set_text("kind", device.kind);
  set_text("arch", device.arch);
  set_text("driver", device.driver);
  set_text("uuid", device.uuid);
  set_bytes("memoryTotal", device.memory_total);
  set_bytes("memoryFree", device.memory_free);
  object.Set("automatic", device.automatic);
  if (device.details.IsSet()) object.Set("details", ToJs(env, device.details));
  return object;
}

Value ToValue(const AbsentDevice& device) {
  return Value::Map{{"id", device.id}, {"reason", device.reason}, {"hint", device.hint}};
}

Value ToValue(const Check& check) {
  return Value::Map{
      {"what", check.what}, {"ok", check.ok}, {"found", check.found}, {"hint", check.hint}};
}

template <typename Row>
Value::List ToValues(const std::vector<Row>& rows) {
  Value::List values;
  for (const Row& row : rows) values.push_back(ToValue(row));
  return values;
}

}  // namespace

Napi::Value ToJs(Napi::Env env, const std::vector<TensorInfo>& infos) {
  Napi::Array list = Napi::Array::New(env, infos.size());
  for (uint32_t i = 0; i < infos.size(); ++i) list.Set(i, InfoToJs(env, infos[i]));
  return list;
}

Napi::Value ToJs(Napi::Env env, const DeviceList& devices) {
  Napi::Array present = Napi::Array::New(env, devices.present.size());
  for (uint32_t i = 0; i < devices.present.size(); ++i) {
    present.Set(i, DeviceToJs(env, devices.present[i]));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("present", present);
  object.Set("absent", ToJs(env, ToValues(devices.absent)));
  object.Set("checks", ToJs(env, ToValues(devices.checks)));
  return object;
}

Napi::Value ToJs(Napi::Env env, const Runtime& runtime) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("version", runtime.version);
  if (!runtime.library.empty()) object.Set("library", runtime.library);
  object.Set("libraries", ToJs(env, ToValue(runtime.attempts)));
  Napi::Array warnings = Napi::Array::New(env, runtime.warnings.size());
  for (uint32_t i = 0; i < runtime.warnings.size(); ++i) warnings.Set(i, runtime.warnings[i]);
  object.Set("warnings", warnings);
  if (runtime.details.IsSet()) object.Set("details", ToJs(env, runtime.details));
  return object;
}

Napi::Value ErrorToJs(Napi::Env env, const Error& error) {
  Napi::Object fields = Napi::Object::New(env);
  fields.Set("code", ErrorCodeName(error.code));
  fields.Set("message", error.message);
  if (!error.hint.empty()) fields.Set("hint", error.hint);
  if (!error.call.empty()) fields.Set("call", error.call);
  if (error.status) fields.Set("status", static_cast<double>(*error.status));
  if (error.details.IsSet()) fields.Set("details", ToJs(env, error.details));
  return EnvState::Of(env).MakeError(fields);
}

Napi::Error ThrowableError(Napi::Env env, const Error& error) {
  return Napi::Error(env, ErrorToJs(env, error));
}

Napi::ArrayBuffer ExternalArrayBuffer(Napi::Env env, void* data, size_t bytes,
                                      std::shared_ptr<std::shared_ptr<void>> owner) {
  using Owner = std::shared_ptr<std::shared_ptr<void>>;
  auto held = std::make_unique<Owner>(std::move(owner));
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(
      env, data, bytes, [](Napi::Env, void*, Owner* held) { delete held; }, held.get());
  held.release();
  return buffer;
}

bool HasOutcome(const Job& job) {
  return job.error || std::any_of(job.outputs.begin(), job.outputs.end(), WasProduced);
}

Napi::Value OutcomeToJs(Napi::Env env, Job& job) {
  if (job.error) return ErrorToJs(env, *job.error);
  Napi::Array produced = Napi::Array::New(env, job.outputs.size());
  for (uint32_t i = 0; i < job.outputs.size(); ++i) {
    Output& output = job.outputs[i];
    if (WasProduced(output)) produced.Set(i, ProducedToJs(env, job, output));
  }
  return produced;
}

Value FromJs(Napi::Value value) {
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  if (value.IsNumber()) return value.As<Napi::Number>().DoubleValue();
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  if (value.IsArray()) {
    Napi::Array array = value.As<Napi::Array>();
    Value::List list;
    for (uint32_t i = 0; i < array.Length(); ++i) list.push_back(FromJs(array.Get(i)));
    return list;
  }
  if (value.IsObject()) {
    Napi::Object object = value.As<Napi::Object>();
    Napi::Array keys = object.GetPropertyNames();
    Value::Map map;
    for (uint32_t i = 0; i < keys.Length(); ++i) {
      Napi::Value key = keys.Get(i);
      map[key.As<Napi::String>().Utf8Value()] = FromJs(object.Get(key));
    }
    return map;
  }
  return {};
}

}  // namespace accelnode
