#include "rocm_ports.h"

#include <algorithm>
#include <utility>

namespace accelnode::rocm {
namespace {

// { name, type, shape? } of lib/onnx/inspect.ts, with kDynamic for what is open.
TensorInfo InfoOf(const Value& port) {
  TensorInfo info;
  info.name = port.String("name");
  info.type = DataTypeFromName(port.String("type"));
  info.rank_known = port["shape"].AsList() != nullptr;
  for (const Value& dim : port.Items("shape")) {
    info.shape.push_back(static_cast<int64_t>(*dim.AsNumber()));
  }
  return info;
}

void CheckNames(const std::vector<TensorInfo>& inputs, const Value& shapes) {
  if (shapes.AsMap() == nullptr) return;
  for (const auto& [name, dims] : *shapes.AsMap()) {
    const bool known = std::any_of(inputs.begin(), inputs.end(),
                                   [&, &wanted = name](auto& each) { return each.name == wanted; });
    if (known) continue;
    std::string all;
    for (const TensorInfo& input : inputs) all += (all.empty() ? "" : ", ") + input.name;
    throw Error(ErrorCode::INVALID_ARGUMENT, "The model has no input \"" + name + "\".")
        .WithHint("Its inputs: " + all + ".");
  }
}

// `given` is [[min, max, opt], …]. Narrows the input's shape; the result is what to compile for.
std::vector<int64_t> Narrow(TensorInfo& input, const Value::List& given) {
  if (!input.rank_known) {
    input.rank_known = true;
    input.shape.assign(given.size(), kDynamic);
  }
  const std::string shape = ShapeText(input.shape);
  if (given.size() != input.shape.size()) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "The input \"" + input.name + "\" has the shape " +
                                                 shape + "; the shapes option gives it " +
                                                 std::to_string(given.size()) + " dimensions.");
  }
  std::vector<int64_t> chosen = input.shape;
  input.min = input.max = input.shape;
  for (size_t d = 0; d < given.size(); ++d) {
    const auto number = [&](size_t which) {
      return static_cast<int64_t>(*(*given[d].AsList())[which].AsNumber());
    };
    const int64_t min = number(0), max = number(1), opt = number(2);
    if (max < 0) continue;  // any
    if (input.shape[d] >= 0 && (min != input.shape[d] || max != min)) {
      throw Error(ErrorCode::INVALID_ARGUMENT, "The input \"" + input.name + "\" has the shape " +
                                                   shape + ": its dimension " + std::to_string(d) +
                                                   " can't be changed.");
    }
    chosen[d] = opt;
    input.min[d] = min;
    input.max[d] = max;
    if (min == max) input.shape[d] = min;
  }
  // A dimension without bounds has no largest size; the smallest is none at all.
  for (int64_t& min : input.min) min = std::max<int64_t>(min, 0);
  if (!input.IsDynamic()) input.min = input.max = {};
  return chosen;
}

std::vector<int64_t> WithoutOnes(std::vector<int64_t> dims) {
  dims.erase(std::remove(dims.begin(), dims.end(), 1), dims.end());
  return dims;
}

// Can an input of a program have the shape `dims`? `open`: the load may not say which it is to
// have.
bool Fits(const std::vector<int64_t>& dims, bool open, const TensorInfo& input,
          const std::vector<int64_t>& chosen) {
  if (!open) return dims == chosen;
  if (!input.rank_known) return true;
  if (dims.size() != input.shape.size()) return false;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (input.shape[d] >= 0 && dims[d] != input.shape[d]) return false;
    if (input.min.empty()) continue;
    if (dims[d] < input.min[d] || (input.max[d] >= 0 && dims[d] > input.max[d])) return false;
  }
  return true;
}

Error OfAnotherModel(const char* what, const TensorInfo& port, const Layout& layout) {
  const auto text = [](DataType type, const std::vector<int64_t>& dims) {
    return std::string(DataTypeName(type)) + " " + ShapeText(dims);
  };
  return Error(ErrorCode::MODEL_INVALID,
               "The program was compiled from another model, or for other shapes: its " +
                   std::string(what) + " \"" + port.name + "\" is " +
                   text(layout.type, layout.dims) + ", not " + text(port.type, port.shape) + ".");
}

}  // namespace

