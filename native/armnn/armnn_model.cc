#include "armnn_model.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "../system_files.h"
#include "armnn_context.h"
#include "armnn_devices.h"
#include "kept_interpreters.h"

namespace accelnode::armnn {
namespace {

std::shared_ptr<const std::vector<uint8_t>> ReadFile(const std::string& path) {
  const std::optional<std::string> content = ReadText(path);
  if (!content) throw Error(ErrorCode::MODEL_INVALID, "The model " + path + " could not be read.");
  return std::make_shared<std::vector<uint8_t>>(content->begin(), content->end());
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

// The inputs with the bounds that the load asks for, and shapes for a start.
std::vector<TensorInfo> DescribeInputs(const Interpreter& interpreter, const LoadRequest& request,
                                       std::vector<Shape>& first) {
  std::vector<TensorInfo> inputs;
  const Value& shapes = request.options["shapes"];
  for (size_t i = 0; i < interpreter.InputCount(); ++i) {
    TensorInfo info = Describe(interpreter.InputName(i), interpreter.Input(i));
    const Value& bounds = shapes[info.name];
    const Value::List& declared = DeclaredShape(request.source, info.name);
    first.push_back(ToShape(interpreter.Input(i)));
    if (bounds.AsList() != nullptr) {
      ApplyShapes(bounds, info, first.back());
    } else if (declared.size() == info.shape.size()) {
      // TFLite's C API tells the shape that the file has for a start, not which dimensions are
      // open.
      for (size_t d = 0; d < declared.size(); ++d) {
        if (*declared[d].AsNumber() < 0) info.shape[d] = kDynamic;
      }
    }
    inputs.push_back(std::move(info));
  }
  return inputs;
}

std::vector<TensorInfo> DescribeOutputs(const Interpreter& interpreter,
                                        const std::vector<TensorInfo>& inputs) {
  std::vector<TensorInfo> outputs;
  const bool dynamic = std::any_of(inputs.begin(), inputs.end(),
                                   [](const TensorInfo& info) { return info.IsDynamic(); });
  for (size_t i = 0; i < interpreter.OutputCount(); ++i) {
    const TfLiteTensor* tensor = interpreter.Output(i);
    TensorInfo info = Describe(interpreter.OutputName(i), tensor);
    // TFLite tells no bounds. An output whose shape depends on data has no memory before the run.
    const bool has_memory = Api().TfLiteTensorData(tensor) != nullptr;
    if (dynamic || !has_memory) std::fill(info.shape.begin(), info.shape.end(), kDynamic);
    outputs.push_back(std::move(info));
  }
  return outputs;
}

std::unique_ptr<BoundInterpreter> Bind(std::unique_ptr<Interpreter> interpreter,
                                       const std::vector<Shape>& shapes) {
  const InterpreterSettings& settings = interpreter->Settings();
  // What is to be saved has to be compiled.
  if (settings.delegate && !settings.save_network) {
    if (auto kept = TakeKept(interpreter->Model(), settings, shapes)) return kept;
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (ToShape(interpreter->Input(i)) != shapes[i]) interpreter->Resize(i, shapes[i]);
  }
  interpreter->Delegate();
  interpreter->Allocate();
  return std::make_unique<BoundInterpreter>(std::move(interpreter));
}

InterpreterSettings SettingsFor(const LoadRequest& request) {
  const Value& options = request.options["armnn"];
  InterpreterSettings settings;
  settings.threads = static_cast<int>(options.Number("threads", 0));
  settings.signature = options.String("signature");
  if (request.device == kPlainTflite) return settings;
  settings.device = request.device;
  OpenDelegate(options.String("delegate"));
  RequireBackends(request.device, options.String("dynamicBackends"));
  settings.delegate = MakeDelegateOptions(request.device, options);
  settings.one_at_a_time = UsesComputeLibrary(request.device);
  return settings;
}

Value ToValue(const std::vector<std::string>& texts) {
  return Value::List(texts.begin(), texts.end());
}

// The first backend of a list decides whether fp16 turbo is on; others that lack half precision
// have a line of their own.
bool LacksHalf(const std::vector<std::string>& log) {
  return std::any_of(log.begin(), log.end(), [](const std::string& line) {
    return line.find("first available preferred backend") != line.npos &&
           line.find("does not have FP16 support") != line.npos;
  });
}

// How many operators the model has, and how many of them stay with TFLite at the most: Arm NN tells
// which kinds it has left, and may have taken others of that kind.
Value CountOperators(const Value& spec, const std::vector<std::string>& left) {
  double total = 0, fallback = 0;
  if (spec["operators"].AsMap() == nullptr) return {};
  for (const auto& [name, count] : *spec["operators"].AsMap()) {
    total += *count.AsNumber();
    if (std::find(left.begin(), left.end(), name) != left.end()) fallback += *count.AsNumber();
  }
  return Value::Map{{"total", total}, {"fallbackAtMost", fallback}};
}

Value::List Warnings(const Value& spec, const std::vector<std::string>& left) {
  Value::List warnings;
  const bool converts = std::find(left.begin(), left.end(), "DEQUANTIZE") != left.end();
  if (converts && spec.Number("halfWeights", 0) > 0) {
    warnings.emplace_back(
        "The model's weights are stored in float16, and this backend does not convert them: the "
        "operators that use them stay with TFLite. Convert the model with float32 weights; "
        "armnn.fp16Turbo then computes in half precision.");
  }
  return warnings;
}

Value Describe(const Interpreter& interpreter, const InterpreterSettings& settings,
               const LoadRequest& request) {
  const Value& options = request.options["armnn"];
  Value::Map details{{"tflite", Api().TfLiteVersion()}};
  if (!settings.delegate) return details;
  details["delegate"] = DelegateLibrary();
  details["armnn"] = ArmnnLibrary();
  Value::Map given;
  for (const auto& [key, value] : *settings.delegate) given[key] = value;
  details["delegateOptions"] = std::move(given);
  const std::vector<std::string> left = interpreter.FallbackOperators();
  details["fallbackOperators"] = ToValue(left);
  details["operators"] = CountOperators(request.source.spec, left);
  details["warnings"] = Warnings(request.source.spec, left);
  const bool demanded = options.Bool("halfDemanded", false);
  if (!LogIsCaught()) {
    if (!demanded) return details;
    throw Error(ErrorCode::UNSUPPORTED,
                "Whether Arm NN computes in fp16 can't be known here: its log can't be read.")
        .WithHint("armnn.fp16Turbo, in place of precision, asks for it as far as it can.");
  }
  const std::vector<std::string> log = interpreter.Log();
  details["log"] = ToValue(log);
  if (!options.Bool("fp16Turbo", false)) return details;
  // Arm NN takes the option where the backend can't, and says so in its log only.
  const bool half = !LacksHalf(log);
  details["precision"] = half ? "fp16" : "fp32";
  if (!half && demanded) {
    throw Error(ErrorCode::UNSUPPORTED, "Arm NN's backend does not compute in fp16 here.")
        .WithHint("armnn.fp16Turbo, in place of precision, computes in fp32 then.");
  }
  return details;
}

// With what GpuAcc has compiled for this model before, or with a file for what it compiles now.
std::unique_ptr<const TemporaryFile> UseNetworkFile(const Value& options,
                                                    InterpreterSettings& settings) {
  settings.network_file = options.String("compiled");
  if (!settings.network_file.empty() || !options.Bool("keepCompiled", false)) return nullptr;
  auto network = std::make_unique<const TemporaryFile>("");
  settings.network_file = network->path();
  settings.save_network = true;
  return network;
}

}  // namespace

std::unique_ptr<Model> LoadModel(const LoadRequest& request) {
  const Value& options = request.options["armnn"];
  ArmnnModel::Parts parts;
  parts.device = request.device;
  parts.settings = SettingsFor(request);
  if (UsesGpu(request.device)) parts.network = UseNetworkFile(options, parts.settings);
  request.monitor->Progress("compile", 0, 1);
  parts.model = ReadModel(request.source);
  try {
    auto interpreter = std::make_unique<Interpreter>(parts.model, parts.settings);
    std::vector<Shape> shapes;
    parts.ports.inputs = DescribeInputs(*interpreter, request, shapes);
    parts.first = Bind(std::move(interpreter), shapes);
    parts.ports.outputs = DescribeOutputs(parts.first->Get(), parts.ports.inputs);
    parts.details = Describe(parts.first->Get(), parts.settings, request);
  } catch (Error& error) {
    KeepDelegated(std::move(parts.first));
    // Without the file, it will be seen whether that was the reason.
    const bool kept = !options.String("compiled").empty();
    if (kept && error.code == ErrorCode::VENDOR_FAILURE) {
      error.code = ErrorCode::RUNTIME_INCOMPATIBLE;
    }
    throw;
  }
  parts.settings.save_network = false;  // other lanes read what the first has left
  request.monitor->Progress("compile", 1, 1);
  return std::make_unique<ArmnnModel>(std::move(parts));
}

ArmnnModel::ArmnnModel(Parts parts)
    : parts_(std::move(parts)), first_shapes_(parts_.first->Shapes()) {}

ArmnnModel::~ArmnnModel() { KeepDelegated(std::move(parts_.first)); }

std::unique_ptr<BoundInterpreter> ArmnnModel::Make(const std::vector<Shape>& shapes) const {
  return Bind(std::make_unique<Interpreter>(parts_.model, parts_.settings), shapes);
}

std::unique_ptr<Context> ArmnnModel::NewContext(int) {
  std::unique_ptr<BoundInterpreter> first;
  {
    std::lock_guard lock(mutex_);
    first = std::move(parts_.first);
  }
  if (!first) first = Make(first_shapes_);
  return std::make_unique<ArmnnContext>(
      std::move(first), [this](const std::vector<Shape>& shapes) { return Make(shapes); },
      parts_.ports);
}

bool ArmnnModel::ComputesOnCaller() const { return parts_.device == kPlainTflite; }

void ArmnnModel::Export(const std::string& path) {
  if (!parts_.network) {
    throw Error(ErrorCode::UNSUPPORTED, "Only what GpuAcc compiles can be kept.")
        .WithHint("Load with `cache`: it is kept there, and used by later loads.");
  }
  const std::string content = ReadText(parts_.network->path()).value_or("");
  if (content.empty()) {
    throw Error(ErrorCode::UNSUPPORTED, "GpuAcc has compiled nothing for this model.");
  }
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) throw Error(ErrorCode::VENDOR_FAILURE, "The file " + path + " can't be written.");
}

}  // namespace accelnode::armnn
