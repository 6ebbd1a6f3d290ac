#include "openvino_context.h"

#include <cstring>
#include <memory>
#include <utility>

#include "openvino_types.h"

namespace accelnode::openvino {
namespace {

// OpenVINO refuses a null address even for a tensor of no elements.
char g_nothing[64];

ov_shape RawShape(Shape& shape) { return {static_cast<int64_t>(shape.rank()), shape.data()}; }

Shape ShapeOf(const ov_tensor* tensor) {
  ov_shape raw{};
  OV_CALL(ov_tensor_get_shape, tensor, &raw);
  if (raw.rank > static_cast<int64_t>(kMaxRank)) {
    Api().ov_shape_free(&raw);
    throw Error(ErrorCode::UNSUPPORTED, "An output has more than 16 dimensions.");
  }
  Shape shape(raw.dims, static_cast<size_t>(raw.rank));
  Api().ov_shape_free(&raw);
  return shape;
}

void SetShape(Output& output, const Shape& shape) {
  output.reshaped = output.shape != shape;
  output.shape = shape;
}

TensorHandle ViewOf(DataType type, Shape shape, void* data) {
  TensorHandle tensor;
  OV_CALL(ov_tensor_create_from_host_ptr, ToOpenvino(type), RawShape(shape),
          data ? data : g_nothing, Out(tensor));
  return tensor;
}

}  // namespace

OpenvinoContext::OpenvinoContext(InferRequestHandle request, const std::vector<TensorInfo>& inputs,
                                 const std::vector<TensorInfo>& outputs,
                                 const std::vector<bool>& passed_through, bool profiling)
    : request_(std::move(request)),
      inputs_(inputs),
      outputs_(outputs),
      passed_through_(passed_through),
      profiling_(profiling),
      input_bindings_(inputs.size()),
      output_bindings_(outputs.size()) {}

void OpenvinoContext::Run(Span<const Tensor> inputs, Span<Output> outputs, RunStats& stats) {
  for (size_t i = 0; i < inputs.size(); ++i) BindInput(i, inputs[i]);
  for (size_t i = 0; i < outputs.size(); ++i) BindOutput(i, outputs[i]);
  Infer(outputs);
  for (size_t i = 0; i < outputs.size(); ++i) CollectOutput(i, outputs[i], stats);
}

void OpenvinoContext::Infer(Span<Output> outputs) {
  // OpenVINO forgets a cancel that comes before its infer; one that comes right now too, but
  // cancels are repeated.
  if (cancelled_) throw Error(ErrorCode::CANCELLED, "The run was cancelled.");
  const ov_status status = Api().ov_infer_request_infer(request_.get());
  if (status == kInferCancelled) Check(status, "ov_infer_request_infer", ErrorCode::CANCELLED);
  try {
    Check(status, "ov_infer_request_infer");
  } catch (Error& error) {
    std::string given;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].data == nullptr || !outputs_[i].IsDynamic()) continue;
      given += (given.empty() ? "\"" : ", \"") + outputs_[i].name + "\"";
    }
    // "Could set new shape: [2,3]" is what OpenVINO says when an output does not fit.
    if (!given.empty() && error.message.find("set new shape") != std::string::npos) {
      error.code = ErrorCode::INVALID_ARGUMENT;
      error.message = "A tensor given for an output is too small. OpenVINO: " + error.message;
      error.hint =
          "Leave out the tensor for " + given + ", or give one as large as the output can become.";
    }
    throw;
  }
}

void OpenvinoContext::BindInput(size_t index, const Tensor& input) {
  Binding& binding = input_bindings_[index];
  if (binding.tensor && binding.data == input.data && binding.shape == input.shape) return;
  TensorHandle tensor = ViewOf(inputs_[index].type, input.shape, input.data);
  OV_CALL(ov_infer_request_set_input_tensor_by_index, request_.get(), index, tensor.get());
  binding = {std::move(tensor), input.data, input.shape};
}

