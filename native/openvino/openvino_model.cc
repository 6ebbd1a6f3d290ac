#include "openvino_model.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "openvino_blob.h"
#include "openvino_context.h"
#include "openvino_plugins.h"
#include "openvino_preprocess.h"
#include "openvino_properties.h"
#include "openvino_read.h"
#include "openvino_types.h"

namespace accelnode::openvino {
namespace {

// The name of a port; a model need not give one.
std::string PortName(const ov_output_const_port* port, const std::string& otherwise) {
  char* name = nullptr;
  if (Api().ov_port_get_any_name(port, &name) != kOk) return otherwise;
  std::string text = TakeString(name);
  return text.empty() ? otherwise : text;
}

TensorInfo DescribePort(const ov_output_const_port* port, const std::string& unnamed) {
  TensorInfo info;
  info.name = PortName(port, unnamed);
  ov_element_type type = 0;
  OV_CALL(ov_port_get_element_type, port, &type);
  info.type = FromOpenvino(type);

  struct FreeShape {
    void operator()(ov_partial_shape* shape) const { Api().ov_partial_shape_free(shape); }
  };
  ov_partial_shape shape{};
  OV_CALL(ov_port_get_partial_shape, port, &shape);
  const std::unique_ptr<ov_partial_shape, FreeShape> owner(&shape);
  info.rank_known = shape.rank.min == shape.rank.max && shape.rank.min >= 0;
  if (!info.rank_known) return info;
  if (shape.rank.min > static_cast<int64_t>(kMaxRank)) {
    throw Error(ErrorCode::MODEL_UNSUPPORTED,
                "\"" + info.name + "\" has " + std::to_string(shape.rank.min) +
                    " dimensions; accelnode passes at most " + std::to_string(kMaxRank) + ".");
  }
  bool bounded = false;
  for (int64_t i = 0; i < shape.rank.min; ++i) {
    const ov_dimension& dim = shape.dims[i];
    const bool fixed = dim.min == dim.max && dim.min >= 0;
    bounded |= !fixed && dim.max > 0;
    info.shape.push_back(fixed ? dim.min : kDynamic);
    info.min.push_back(dim.min);
    info.max.push_back(dim.max);
  }
  if (!bounded) {
    info.min.clear();
    info.max.clear();
  }
  return info;
}

void Rename(std::vector<TensorInfo>& infos, const std::vector<std::string>& names) {
  if (infos.size() != names.size()) return;
  for (size_t i = 0; i < infos.size(); ++i) infos[i].name = names[i];
}

// ---- Reshaping

// `shapes` is { <input name>: [[min, max], …] }, as lib/session.ts makes it of the shapes option.
void Reshape(const ov_model* model, const std::vector<std::string>& input_names,
             const Value& shapes) {
  if (shapes.AsMap() == nullptr || shapes.AsMap()->empty()) return;
  struct FreeShape {
    void operator()(ov_partial_shape* shape) const {
      Api().ov_partial_shape_free(shape);
      delete shape;
    }
  };
  std::vector<const char*> names;
  std::vector<std::unique_ptr<ov_partial_shape, FreeShape>> owners;
  std::vector<ov_partial_shape> partial_shapes;
  for (const auto& [name, dims] : *shapes.AsMap()) {
    IndexOf(input_names, name);  // a clear error for a name that is not there
    std::vector<ov_dimension> bounds;
    for (const Value& dim : *dims.AsList()) {
      const auto min = static_cast<int64_t>(*dim.AsList()->at(0).AsNumber());
      const auto max = static_cast<int64_t>(*dim.AsList()->at(1).AsNumber());
      // No upper bound is {-1, -1}; {1, -1} is refused.
      bounds.push_back(max < 0 ? ov_dimension{-1, -1} : ov_dimension{min, max});
    }
    owners.emplace_back(new ov_partial_shape{});
    OV_CALL(ov_partial_shape_create, static_cast<int64_t>(bounds.size()), bounds.data(),
            owners.back().get());
    partial_shapes.push_back(*owners.back());
    names.push_back(name.c_str());
  }
  Check(Api().ov_model_reshape(model, names.data(), partial_shapes.data(), names.size()),
        "ov_model_reshape", ErrorCode::INVALID_ARGUMENT);
}

// ---- Compiling

// ov_core_compile_model takes its properties as variadic arguments: a count, then keys and values.
// The call always passes all of the places; the library reads as many as the count says.
constexpr size_t kMaxArguments = 64;

template <size_t... I>
ov_status CompileVariadic(const ov_core* core, const ov_model* model, const char* device,
                          const std::vector<const char*>& arguments, ov_compiled_model** compiled,
                          std::index_sequence<I...>) {
  return Api().ov_core_compile_model(core, model, device, arguments.size(), compiled,
                                     (I < arguments.size() ? arguments[I] : nullptr)...);
}

CompiledModelHandle Compile(const ov_core* core, const ov_model* model, const std::string& device,
                            const Properties& properties) {
  std::vector<const char*> arguments;
  for (const auto& [key, value] : properties) {
    arguments.push_back(key.c_str());
    arguments.push_back(value.c_str());
  }
  if (arguments.size() > kMaxArguments) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "At most " + std::to_string(kMaxArguments / 2) +
                                                 " OpenVINO properties can be set.");
  }
  CompiledModelHandle compiled;
  CheckProperties(CompileVariadic(core, model, device.c_str(), arguments, Out(compiled),
                                  std::make_index_sequence<kMaxArguments>()),
                  "ov_core_compile_model", ErrorCode::MODEL_UNSUPPORTED);
  return compiled;
}

