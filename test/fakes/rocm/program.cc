#include "program.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "device.h"
#include "hip_facts.h"

namespace fake {
namespace {

constexpr size_t kAlignment = 256;

size_t Aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// The shapes of the model's inputs: as given, else as in the file, with MIGraphX's own size for
// what the file leaves open.
void GiveShapes(Model& model, const OnnxOptions& options, Program& program) {
  std::set<std::string> names;
  for (Tensor& input : model.inputs) {
    names.insert(input.name);
    if (input.type == kNoType) throw Error{kUnknownError, "Prototensor data type not supported"};
    const DataType& type = DataTypeOfModel(input.type);
    const auto given = options.shapes.find(input.name);
    const auto dynamic = options.dynamic.find(input.name);
    const size_t rank = given != options.shapes.end()      ? given->second.size()
                        : dynamic != options.dynamic.end() ? dynamic->second.size()
                                                           : input.shape.size();
    if (rank != input.shape.size())
      Violation(Format("a shape of rank %zu was given for %s, which has rank %zu", rank,
                       input.name.c_str(), input.shape.size()));
    if (given != options.shapes.end()) {
      input.shape.assign(given->second.begin(), given->second.end());
    } else if (dynamic != options.dynamic.end()) {
      std::transform(dynamic->second.begin(), dynamic->second.end(), input.shape.begin(),
                     [](const DynamicDimension& dimension) {
                       return dimension.fixed() ? static_cast<int64_t>(dimension.min) : -1;
                     });
    } else {
      std::replace(input.shape.begin(), input.shape.end(), int64_t{-1},
                   static_cast<int64_t>(options.default_size));
    }
    const bool open = std::count(input.shape.begin(), input.shape.end(), -1) != 0;
    program.inputs[input.name] =
        open ? ShapeValue{&type, {}, {}, dynamic->second} : MakeTensorShape(type, input.shape);
  }
  for (const auto& [name, shape] : options.shapes) {
    if (names.count(name) == 0) Violation("a shape was given for " + name + ", which is no input");
  }
}

std::string Words(const ParseError& error) {
  if (error.code == 8) return "Unknown operator: " + error.op;
  if (error.code == 6) return error.op + ": wrong number of arguments";
  return "PARSE_GRAPH: invalid onnx file: " + error.text;
}

// What `name` is, behind all Identity nodes, which compiling removes.
std::string Source(const Model& model, std::string name) {
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    if (node->op == "Identity" && node->outputs[0] == name) name = node->inputs[0];
  }
  return name;
}

std::vector<OutputPlace> PlacesOf(const Model& model) {
  std::vector<std::string> sources;
  for (const Tensor& output : model.outputs) sources.push_back(Source(model, output.name));
  const auto named = [](const auto& list, const std::string& name, auto name_of) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& item) { return name_of(item) == name; });
  };
  std::vector<OutputPlace> places;
  for (const std::string& source : sources) {
    if (named(model.inputs, source, [](const Tensor& input) { return input.name; })) {
      places.push_back({OutputPlace::kInput, source});
    } else if (named(model.constants, source,
                     [](const Constant& constant) { return constant.tensor.name; })) {
      places.push_back({OutputPlace::kConstant, source});
    } else {
      // Outputs that are the same value share the last one's parameter.
      const auto last = std::find(sources.rbegin(), sources.rend(), source);
      const auto index = sources.rend() - last - 1;
      places.push_back({OutputPlace::kParameter, "main:#output_" + std::to_string(index)});
    }
  }
  return places;
}

void NeedOneDynamicDimension(const Program& program) {
  std::vector<DynamicDimension> open;
  for (const auto& [name, shape] : program.inputs) {
    const auto before = open.size();
    std::copy_if(shape.dynamic.begin(), shape.dynamic.end(), std::back_inserter(open),
                 [](const DynamicDimension& dimension) { return !dimension.fixed(); });
    const bool one = open.size() <= before + 1 && (open.empty() || open.back() == open.front());
    if (!one) throw Error{kUnknownError, "SHAPE: lens() called on a dynamic shape"};
  }
}

size_t ScratchBytes(const Program& program) {
  size_t bytes = kAlignment;
  for (const ShapeValue& output : program.outputs) {
    if (output.dynamic.empty()) bytes += Aligned(output.Bytes());
  }
  for (const auto& [name, input] : program.inputs) {
    if (input.dynamic.empty()) bytes += Aligned(input.Bytes());
  }
  return bytes;
}

void PlaceConstants(Program& program) {
  size_t bytes = 0;
  for (const Constant& constant : program.model->constants) {
    program.constant_offsets[constant.tensor.name] = bytes;
    bytes += Aligned(std::max<size_t>(constant.bytes.size(), 1));
  }
  if (bytes == 0) return;
  auto memory = std::make_shared<GpuMemory>(bytes);
  const Place place = OnDevice(memory->address(), bytes, program.context->device, "constants");
  for (const Constant& constant : program.model->constants) {
    if (constant.bytes.empty()) continue;
    std::memcpy(place.data + program.constant_offsets[constant.tensor.name], constant.bytes.data(),
                constant.bytes.size());
  }
  program.constants = std::move(memory);
}

}  // namespace

