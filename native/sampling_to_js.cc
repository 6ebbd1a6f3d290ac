#include "sampling_to_js.h"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "backends.h"
#include "env_state.h"
#include "resource_sampler.h"

namespace accelnode {
namespace {

Napi::Value ReportToJs(Napi::Env env, const SamplingReport& report) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* key, const std::optional<double>& value) {
    if (value) object.Set(key, *value);
  };
  object.Set("samples", static_cast<double>(report.samples));
  set("utilization", report.utilization);
  set("power", report.power);
  set("temperature", report.temperature);
  set("memory", report.memory);
  set("rss", report.rss);
  set("cpu", report.cpu);
  set("overhead", report.overhead);
  object.Set("took", std::chrono::duration<double, std::milli>(report.took).count());
  Napi::Array problems = Napi::Array::New(env, report.problems.size());
  for (uint32_t i = 0; i < report.problems.size(); ++i) problems.Set(i, report.problems[i]);
  object.Set("problems", problems);
  return object;
}

}  // namespace

Napi::Value Sample(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  EnvState& state = EnvState::Of(env);
  Napi::Object object = info[0].As<Napi::Object>();
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(object.Get("interval").ToNumber().DoubleValue()));
  Backend& backend = GetBackend(object.Get("backend").As<Napi::String>());
  const std::string device = object.Get("device").As<Napi::String>();
  const uint32_t id = object.Get("id").As<Napi::Number>().Uint32Value();

  auto sampler = std::make_shared<ResourceSampler>(interval);
  state.samplers()[id] = sampler;
  // Broken, and so settled, where there is no thread to be had.
  auto begun = std::make_shared<std::promise<void>>();
  std::shared_future<void> has_begun = begun->get_future();
  auto run = [sampler, &backend, device, begun = std::move(begun)]() -> EnvState::Settle {
    auto report = std::make_shared<SamplingReport>(
        sampler->Run(backend, device, [&] { begun->set_value(); }));
    return [report](Napi::Env env) { return ReportToJs(env, *report); };
  };
  Napi::Object promises = Napi::Object::New(env);
  promises.Set("ended", state.RunTask(env, std::move(run)));
  promises.Set("begun", state.RunTask(env, [has_begun]() -> EnvState::Settle {
    has_begun.wait();
    return [](Napi::Env env) { return env.Undefined(); };
  }));
  return promises;
}

Napi::Value StopSampling(const Napi::CallbackInfo& info) {
  auto& samplers = EnvState::Of(info.Env()).samplers();
  auto found = samplers.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == samplers.end()) return {};
  if (auto sampler = found->second.lock()) sampler->Stop();
  samplers.erase(found);
  return {};
}

}  // namespace accelnode
