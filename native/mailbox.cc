#include "mailbox.h"

#include <algorithm>
#include <utility>

#include "to_js.h"

namespace accelnode {
namespace {

constexpr size_t kSpareJobs = 1024;

double Nanoseconds(Clock::duration time) {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
}

// What JavaScript throws must not unwind through Node, which is not made for it: the process would
// abort. It ends up where the exceptions of all callbacks do, in 'uncaughtException'.
template <typename Work>
void Guard(Napi::Env env, Work work) {
  try {
    work();
  } catch (const Napi::Error& error) {
    try {
      napi_fatal_exception(env, error.Value());
    } catch (const Napi::Error&) {
      // A worker is being terminated: every call of JavaScript fails, and nobody is left to tell.
    }
  }
}

}  // namespace

Mailbox::Mailbox(Napi::Env env, Napi::Function on_runs_done, Napi::Float64Array records)
    : env_(env),
      on_runs_done_(Napi::Persistent(on_runs_done)),
      records_(Napi::Persistent(records)),
      record_data_(records.Data()),
      record_capacity_(records.ElementLength() / kRecordSize) {
  napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "accelnode"), 0,
                                      1, nullptr, nullptr, this, CallJs, &wake_up_);
  NAPI_THROW_IF_FAILED_VOID(env, status);
  napi_unref_threadsafe_function(env, wake_up_);
}

void Mailbox::Expect() {
  if (expected_++ == 0) napi_ref_threadsafe_function(env_, wake_up_);
}

void Mailbox::Arrived(size_t count) {
  expected_ -= count;
  if (expected_ == 0 && count > 0) napi_unref_threadsafe_function(env_, wake_up_);
}

void Mailbox::Done(std::unique_ptr<Job> job) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    was_empty = jobs_.empty() && letters_.empty();
    jobs_.push_back(std::move(job));
  }
  Wake(was_empty);
}

void Mailbox::Keep(std::unique_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  if (!closed_) jobs_.push_back(std::move(job));
}

void Mailbox::Send(Letter letter) { Put({std::move(letter), true}); }

void Mailbox::SendNews(Letter letter) { Put({std::move(letter), false}); }

void Mailbox::Put(Envelope envelope) {
  bool was_empty = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    was_empty = jobs_.empty() && letters_.empty();
    letters_.push_back(std::move(envelope));
  }
  Wake(was_empty);
}

void Mailbox::Wake(bool was_empty) {
  // Whoever made the box non-empty rings; the rest ride along.
  if (was_empty) napi_call_threadsafe_function(wake_up_, nullptr, napi_tsfn_nonblocking);
}

void Mailbox::CallJs(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;  // the environment is going away
  static_cast<Mailbox*>(context)->Deliver(env);
}

void Mailbox::Deliver(Napi::Env env) {
  {
    std::lock_guard lock(mutex_);
    arriving_jobs_.swap(jobs_);
    arriving_letters_.swap(letters_);
  }
  for (size_t begin = 0; begin < arriving_jobs_.size(); begin += record_capacity_) {
    const size_t count = std::min(record_capacity_, arriving_jobs_.size() - begin);
    Arrived(count);
    Guard(env, [&] { DeliverJobs(env, begin, count); });
  }
  arriving_jobs_.clear();
  for (Envelope& envelope : arriving_letters_) {
    if (envelope.announced) Arrived(1);
    Guard(env, [&] {
      Napi::HandleScope scope(env);
      envelope.letter(env);
    });
  }
  arriving_letters_.clear();
}

void Mailbox::DeliverJobs(Napi::Env env, size_t begin, size_t count) {
  Napi::HandleScope scope(env);
  napi_value extras = nullptr;
  for (size_t i = 0; i < count; ++i) {
    Job& job = *arriving_jobs_[begin + i];
    if (HasOutcome(job)) {
      if (extras == nullptr) extras = Napi::Array::New(env, count);
      napi_set_element(env, extras, static_cast<uint32_t>(i), OutcomeToJs(env, job));
    }
    WriteRecord(job, record_data_ + i * kRecordSize);
    Recycle(std::move(arriving_jobs_[begin + i]));
  }
  napi_value arguments[] = {Napi::Number::New(env, static_cast<double>(count)),
                            extras == nullptr ? env.Undefined() : Napi::Value(env, extras)};
  on_runs_done_.Call({arguments[0], arguments[1]});
}

void Mailbox::WriteRecord(const Job& job, double* record) {
  record[0] = job.id;
  record[1] = job.error ? 1 : 0;
  record[2] = Nanoseconds(job.started - job.queued);
  record[3] = static_cast<double>(job.stats.h2d);
  record[4] = static_cast<double>(job.stats.compute);
  record[5] = static_cast<double>(job.stats.d2h);
  record[6] = static_cast<double>(job.stats.copied_bytes);
  record[7] = static_cast<double>(job.stats.h2d_bytes);
  record[8] = static_cast<double>(job.stats.d2h_bytes);
  record[9] = job.ran_inline ? 1 : 0;
}

void Mailbox::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  jobs_.clear();
  letters_.clear();
}

void Mailbox::ReleaseReferences() {
  on_runs_done_.Reset();
  records_.Reset();
}

std::unique_ptr<Job> Mailbox::NewJob() {
  if (spare_jobs_.empty()) return std::make_unique<Job>();
  std::unique_ptr<Job> job = std::move(spare_jobs_.back());
  spare_jobs_.pop_back();
  return job;
}

void Mailbox::Recycle(std::unique_ptr<Job> job) {
  if (spare_jobs_.size() >= kSpareJobs) return;
  job->error.reset();
  job->cancelled = false;
  job->ran_inline = false;
  job->stats = {};
  for (Output& output : job->outputs) {
    if (output.allocated.owner) output.allocated = {};
  }
  spare_jobs_.push_back(std::move(job));
}

}  // namespace accelnode
