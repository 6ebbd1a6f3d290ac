#include "load_to_js.h"

#include "mailbox.h"
#include "to_js.h"

namespace accelnode {
namespace {

Clock::duration Milliseconds(Napi::Value value) {
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(value.As<Napi::Number>().DoubleValue()));
}

Napi::Float64Array ToJs(Napi::Env env, const LoadSums& sums) {
  const auto queued = std::chrono::duration_cast<std::chrono::nanoseconds>(sums.queued);
  const double numbers[Mailbox::kRecordSize] = {static_cast<double>(sums.runs),
                                                static_cast<double>(sums.failed),
                                                static_cast<double>(queued.count()),
                                                static_cast<double>(sums.stats.h2d),
                                                static_cast<double>(sums.stats.compute),
                                                static_cast<double>(sums.stats.d2h),
                                                static_cast<double>(sums.stats.copied_bytes),
                                                static_cast<double>(sums.stats.h2d_bytes),
                                                static_cast<double>(sums.stats.d2h_bytes),
                                                0};
  auto array = Napi::Float64Array::New(env, Mailbox::kRecordSize);
  std::copy(std::begin(numbers), std::end(numbers), array.Data());
  return array;
}

}  // namespace

LoadPlan LoadPlanFromJs(Napi::Object object) {
  const auto number = [&](const char* key) {
    return object.Get(key).As<Napi::Number>().DoubleValue();
  };
  LoadPlan plan;
  plan.rate = number("rate");
  plan.open = plan.rate > 0;
  plan.poisson = object.Get("poisson").ToBoolean();
  plan.seed = static_cast<uint64_t>(number("seed"));
  plan.warmup = Milliseconds(object.Get("warmup"));
  plan.duration = Milliseconds(object.Get("duration"));
  plan.warmup_requests = static_cast<size_t>(number("warmupRuns"));
  plan.min_requests = static_cast<size_t>(number("minRuns"));
  plan.max_requests = static_cast<size_t>(number("maxRuns"));
  return plan;
}

Napi::Value ToJs(Napi::Env env, LoadReport& report) {
  Napi::Object object = Napi::Object::New(env);
  if (report.error) object.Set("error", ErrorToJs(env, *report.error));
  const std::chrono::duration<double, std::milli> duration = report.end - report.begin;
  object.Set("duration", duration.count());
  object.Set("counted", ToJs(env, report.counted));
  object.Set("all", ToJs(env, report.all));
  object.Set("late", static_cast<double>(report.late));
  object.Set("unsent", static_cast<double>(report.unsent));
  // After an error, some of the requests have no times.
  const size_t count = report.error ? 0 : report.requests;
  const auto column = [&](const char* key, Clock::time_point RequestTimes::* member) {
    auto array = Napi::Float64Array::New(env, count);
    double* numbers = array.Data();
    for (size_t i = 0; i < count; ++i) {
      const std::chrono::duration<double, std::milli> time = report.times[i].*member - report.begin;
      numbers[i] = time.count();
    }
    object.Set(key, array);
  };
  column("due", &RequestTimes::due);
  column("sent", &RequestTimes::sent);
  column("started", &RequestTimes::started);
  column("ended", &RequestTimes::ended);
  const auto part = [&](const char* key, float RequestTimes::* member) {
    auto array = Napi::Float32Array::New(env, count);
    float* numbers = array.Data();
    for (size_t i = 0; i < count; ++i) numbers[i] = report.times[i].*member;
    object.Set(key, array);
  };
  part("h2d", &RequestTimes::h2d);
  part("compute", &RequestTimes::compute);
  part("d2h", &RequestTimes::d2h);
  return object;
}

}  // namespace accelnode
