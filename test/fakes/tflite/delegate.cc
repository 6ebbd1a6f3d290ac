#include "delegate.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "../mapped_block.h"

namespace stub {
namespace {

std::mutex& Mutex() {
  static auto& mutex = *new std::mutex;
  return mutex;
}

bool IsOneOf(const std::string& value, const std::set<std::string>& values) {
  return values.count(value) > 0;
}

bool IsBoolean(const std::string& value) { return IsOneOf(value, {"true", "false"}); }
bool IsText(const std::string&) { return true; }
bool IsSeverity(const std::string& value) {
  return IsOneOf(value, {"trace", "debug", "info", "warning", "error", "fatal"});
}
bool IsTuningLevel(const std::string& value) { return IsOneOf(value, {"0", "1", "2", "3"}); }
// The real one ends the process, too.
bool IsThreads(const std::string& value) {
  const long threads = std::strtol(value.c_str(), nullptr, 10);
  if (threads < 1 || threads > 64) {
    std::fprintf(stderr, "number-of-threads is %s\n", value.c_str());
    std::abort();
  }
  return true;
}
// An unknown backend in a list is only logged, but one must be known.
bool IsBackends(const std::string& value) {
  std::istringstream names(value);
  for (std::string name; std::getline(names, name, ',');) {
    if (IsOneOf(name, {"CpuRef", "CpuAcc", "GpuAcc"})) return true;
  }
  return false;
}

// Of release 23.08.
const std::map<std::string, bool (*)(const std::string&)>& Options() {
  static const auto& options = *new std::map<std::string, bool (*)(const std::string&)>{
      {"backends", IsBackends},
      {"dynamic-backends-path", IsText},
      {"logging-severity", IsSeverity},
      {"number-of-threads", IsThreads},
      {"enable-fast-math", IsBoolean},
      {"reduce-fp32-to-fp16", IsBoolean},
      {"memory-import", IsBoolean},
      {"gpu-tuning-level", IsTuningLevel},
      {"gpu-tuning-file", IsText},
      {"gpu-mlgo-tuning-file", IsText},
      {"gpu-enable-profiling", IsBoolean},
      {"gpu-kernel-profiling-enabled", IsBoolean},
      {"save-cached-network", IsBoolean},
      {"cached-network-filepath", IsText},
      {"infer-output-shape", IsBoolean},
      {"allow-expanded-dims", IsBoolean},
      {"debug-data", IsBoolean},
      {"serialize-to-dot", IsText},
      {"disable-tflite-runtime-fallback", IsBoolean},
      {"enable-internal-profiling", IsBoolean},
      {"internal-profiling-detail", IsText},
      {"enable-external-profiling", IsBoolean},
      {"timeline-profiling", IsBoolean},
      {"outgoing-capture-file", IsText},
      {"incoming-capture-file", IsText},
      {"file-only-external-profiling", IsBoolean},
      {"counter-capture-period", IsText},
      {"profiling-file-format", IsText},
  };
  return options;
}

const char* NameOf(int32_t builtin) {
  switch (builtin) {
    case kBuiltinAdd:
      return "ADD";
    case kBuiltinCos:
      return "COS";
    case kBuiltinNeg:
      return "NEG";
    case kBuiltinRelu:
      return "RELU";
    default:
      return "?";
  }
}

bool Takes(const TfLiteRegistration& registration, int index) {
  switch (Block().behaviour) {
    case Behaviour::kRejectAll:
      return false;
    case Behaviour::kHalf:
      return index % 2 == 0 && IsKnown(registration);
    default:
      return IsKnown(registration);
  }
}

TfLiteStatus Prepare(TfLiteContext* context, TfLiteDelegate* delegate) {
  const Behaviour behaviour = Block().behaviour;
  if (behaviour == Behaviour::kThrowPrepare) throw std::runtime_error("(clGetDeviceInfo) caught");
  if (behaviour == Behaviour::kFailPrepare) {
    context->ReportError(context, "The network can't be optimised.");
    return kTfLiteDelegateError;
  }
  TfLiteIntArray* plan = nullptr;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  std::vector<int> claimed = {0};  // how many, and which
  for (int i = 0; i < plan->size; ++i) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    context->GetNodeAndRegistration(context, plan->data[i], &node, &registration);
    if (Takes(*registration, i)) {
      claimed.push_back(plan->data[i]);
      ++claimed[0];
    } else {
      context->ReportError(context, "Operator %s [%d] is not supported by armnn_delegate.",
                           NameOf(registration->builtin_code), registration->builtin_code);
    }
  }
  {
    std::lock_guard lock(Mutex());
    Block().claimed += claimed[0];
  }
  if (claimed[0] == 0) return kTfLiteOk;
  return Claim(context, delegate, reinterpret_cast<const TfLiteIntArray*>(claimed.data()));
}

}  // namespace

Control& Block() {
  static Control& control = [&]() -> Control& {
    Control* block = fake::MapBlock<Control>("ACCELNODE_FAKE_DELEGATE");
    block->bytes = sizeof(Control);
    block->kinds = kKinds;
    std::snprintf(block->names[0], sizeof(block->names[0]), "delegate");
    std::snprintf(block->names[1], sizeof(block->names[1]), "kernel");
    return *block;
  }();
  return control;
}

void Count(Kind kind, int change) {
  std::lock_guard lock(Mutex());
  Block().live[static_cast<int>(kind)] += change;
}

int Living(Kind kind) {
  std::lock_guard lock(Mutex());
  return Block().live[static_cast<int>(kind)];
}

void Violation(const std::string& what) {
  std::lock_guard lock(Mutex());
  if (Block().violations++ > 0) return;
  std::snprintf(Block().violation, sizeof(Block().violation), "%s", what.c_str());
}

}  // namespace stub

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void* tflite_plugin_create_delegate(char** keys, char** values, size_t count,
                                           void (*report_error)(const char*)) {
  using namespace stub;
  const Behaviour behaviour = Block().behaviour;
  if (behaviour == Behaviour::kThrowCreate) throw std::runtime_error("CL_INVALID_DEVICE");
  if (behaviour == Behaviour::kThrowOddly) throw 7;
  std::string all;
  for (size_t i = 0; i < count; ++i) {
    const auto known = Options().find(keys[i]);
    if (known == Options().end()) {
      report_error(("Unknown option: " + std::string(keys[i])).c_str());
      return nullptr;
    }
    if (!known->second(values[i])) {
      report_error((std::string(keys[i]) + " can't be " + values[i] + ": no backend or value").c_str());
      return nullptr;
    }
    all += std::string(keys[i]) + "=" + values[i] + "\n";
  }
  auto* const delegate = new TfLiteDelegate{};
  delegate->Prepare = Prepare;
  std::snprintf(Block().options, sizeof(Block().options), "%s", all.c_str());
  Count(Kind::kDelegate, 1);
  ++Block().made;
  return delegate;
}

EXPORT void tflite_plugin_destroy_delegate(void* delegate) {
  using namespace stub;
  if (delegate == nullptr) return Violation("destroy of no delegate");
  Count(Kind::kDelegate, -1);
  if (Living(Kind::kDelegate) == 0 && Living(Kind::kKernel) > 0) {
    Violation("the delegate is gone before its kernels");
  }
  delete static_cast<TfLiteDelegate*>(delegate);
}