// What only a model that is yet to be compiled can take.
void RefuseChanges(const Value& options) {
  const bool shapes = options["shapes"].IsSet();
  if (!shapes && !options["openvino"]["preprocess"].IsSet()) return;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              std::string(shapes ? "The shapes" : "Preprocessing steps") +
                  " of a blob can't be set: it is compiled already.")
      .WithHint("Load the original model with them, and export that.");
}

void StopIfCancelled(const LoadMonitor& monitor) {
  if (monitor.Cancelled()) throw Error(ErrorCode::CANCELLED, "The load was cancelled.");
}

}  // namespace

std::vector<std::string> InputNames(const ov_model* model, const ModelSource& source) {
  size_t count = 0;
  OV_CALL(ov_model_inputs_size, model, &count);
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    PortHandle port;
    OV_CALL(ov_model_const_input_by_index, model, i, Out(port));
    names.push_back(PortName(port.get(), "input_" + std::to_string(i)));
  }
  return source.input_names.size() == count ? source.input_names : names;
}

size_t IndexOf(const std::vector<std::string>& names, const std::string& name) {
  std::string all;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
    all += (all.empty() ? "" : ", ") + names[i];
  }
  throw Error(ErrorCode::INVALID_ARGUMENT, "The model has no input \"" + name + "\".")
      .WithHint("Its inputs: " + all + ".");
}

std::unique_ptr<Model> LoadModel(const ov_core* core, const LoadRequest& request) {
  const std::string device = ResolveDevice(core, request.device);
  const Properties properties = MakeProperties(core, device, request.options);
  if (request.source.format == "blob") {
    RefuseChanges(request.options);
    Imported imported = ImportBlob(request.source, device, properties);
    return std::make_unique<OpenvinoModel>(std::move(imported), device, request.source);
  }
  request.monitor->Progress("read", 0, 2);
  ModelHandle model = ReadModel(core, request.source);
  StopIfCancelled(*request.monitor);
  const std::vector<std::string> input_names = InputNames(model.get(), request.source);
  Reshape(model.get(), input_names, request.options["shapes"]);
  model =
      AddPreprocessing(std::move(model), input_names, request.options["openvino"]["preprocess"]);
  request.monitor->Progress("compile", 1, 2);
  StopIfCancelled(*request.monitor);
  CompiledModelHandle compiled = Compile(core, model.get(), device, properties);
  return std::make_unique<OpenvinoModel>(Imported{nullptr, {}, std::move(compiled)}, device,
                                         request.source);
}

