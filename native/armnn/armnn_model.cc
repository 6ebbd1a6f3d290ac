#include "armnn_model.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "armnn_context.h"
#include "armnn_devices.h"
#include "armnn_guard.h"

namespace accelnode::armnn {
namespace {

std::shared_ptr<const std::vector<uint8_t>> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  auto bytes = std::make_shared<std::vector<uint8_t>>(std::istreambuf_iterator<char>(file),
                                                      std::istreambuf_iterator<char>());
  if (!file && !file.eof()) {
    throw Error(ErrorCode::MODEL_INVALID, "The model " + path + " could not be read.");
  }
  return bytes;
}

// From memory also where it is a file: TFLite would map it, and a file that is cut off later would
// take the process down.
std::shared_ptr<const LoadedModel> ReadModel(const ModelSource& source) {
  auto model = std::make_shared<LoadedModel>();
  model->bytes = source.bytes ? source.bytes : ReadFile(source.path);
  model->handle.reset(Api().TfLiteModelCreate(model->bytes->data(), model->bytes->size()));
  if (!model->handle) {
    throw Error(ErrorCode::MODEL_INVALID, "TFLite can't read this as a model.")
        .WithCall("TfLiteModelCreate", 0)
        .WithHint("A .tflite file is a flatbuffer with the identifier TFL3: is it complete?");
  }
  return model;
}

TensorInfo Describe(const std::string& name, const TfLiteTensor* tensor) {
  TensorInfo info;
  info.name = name;
  info.type = FromTflite(Api().TfLiteTensorType(tensor));
  info.shape = ShapeOf(tensor);
  const TfLiteQuantizationParams quantization = Api().TfLiteTensorQuantizationParams(tensor);
  if (quantization.scale != 0) {
    info.details = Value::Map{{"scale", static_cast<double>(quantization.scale)},
                              {"zeroPoint", quantization.zero_point}};
  }
  return info;
}

struct Ports {
  std::vector<TensorInfo> inputs, outputs;
};

// The bounds of `shapes` for an input: [[min, max, opt], …].
void ApplyShapes(const Value& bounds, TensorInfo& info, Shape& first) {
  const Value::List& dims = *bounds.AsList();
  if (dims.size() != info.shape.size()) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The input \"" + info.name + "\" has " + std::to_string(info.shape.size()) +
                    " dimensions, but shapes gives it " + std::to_string(dims.size()) + ".");
  }
  first.Resize(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    const Value::List& range = *dims[i].AsList();
    const auto at = [&](size_t which) { return static_cast<int64_t>(*range[which].AsNumber()); };
    info.min.push_back(at(0));
    info.max.push_back(at(1));
    first.data()[i] = at(2);
    info.shape[i] = at(0) == at(1) ? at(0) : kDynamic;
  }
  if (!info.IsDynamic()) {
    info.min.clear();
    info.max.clear();
  }
}

// As lib/tflite/inspect.ts has read it; empty for the names of a signature, which are not the
// file's.
const Value::List& DeclaredShape(const ModelSource& source, const std::string& input) {
  for (const Value& each : source.spec.Items("inputs")) {
    if (each.String("name") == input) return each.Items("shape");
  }
  static const Value::List kNone;
  return kNone;
}

// Gives the inputs the shapes that the load asks for, and reads what came of it.
Ports DescribePorts(Interpreter& interpreter, const LoadRequest& request) {
  Ports ports;
  const Value& shapes = request.options["shapes"];
  bool dynamic = false;
  for (size_t i = 0; i < interpreter.InputCount(); ++i) {
    TensorInfo info = Describe(interpreter.InputName(i), interpreter.Input(i));
    const Value& bounds = shapes[info.name];
    const Value::List& declared = DeclaredShape(request.source, info.name);
    Shape first(info.shape.data(), std::min(info.shape.size(), kMaxRank));
    if (bounds.AsList() != nullptr) {
      ApplyShapes(bounds, info, first);
    } else if (declared.size() == info.shape.size()) {
      // TFLite's C API tells the shape that the file has for a start, not which dimensions are
      // open.
      for (size_t d = 0; d < declared.size(); ++d) {
        if (*declared[d].AsNumber() < 0) info.shape[d] = kDynamic;
      }
    }
    if (first != Shape(ShapeOf(interpreter.Input(i)).data(), first.rank()))
      interpreter.Resize(i, first);
    dynamic = dynamic || info.IsDynamic();
    ports.inputs.push_back(std::move(info));
  }
  interpreter.Allocate();
  for (size_t i = 0; i < interpreter.OutputCount(); ++i) {
    const TfLiteTensor* tensor = interpreter.Output(i);
    TensorInfo info = Describe(interpreter.OutputName(i), tensor);
    // TFLite tells no bounds. An output whose shape depends on data has no memory before the run.
    const bool has_memory = Api().TfLiteTensorData(tensor) != nullptr;
    if (dynamic || !has_memory) std::fill(info.shape.begin(), info.shape.end(), kDynamic);
    ports.outputs.push_back(std::move(info));
  }
  return ports;
}

InterpreterSettings SettingsFor(const LoadRequest& request) {
  const Value& options = request.options["armnn"];
  InterpreterSettings settings;
  settings.threads = static_cast<int>(options.Number("threads", 0));
  settings.signature = options.String("signature");
  if (request.device == kPlainTflite) return settings;
  OpenDelegate(options.String("delegate"));
  RequireBackends(request.device);
  settings.delegate = MakeDelegateOptions(request.device, options);
  return settings;
}

}  // namespace

std::unique_ptr<Model> LoadModel(const LoadRequest& request) {
  InterpreterSettings settings = SettingsFor(request);
  request.monitor->Progress("compile", 0, 1);
  std::shared_ptr<const LoadedModel> model = ReadModel(request.source);
  auto first = std::make_unique<Interpreter>(model, settings);
  Ports ports = DescribePorts(*first, request);
  request.monitor->Progress("compile", 1, 1);
  return std::make_unique<ArmnnModel>(std::move(model), std::move(settings), std::move(first),
                                      std::move(ports.inputs), std::move(ports.outputs),
                                      request.device);
}

ArmnnModel::ArmnnModel(std::shared_ptr<const LoadedModel> model, InterpreterSettings settings,
                       std::unique_ptr<Interpreter> first, std::vector<TensorInfo> inputs,
                       std::vector<TensorInfo> outputs, std::string device)
    : model_(std::move(model)),
      settings_(std::move(settings)),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)),
      device_(std::move(device)),
      fallback_operators_(first->FallbackOperators()),
      first_(std::move(first)) {}

std::unique_ptr<Context> ArmnnModel::NewContext(int) {
  std::unique_ptr<Interpreter> interpreter;
  {
    std::lock_guard lock(mutex_);
    interpreter = std::move(first_);
  }
  if (!interpreter) interpreter = std::make_unique<Interpreter>(model_, settings_);
  return std::make_unique<ArmnnContext>(std::move(interpreter), inputs_, outputs_);
}

bool ArmnnModel::ComputesOnCaller() const { return device_ == kPlainTflite; }

Value ArmnnModel::Details() const {
  Value::Map details{{"tflite", Api().TfLiteVersion()}};
  if (!settings_.delegate) return details;
  details["delegate"] = DelegateLibrary();
  Value::Map options;
  for (const auto& [key, value] : *settings_.delegate) options[key] = value;
  details["delegateOptions"] = std::move(options);
  Value::List fallback;
  for (const std::string& name : fallback_operators_) fallback.emplace_back(name);
  details["fallbackOperators"] = std::move(fallback);
  return details;
}

}  // namespace accelnode::armnn