void OpenvinoContext::BindOutput(size_t index, const Output& output) {
  if (passed_through_[index]) return;
  Binding& binding = output_bindings_[index];
  TensorHandle tensor;
  Shape shape;
  if (output.data != nullptr) {
    if (binding.tensor && binding.data == output.data && binding.shape == output.shape) return;
    shape = output.shape;
    tensor = ViewOf(outputs_[index].type, shape, output.data);
  } else {
    if (output.wanted && output.memory == MemoryKind::kDevice) {
      throw Error(ErrorCode::UNSUPPORTED,
                  "OpenVINO's outputs can't be kept in a device's memory here.");
    }
    // Memory of OpenVINO's own. Also for an output that nobody wants: the request must not go on
    // pointing at the memory of an earlier run, whose owner may be gone.
    if (binding.tensor && binding.data == nullptr && !output.wanted) return;
    const TensorInfo& info = outputs_[index];
    if (!info.IsDynamic()) {
      shape = Shape(info.shape.data(), info.shape.size());
    } else if (info.rank_known) {
      shape.Resize(info.shape.size());  // empty; OpenVINO gives it its real shape
    } else {
      shape.Resize(1);
    }
    OV_CALL(ov_tensor_create, ToOpenvino(info.type), RawShape(shape), Out(tensor));
  }
  OV_CALL(ov_infer_request_set_output_tensor_by_index, request_.get(), index, tensor.get());
  binding = {std::move(tensor), output.data, shape};
}

void OpenvinoContext::CollectOutput(size_t index, Output& output, RunStats& stats) {
  if (!output.wanted) return;
  if (passed_through_[index]) return CopyOutput(index, output, stats);
  Binding& binding = output_bindings_[index];
  if (output.data != nullptr) {
    if (outputs_[index].IsDynamic()) SetShape(output, ShapeOf(binding.tensor.get()));
    return;
  }
  output.shape = ShapeOf(binding.tensor.get());
  OV_CALL(ov_tensor_get_byte_size, binding.tensor.get(), &output.bytes);
  if (output.bytes > 0) OV_CALL(ov_tensor_data, binding.tensor.get(), &output.data);
  // The caller keeps the tensor, so the next run must bind another.
  output.allocated.owner = std::shared_ptr<ov_tensor>(std::move(binding.tensor));
  binding = {};
}

void OpenvinoContext::CopyOutput(size_t index, Output& output, RunStats& stats) {
  TensorHandle tensor;
  OV_CALL(ov_infer_request_get_output_tensor_by_index, request_.get(), index, Out(tensor));
  const Shape shape = ShapeOf(tensor.get());
  size_t bytes = 0;
  OV_CALL(ov_tensor_get_byte_size, tensor.get(), &bytes);
  if (output.data == nullptr) {
    output.allocated = AllocateHost(bytes);
    output.data = output.allocated.data;
  } else if (bytes > output.bytes) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The tensor given for the output \"" + outputs_[index].name +
                    "\" is too small: it needs " + std::to_string(bytes) + " bytes.");
  }
  void* data = nullptr;
  if (bytes > 0) {
    OV_CALL(ov_tensor_data, tensor.get(), &data);
    std::memcpy(output.data, data, bytes);
    stats.copied_bytes += bytes;
  }
  output.bytes = bytes;
  SetShape(output, shape);
}

void OpenvinoContext::Arm() { cancelled_ = false; }

void OpenvinoContext::Cancel() {
  cancelled_ = true;
  Api().ov_infer_request_cancel(request_.get());
}

Value OpenvinoContext::Profile() {
  // Some devices would list all layers as never run.
  if (!profiling_) {
    throw Error(ErrorCode::UNSUPPORTED, "This session records no times of layers.")
        .WithHint("Load it with { profiling: true }.");
  }
  struct FreeList {
    void operator()(ov_profiling_info_list* list) const { Api().ov_profiling_info_list_free(list); }
  };
  ov_profiling_info_list list{};
  OV_CALL(ov_infer_request_get_profiling_info, request_.get(), &list);
  const std::unique_ptr<ov_profiling_info_list, FreeList> owner(&list);
  constexpr const char* kStatus[] = {"not run", "optimized out", "executed"};
  const auto text = [](const char* words) { return words ? words : ""; };
  Value::List layers;
  for (size_t i = 0; i < list.size; ++i) {
    const ov_profiling_info& info = list.infos[i];
    Value::Map layer{
        {"name", text(info.node_name)},
        {"type", text(info.node_type)},
        {"kernel", text(info.exec_type)},
        {"status", info.status >= 0 && info.status <= 2 ? kStatus[info.status] : "unknown"},
        {"time", static_cast<double>(info.real_time) / 1000},
        {"cpuTime", static_cast<double>(info.cpu_time) / 1000},
    };
    layers.emplace_back(std::move(layer));
  }
  return layers;
}

}  // namespace accelnode::openvino
