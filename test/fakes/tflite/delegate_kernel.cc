// The operators that the stub computes: elementwise, on float32.
#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <vector>

#include "delegate.h"

namespace stub {
namespace {

struct Step {
  int32_t builtin;
  std::vector<int> inputs;
  int output;
};

struct Kernel {
  std::vector<Step> steps;
  // Of tensors between two steps, which TFLite gives no memory.
  std::map<int, std::vector<float>> between;
};

size_t ElementsOf(const TfLiteTensor& tensor) {
  size_t elements = 1;
  for (int i = 0; i < tensor.dims->size; ++i) elements *= static_cast<size_t>(tensor.dims->data[i]);
  return elements;
}

float* DataOf(Kernel& kernel, TfLiteContext* context, int index, size_t elements) {
  TfLiteTensor& tensor = context->tensors[index].begin;
  if (tensor.data != nullptr) return static_cast<float*>(tensor.data);
  std::vector<float>& own = kernel.between[index];
  own.resize(elements);
  return own.data();
}

float Compute(int32_t builtin, float a, float b) {
  switch (builtin) {
    case kBuiltinAdd:
      return a + b;
    case kBuiltinNeg:
      return -a;
    default:
      return std::max(a, 0.0f);
  }
}

void* Init(TfLiteContext* context, const char* parameters, size_t) {
  auto* const kernel = new Kernel;
  const auto& given = *reinterpret_cast<const TfLiteDelegateParams*>(parameters);
  for (int i = 0; i < given.nodes->size; ++i) {
    TfLiteNode* node = nullptr;
    TfLiteRegistration* registration = nullptr;
    context->GetNodeAndRegistration(context, given.nodes->data[i], &node, &registration);
    Step step{registration->builtin_code, {}, node->outputs->data[0]};
    for (int k = 0; k < node->inputs->size; ++k) step.inputs.push_back(node->inputs->data[k]);
    kernel->steps.push_back(step);
  }
  Count(Kind::kKernel, 1);
  return kernel;
}

void Free(TfLiteContext*, void* kernel) {
  Count(Kind::kKernel, -1);
  delete static_cast<Kernel*>(kernel);
}

TfLiteStatus PrepareKernel(TfLiteContext*, TfLiteNode*) { return kTfLiteOk; }

TfLiteStatus InvokeKernel(TfLiteContext* context, TfLiteNode* node) {
  if (Block().behaviour == Behaviour::kThrowInvoke) throw std::runtime_error("the queue is gone");
  if (Block().behaviour == Behaviour::kFailInvoke) {
    context->ReportError(context, "The workload failed.");
    return kTfLiteError;
  }
  if (Living(Kind::kDelegate) == 0) Violation("a kernel runs without its delegate");
  Kernel& kernel = *static_cast<Kernel*>(node->user_data);
  for (const Step& step : kernel.steps) {
    const size_t elements = ElementsOf(context->tensors[step.inputs[0]].begin);
    const float* const a = DataOf(kernel, context, step.inputs[0], elements);
    const bool two = step.inputs.size() > 1;
    const size_t others = two ? ElementsOf(context->tensors[step.inputs[1]].begin) : 1;
    const float* const b = two ? DataOf(kernel, context, step.inputs[1], others) : a;
    float* const to = DataOf(kernel, context, step.output, elements);
    for (size_t i = 0; i < elements; ++i) to[i] = Compute(step.builtin, a[i], b[i % others]);
  }
  return kTfLiteOk;
}

}  // namespace

bool IsKnown(const TfLiteRegistration& registration) {
  const int32_t builtin = registration.builtin_code;
  return builtin == kBuiltinAdd || builtin == kBuiltinRelu || builtin == kBuiltinNeg;
}

TfLiteStatus Claim(TfLiteContext* context, TfLiteDelegate* delegate, const TfLiteIntArray* nodes) {
  TfLiteRegistration kernel{};
  kernel.init = Init;
  kernel.free = Free;
  kernel.prepare = PrepareKernel;
  kernel.invoke = InvokeKernel;
  kernel.builtin_code = kBuiltinDelegate;
  kernel.custom_name = "ArmnnDelegate";
  kernel.version = 1;
  return context->ReplaceNodeSubsetsWithDelegateKernels(context, kernel, nodes, delegate);
}

}  // namespace stub