Ports PortsOfOnnx(const ModelSource& source, const Value& options) {
  Ports ports;
  for (const Value& port : source.spec.Items("inputs")) ports.inputs.push_back(InfoOf(port));
  for (const Value& port : source.spec.Items("outputs")) ports.outputs.push_back(InfoOf(port));
  const Value& shapes = options["shapes"];
  CheckNames(ports.inputs, shapes);
  ports.fixed = std::none_of(ports.inputs.begin(), ports.inputs.end(),
                             [](const TensorInfo& input) { return input.IsDynamic(); });
  for (TensorInfo& input : ports.inputs) {
    const Value::List* given = shapes[input.name].AsList();
    std::vector<int64_t> chosen = given ? Narrow(input, *given) : input.shape;
    ports.open |= !input.rank_known;
    for (int64_t& dim : chosen) {
      if (dim >= 0) continue;
      ports.open = true;
      dim = 1;
    }
    ports.chosen.push_back(std::move(chosen));
    ports.dynamic |= input.IsDynamic();
  }
  return ports;
}

Ports PortsOfProgram(const CompiledProgram& program, const std::vector<std::string>& output_names) {
  Ports ports;
  for (const Parameter& parameter : program.parameters().inputs()) {
    TensorInfo info;
    info.name = parameter.name;
    info.type = parameter.layout.type;
    info.shape = parameter.layout.dims;
    ports.chosen.push_back(info.shape);
    ports.inputs.push_back(std::move(info));
  }
  for (size_t i = 0; i < program.outputs().size(); ++i) {
    TensorInfo info;
    info.name = output_names.size() == program.outputs().size() ? output_names[i]
                                                                : "output_" + std::to_string(i);
    info.rank_known = false;
    ports.outputs.push_back(std::move(info));
  }
  return ports;
}

void Adopt(Ports& ports, const CompiledProgram& program) {
  const std::vector<Parameter>& parameters = program.parameters().inputs();
  if (parameters.size() != ports.inputs.size()) {
    throw Error(ErrorCode::MODEL_INVALID, "The inputs of the model can't be read.");
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].shape == nullptr) continue;  // it makes no difference
    const TensorInfo& input = ports.inputs[i];
    const Layout& layout = parameters[i].layout;
    const std::vector<int64_t> dims = DimsOf(layout, input);
    if (layout.type != input.type || !Fits(dims, ports.open, input, ports.chosen[i])) {
      throw OfAnotherModel("input", input, layout);
    }
    ports.chosen[i] = dims;
  }
  if (program.outputs().size() != ports.outputs.size()) {
    throw Error(ErrorCode::MODEL_INVALID,
                "The program has " + std::to_string(program.outputs().size()) +
                    " outputs, the model " + std::to_string(ports.outputs.size()) + ".");
  }
  for (size_t i = 0; i < ports.outputs.size(); ++i) {
    const TensorInfo& output = ports.outputs[i];
    const Layout& layout = program.outputs()[i];
    const bool told = output.rank_known && !output.IsDynamic();
    if ((output.type != DataType::kUnknown && layout.type != output.type) ||
        (ports.fixed && told && DimsOf(layout, output) != output.shape)) {
      throw OfAnotherModel("output", output, layout);
    }
  }
}

void Complete(Ports& ports, const CompiledProgram& program) {
  const std::vector<Layout>& layouts = program.outputs();
  if (layouts.size() != ports.outputs.size()) {
    throw Error(ErrorCode::MODEL_UNSUPPORTED,
                "MIGraphX's program has " + std::to_string(layouts.size()) +
                    " outputs, the model " + std::to_string(ports.outputs.size()) + ".");
  }
  for (size_t i = 0; i < layouts.size(); ++i) {
    TensorInfo& output = ports.outputs[i];
    output.type = layouts[i].type;
    if (ports.dynamic || layouts[i].dynamic) continue;
    const std::vector<int64_t> dims = DimsOf(layouts[i], output);
    if (ports.fixed && output.rank_known && !output.IsDynamic() && dims != output.shape) {
      throw Error(ErrorCode::MODEL_UNSUPPORTED,
                  "MIGraphX computes the output \"" + output.name + "\" as " + ShapeText(dims) +
                      ", and the model says " + ShapeText(output.shape) + ".");
    }
    output.shape = dims;
    output.rank_known = true;
  }
}

std::vector<int64_t> DimsOf(const Layout& layout, const TensorInfo& info) {
  if (!info.rank_known) return layout.dims;
  if (!info.IsDynamic()) {
    return WithoutOnes(info.shape) == WithoutOnes(layout.dims) ? info.shape : layout.dims;
  }
  // One element of stride 0, which MIGraphX makes of a scalar and of a tensor that was expanded.
  const bool fits = std::all_of(info.shape.begin(), info.shape.end(),
                                [](int64_t dim) { return dim == 1 || dim < 0; });
  if (!layout.dims.empty() || !fits) return layout.dims;
  return std::vector<int64_t>(info.shape.size(), 1);
}

}  // namespace accelnode::rocm