// OpenVINO gives one name to an input and an output that merely passes it on, and to two outputs
// that are one tensor: before 2025.4 always, later only where its reader leaves nothing in between
// (Dropout, a Sum of one). The names that the file gives undo that. Memory that is set for such a
// passed-through output is never written, in no release, so it is copied from OpenVINO's own
// instead. Same name, same tensor: that is how it is recognised.
OpenvinoModel::OpenvinoModel(Imported model, std::string device, const ModelSource& source)
    : kept_(std::move(model)), device_(std::move(device)) {
  size_t count = 0;
  OV_CALL(ov_compiled_model_inputs_size, compiled(), &count);
  for (size_t i = 0; i < count; ++i) {
    PortHandle port;
    OV_CALL(ov_compiled_model_input_by_index, compiled(), i, Out(port));
    inputs_.push_back(DescribePort(port.get(), "input_" + std::to_string(i)));
  }
  OV_CALL(ov_compiled_model_outputs_size, compiled(), &count);
  // Some releases read almost anything as an empty ONNX model, and all an IR without results.
  if (count == 0) throw Error(ErrorCode::MODEL_INVALID, "The model has no outputs.");
  for (size_t i = 0; i < count; ++i) {
    PortHandle port;
    OV_CALL(ov_compiled_model_output_by_index, compiled(), i, Out(port));
    outputs_.push_back(DescribePort(port.get(), "output_" + std::to_string(i)));
    const std::string& name = outputs_.back().name;
    passed_through_.push_back(
        std::any_of(inputs_.begin(), inputs_.end(),
                    [&](const TensorInfo& input) { return input.name == name; }));
  }
  Rename(inputs_, source.input_names);
  Rename(outputs_, source.output_names);
}

std::unique_ptr<Context> OpenvinoModel::NewContext(int) {
  InferRequestHandle request;
  OV_CALL(ov_compiled_model_create_infer_request, compiled(), Out(request));
  const bool profiling = Property("PERF_COUNT") != "NO";
  return std::make_unique<OpenvinoContext>(std::move(request), inputs_, outputs_, passed_through_,
                                           profiling);
}

std::string OpenvinoModel::Property(const char* key) const {
  char* value = nullptr;
  if (Api().ov_compiled_model_get_property(compiled(), key, &value) != kOk) return {};
  return TakeString(value);
}

int OpenvinoModel::PreferredLanes() const {
  return std::atoi(Property("OPTIMAL_NUMBER_OF_INFER_REQUESTS").c_str());
}

bool OpenvinoModel::ComputesOnCaller() const {
  // AUTO and the like compute elsewhere. A new shape makes the CPU plugin prepare its kernels
  // again, which takes milliseconds.
  const auto fixed = [](const TensorInfo& info) { return !info.IsDynamic(); };
  return device_ == "CPU" && std::all_of(inputs_.begin(), inputs_.end(), fixed) &&
         std::all_of(outputs_.begin(), outputs_.end(), fixed);
}

Value OpenvinoModel::Details() const {
  Value::Map details{{"device", device_}};
  auto add = [&](const char* name, const char* key) {
    const std::string value = Property(key);
    if (!value.empty()) details[name] = value;
  };
  add("precision", "INFERENCE_PRECISION_HINT");
  add("executionDevices", "EXECUTION_DEVICES");
  add("hint", "PERFORMANCE_HINT");
  add("streams", "NUM_STREAMS");
  add("threads", "INFERENCE_NUM_THREADS");
  add("optimalLanes", "OPTIMAL_NUMBER_OF_INFER_REQUESTS");
  add("loadedFromCache", "LOADED_FROM_CACHE");
  return details;
}

void OpenvinoModel::Export(const std::string& path) {
  OV_CALL(ov_compiled_model_export_model, compiled(), path.c_str());
}

}  // namespace accelnode::openvino