void NeedDevice(const char* what_failed) {
  if (Block().count_status != 0) throw Error{kUnknownError, "No device"};
  if (const auto lost = static_cast<int>(Block().lost))
    throw Error{kUnknownError, std::string(what_failed) + ": " + WordsOf(lost).text};
}

GpuMemory::GpuMemory(size_t bytes) : address_(DeviceAllocate(bytes)) {
  if (address_ != nullptr) return;
  const auto limit = static_cast<size_t>(Block().host_limit);
  if (limit != 0 && bytes > limit)
    throw Error{kUnknownError, std::string("Gpu allocation failed: ") + WordsOf(2).text};
  address_ = PinnedAllocate(bytes, true);
  pinned_ = true;
  Add(Block().fallbacks);
}

GpuMemory::~GpuMemory() {
  if (pinned_)
    PinnedFree(address_, "MIGraphX");
  else
    DeviceFree(address_, "MIGraphX");
}

GpuContext::GpuContext(size_t scratch_bytes)
    : device(CurrentDevice()), scratch(scratch_bytes), stream(NewStream()) {}

GpuContext::~GpuContext() { DestroyStream(stream); }

Shape ModelShape(const Tensor& input, const ShapeValue& given) {
  if (input.shape.empty() || !given.dynamic.empty()) return input.shape;
  return {given.lengths.begin(), given.lengths.end()};
}

std::map<std::string, ShapeValue> Program::ParameterShapes() const {
  std::map<std::string, ShapeValue> shapes = inputs;
  if (!TakesDeviceMemory()) return shapes;
  for (size_t i = 0; i < places.size(); ++i) {
    if (places[i].kind == OutputPlace::kParameter) shapes[places[i].name] = outputs[i];
  }
  return shapes;
}

std::vector<ShapeValue> Program::OutputShapes(
    const std::map<std::string, ShapeValue>& given) const {
  std::map<std::string, Shape> shapes;
  for (const Tensor& input : model->inputs) {
    shapes[input.name] = ModelShape(input, given.at(input.name));
  }
  const auto inferred = InferShapes(*model, std::move(shapes));
  if (inferred.empty() && !model->nodes.empty())
    throw Error{kUnknownError, "COMPUTE_BROADCASTED_LEN: shapes mismatch!"};
  const auto types = InferTypes(*model);
  std::vector<ShapeValue> result;
  for (const Tensor& output : model->outputs) {
    const DataType& type = DataTypeOfModel(types.at(output.name));
    const Shape& shape = inferred.at(output.name);
    if (std::count(shape.begin(), shape.end(), -1) == 0) {
      result.push_back(MakeTensorShape(type, shape));
      continue;
    }
    std::vector<DynamicDimension> dimensions;
    for (const int64_t size : shape) {
      const auto fixed = static_cast<size_t>(std::max<int64_t>(size, 0));
      dimensions.push_back({fixed, size < 0 ? SIZE_MAX : fixed, {}});
    }
    result.push_back({&type, {}, {}, std::move(dimensions)});
  }
  return result;
}

void ProgramHandle::Clear() {
  if (*queued > 0) Violation("a program was destroyed while what it runs is not done");
  HandleOf::Clear();
}

Program Parse(std::string onnx, const OnnxOptions& options, const std::string& failure) {
  Model model;
  std::vector<ParseError> errors;
  if (!ReadOnnx(reinterpret_cast<const uint8_t*>(onnx.data()), onnx.size(), model, errors))
    throw Error{kUnknownError, failure};
  for (const Node& node : model.nodes) {
    // Its real output has a size that does not depend on data, which this one's would.
    if (node.op == "NonZero") throw Error{kUnknownError, "Unknown operator: " + node.op};
  }
  if (!errors.empty()) throw Error{kUnknownError, Words(errors.front())};
  Program program;
  GiveShapes(model, options, program);
  program.onnx = std::move(onnx);
  program.parse = options;
  program.model = std::make_shared<const Model>(std::move(model));
  program.outputs = program.OutputShapes(program.inputs);
  return program;
}

void Compile(Program& program, const std::string& target, const CompileOptions& options) {
  if (program.attempted) {
    Violation("migraphx_program_compile of a program that was compiled before, which aborts");
    throw Error{kUnknownError, "compiled before"};
  }
  program.attempted = true;
  if (target == "gpu") {
    NeedDevice("Failed to get device properties");
    NeedCurrentDevice("migraphx_program_compile");
  }
  const int device = target == "gpu" ? CurrentDevice() : -1;
  SetText(Block().config, sizeof(Block().config),
          Format("target=%s device=%d precision=%s offload_copy=%d fast_math=%d exhaustive_tune=%d",
                 target.c_str(), device, program.precision.c_str(), options.offload_copy,
                 options.fast_math, options.exhaustive_tune));
  WaitWhile(Block().hold_compile, Block().compiling);
  NeedOneDynamicDimension(program);
  program.target = target;
  program.options = options;
  program.places = PlacesOf(*program.model);
  if (target == "gpu") {
    auto context = std::make_shared<GpuContext>(ScratchBytes(program));
    program.context = std::move(context);
    PlaceConstants(program);
  }
  program.compiled = true;
  Add(Block().compiles);
}

}  // namespace fake
