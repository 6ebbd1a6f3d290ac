#include "layers.h"

#include <algorithm>
#include <map>

namespace fake {

struct Weights {
  int32_t type;
  const void* values;
  int64_t count;
};

// As the caller sees it: behind the methods that all layers have come the layer's own, whose layout
// was not measured.
struct Face {
  const Method* vptr;
  Inner* impl;
  Inner* own;
};

struct Layer : Object {
  Layer(Network& network, std::string op, std::vector<NetworkTensor*> inputs, Tensor output);
  Network& network;
  std::string op, name, metadata;
  std::vector<NetworkTensor*> inputs;
  NetworkTensor* output;
  Weights weights{};  // of a constant
  Shape reshape;      // of a shuffle
  bool moves = false;
  Inner own;
  Face face;
};

namespace {

std::string Copy(const char* text) { return text == nullptr ? "" : text; }

Shape Broadcast(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    shape[shape.size() - 1 - i] = left == 1 ? right : left;
  }
  return shape;
}

// ---- INetworkDefinition

#define NETWORK(call)                          \
  const Using use(self, Kind::kNetwork, call); \
  if (use.object() == nullptr) return nullptr; \
  Network& network = *As<Network>(use)

NetworkTensor* Given(void* tensor, const char* call) {
  return static_cast<NetworkTensor*>(FromPublic(tensor, Kind::kTensor, call));
}

void* Add(Network& network, const char* op, const std::vector<NetworkTensor*>& inputs,
          const Shape& shape, int32_t type) {
  if (std::count(inputs.begin(), inputs.end(), nullptr) != 0) return nullptr;
  const std::string name = Format("(Unnamed Layer* %zu) [%s]", network.layers.size(), op);
  auto* const layer = new Layer(network, op, inputs, {name + "_output", type, shape});
  layer->name = name;
  network.layers.push_back(layer);
  return &layer->face;
}

void* AddInput(Inner* self, const char* name, int32_t type, const Dims& dims) {
  NETWORK("addInput");
  auto* const tensor = new NetworkTensor(network, {Copy(name), type, FromDims(dims)}, true);
  network.tensors.push_back(tensor);
  network.inputs.push_back(tensor);
  return Public(tensor);
}

void* MarkOutput(Inner* self, void* given) {
  NETWORK("markOutput");
  NetworkTensor* const tensor = Given(given, "markOutput");
  if (tensor != nullptr) network.outputs.push_back(tensor);
  return nullptr;
}

void* AddConstant(Inner* self, const Dims& dims, Weights weights) {
  NETWORK("addConstant");
  const Shape shape = FromDims(dims);
  if (static_cast<int64_t>(Elements(shape)) != weights.count) {
    Violation("addConstant with weights that do not fill its dimensions");
    return nullptr;
  }
  void* const face = Add(network, "Constant", {}, shape, weights.type);
  network.layers.back()->weights = weights;
  return face;
}

void* AddIdentity(Inner* self, void* given) {
  NETWORK("addIdentity");
  NetworkTensor* const input = Given(given, "addIdentity");
  if (input == nullptr) return nullptr;
  return Add(network, "Identity", {input}, input->tensor.shape, input->tensor.type);
}

void* AddCast(Inner* self, void* given, int32_t type) {
  NETWORK("addCast");
  NetworkTensor* const input = Given(given, "addCast");
  if (input == nullptr) return nullptr;
  const char* const op = input->tensor.type == type ? "Identity" : "Cast";
  return Add(network, op, {input}, input->tensor.shape, type);
}

void* AddElementWise(Inner* self, void* first, void* second, int32_t operation) {
  NETWORK("addElementWise");
  NetworkTensor* const a = Given(first, "addElementWise");
  NetworkTensor* const b = Given(second, "addElementWise");
  if (a == nullptr || b == nullptr) return nullptr;
  if (a->tensor.shape.size() != b->tensor.shape.size())
    Violation("addElementWise with tensors of different ranks");
  constexpr int32_t kSum = 0;
  const Shape shape = Broadcast(a->tensor.shape, b->tensor.shape);
  return Add(network, operation == kSum ? "Add" : "ElementWise", {a, b}, shape, a->tensor.type);
}

void* AddActivation(Inner* self, void* given, int32_t) {
  NETWORK("addActivation");
  NetworkTensor* const input = Given(given, "addActivation");
  if (input == nullptr) return nullptr;
  return Add(network, "Activation", {input}, input->tensor.shape, input->tensor.type);
}

void* AddMatrixMultiply(Inner* self, void* first, int32_t how_first, void* second,
                        int32_t how_second) {
  NETWORK("addMatrixMultiply");
  NetworkTensor* const a = Given(first, "addMatrixMultiply");
  NetworkTensor* const b = Given(second, "addMatrixMultiply");
  if (a == nullptr || b == nullptr) return nullptr;
  const Shape left = a->tensor.shape, right = b->tensor.shape;
  if (left.size() < 2 || left.size() != right.size()) {
    Violation("addMatrixMultiply with tensors that are no matrices");
    return nullptr;
  }
  constexpr int32_t kTranspose = 1;
  Shape shape = Broadcast(left, right);
  shape[shape.size() - 2] = left[left.size() - (how_first == kTranspose ? 1 : 2)];
  shape[shape.size() - 1] = right[right.size() - (how_second == kTranspose ? 2 : 1)];
  return Add(network, "MatrixMultiply", {a, b}, shape, a->tensor.type);
}

void* AddShuffle(Inner* self, void* given) {
  NETWORK("addShuffle");
  NetworkTensor* const input = Given(given, "addShuffle");
  if (input == nullptr) return nullptr;
  return Add(network, "Shuffle", {input}, input->tensor.shape, input->tensor.type);
}

void* AddNonZero(Inner* self, void* given, int32_t type) {
  NETWORK("addNonZeroV2");
  NetworkTensor* const input = Given(given, "addNonZeroV2");
  if (input == nullptr) return nullptr;
  const auto rank = static_cast<int64_t>(input->tensor.shape.size());
  return Add(network, "NonZero", {input}, {rank, -1}, type);
}

void* GetLayer(Inner* self, int index) {
  NETWORK("getLayer");
  const bool there = index >= 0 && static_cast<size_t>(index) < network.layers.size();
  return there ? &network.layers[static_cast<size_t>(index)]->face : nullptr;
}

// Of all public objects seen so far only the network has a method in its own vtable.
void* GetBuilder(void* self) {
  Object* const network = FromPublic(self, Kind::kNetwork, "getBuilder");
  return network == nullptr ? nullptr : Public(&static_cast<Network*>(network)->builder);
}

void SetNetworkName(Inner*, const char*) {}
bool SetWeightsName(Inner*, Weights, const char*) { return true; }
void SetRecorder(Inner*, void*) {}
void* NoRecorder(Inner*) { return nullptr; }

// ---- ITensor

#define TENSOR(call, otherwise)                  \
  const Using use(self, Kind::kTensor, call);    \
  if (use.object() == nullptr) return otherwise; \
  NetworkTensor& tensor = *As<NetworkTensor>(use)

void SetTensorName(Inner* self, const char* name) {
  TENSOR("ITensor::setName", );
  tensor.tensor.name = Copy(name);
}

void SetDimensionName(Inner* self, int, const char*) {
  TENSOR("setDimensionName", );
  (void)tensor;
}
void SetFormats(Inner*, uint32_t) {}
bool IsExecutionTensor(Inner*) { return true; }
void SetType(Inner* self, int32_t type) {
  TENSOR("ITensor::setType", );
  tensor.tensor.type = type;
}

// ---- ILayer

#define LAYER(call, otherwise)                   \
  const Using use(self, Kind::kLayer, call);     \
  if (use.object() == nullptr) return otherwise; \
  Layer& layer = *As<Layer>(use)

void SetLayerName(Inner* self, const char* name) {
  LAYER("ILayer::setName", );
  layer.name = Copy(name);
}

const char* LayerName(Inner* self) {
  LAYER("ILayer::getName", nullptr);
  return layer.name.c_str();
}

void SetMetadata(Inner* self, const char* text) {
  LAYER("setMetadata", );
  layer.metadata = Copy(text);
}

const char* Metadata(Inner* self) {
  LAYER("getMetadata", nullptr);
  return layer.metadata.c_str();
}

// nvinfer1::LayerType was not measured: none of its values.
int LayerType(Inner*) { return -1; }

int NbOutputs(Inner*) { return 1; }

int NbInputs(Inner* self) {
  LAYER("ILayer::getNbInputs", 0);
  return static_cast<int>(layer.inputs.size());
}

void* LayerInput(Inner* self, int index) {
  LAYER("ILayer::getInput", nullptr);
  const bool there = index >= 0 && static_cast<size_t>(index) < layer.inputs.size();
  return there ? Public(layer.inputs[static_cast<size_t>(index)]) : nullptr;
}

void* LayerOutput(Inner* self, int index) {
  LAYER("ILayer::getOutput", nullptr);
  return index == 0 ? Public(layer.output) : nullptr;
}

int OutputType(Inner* self, int) {
  LAYER("getOutputType", 0);
  return layer.output->tensor.type;
}

void* UnknownMethod(Inner* self) {
  Violation("a method that only the layer has was called: " + static_cast<Layer*>(self->owner)->op);
  return nullptr;
}

// ---- IShuffleLayer: the slots are those that the parsers of 10.15 and 11.2 call.

void SetFirstTranspose(Inner* self, const int32_t* order) {
  auto* const layer = static_cast<Layer*>(self->owner);
  const Shape from = layer->output->tensor.shape;
  Shape& shape = layer->output->tensor.shape;
  for (size_t i = 0; i < shape.size(); ++i) {
    shape[i] = from[static_cast<size_t>(order[i])];
    layer->moves |= order[i] != static_cast<int32_t>(i);
  }
}

void SetReshapeDimensions(Inner* self, const Dims& dims) {
  static_cast<Layer*>(self->owner)->reshape = FromDims(dims);
}

// The last of the three that the parsers call: 0 stands for a dimension of the input, or for none.
void SetZeroIsPlaceholder(Inner* self, bool placeholder) {
  auto* const layer = static_cast<Layer*>(self->owner);
  const Shape from = layer->output->tensor.shape;
  Shape to = layer->reshape;
  uint64_t rest = Elements(from);
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && placeholder && i < from.size()) to[i] = from[i];
    if (to[i] > 0) rest /= static_cast<uint64_t>(to[i]);
  }
  const bool known = std::count(from.begin(), from.end(), -1) == 0;
  if (known) std::replace(to.begin(), to.end(), int64_t{-1}, static_cast<int64_t>(rest));
  layer->output->tensor.shape = to;
}

const Method* OwnMethods(const std::string& op) {
  using Table = std::vector<Method>;
  static const auto& unknown = *new Table(64, AsMethod(&UnknownMethod));
  static const auto& shuffle = *[] {
    auto* const table = new Table(unknown);
    (*table)[2] = AsMethod(&SetFirstTranspose);
    (*table)[4] = AsMethod(&SetReshapeDimensions);
    (*table)[8] = AsMethod(&SetZeroIsPlaceholder);
    return table;
  }();
  return (op == "Shuffle" ? shuffle : unknown).data();
}

// ---- IPluginRegistry: there are none.

struct Registry {
  const Method* vptr;
};

void* NoCreator(void*, const char*, const char*, const char*) { return nullptr; }
void* const* NoCreators(void*, int* count) {
  *count = 0;
  return nullptr;
}
void EndRegistry(void*) { Violation("the plugin registry was destroyed"); }

void* GetRegistry(Inner* self) {
  const Using use(self, Kind::kBuilder, "getPluginRegistry");
  if (use.object() == nullptr) return nullptr;
  static auto& registry = *new Registry;
  registry.vptr = PlainVtableOf("IPluginRegistry", use.object()->release,
                                {{"getCreator", AsMethod(&NoCreator)},
                                 {"getPluginCreator", AsMethod(&NoCreator)},
                                 {"getAllCreators", AsMethod(&NoCreators)},
                                 {"getAllCreatorsRecursive", AsMethod(&NoCreators)}},
                                AsMethod(&EndRegistry));
  return &registry;
}

}  // namespace

Layer::Layer(Network& network, std::string op, std::vector<NetworkTensor*> inputs, Tensor made)
    : Object(Kind::kLayer, network.release, "VLayer",
             {{"setName", AsMethod(&SetLayerName)},
              {"getName", AsMethod(&LayerName)},
              {"getType", AsMethod(&LayerType)},
              {"setMetadata", AsMethod(&SetMetadata)},
              {"getMetadata", AsMethod(&Metadata)},
              {"getNbInputs", AsMethod(&NbInputs)},
              {"getInput", AsMethod(&LayerInput)},
              {"getNbOutputs", AsMethod(&NbOutputs)},
              {"getOutput", AsMethod(&LayerOutput)},
              {"getOutputType", AsMethod(&OutputType)}}),
      network(network),
      op(std::move(op)),
      inputs(std::move(inputs)),
      output(new NetworkTensor(network, std::move(made), false)),
      own{OwnMethods(this->op), this},
      face{vptr, impl, &own} {
  network.tensors.push_back(output);
}

const std::vector<Implementation>& NetworkMaking() {
  static const auto& methods =
      *new std::vector<Implementation>{{"addInput", AsMethod(&AddInput)},
                                       {"markOutput", AsMethod(&MarkOutput)},
                                       {"addConstant", AsMethod(&AddConstant)},
                                       {"addIdentity", AsMethod(&AddIdentity)},
                                       {"addCast", AsMethod(&AddCast)},
                                       {"addElementWise", AsMethod(&AddElementWise)},
                                       {"addActivation", AsMethod(&AddActivation)},
                                       {"addMatrixMultiply", AsMethod(&AddMatrixMultiply)},
                                       {"addShuffle", AsMethod(&AddShuffle)},
                                       {"addNonZeroV2", AsMethod(&AddNonZero)},
                                       {"getLayer", AsMethod(&GetLayer)},
                                       {"setName", AsMethod(&SetNetworkName)},
                                       {"setWeightsName", AsMethod(&SetWeightsName)},
                                       {"setErrorRecorder", AsMethod(&SetRecorder)},
                                       {"getErrorRecorder", AsMethod(&NoRecorder)}};
  return methods;
}

void GiveBuilder(Network& network) {
  static const Method table[] = {network.vptr[0], network.vptr[1], AsMethod(&GetBuilder)};
  network.vptr = table;
}

const std::vector<Implementation>& TensorMaking() {
  static const auto& methods =
      *new std::vector<Implementation>{{"setName", AsMethod(&SetTensorName)},
                                       {"setType", AsMethod(&SetType)},
                                       {"setDimensionName", AsMethod(&SetDimensionName)},
                                       {"setAllowedFormats", AsMethod(&SetFormats)},
                                       {"isExecutionTensor", AsMethod(&IsExecutionTensor)}};
  return methods;
}

const std::vector<Implementation>& BuilderMaking() {
  static const auto& methods = *new std::vector<Implementation>{
      {"getPluginRegistry", AsMethod(&GetRegistry)}, {"getErrorRecorder", AsMethod(&NoRecorder)}};
  return methods;
}

void EndLayers(const Network& network) {
  for (Layer* layer : network.layers) {
    layer->alive = false;
    Alive(Kind::kLayer, -1);
  }
}

std::string AssembleModel(Network& network) {
  if (network.layers.empty()) return "";  // the double's own parser made it at once
  Model model;
  std::string unknown;
  std::map<const NetworkTensor*, Bytes> constants;
  for (const NetworkTensor* input : network.inputs) model.inputs.push_back(input->tensor);
  for (const NetworkTensor* output : network.outputs) model.outputs.push_back(output->tensor);
  for (const Layer* layer : network.layers) {
    const Tensor& made = layer->output->tensor;
    Bytes bytes;
    if (layer->op == "Constant") {
      const auto* const values = static_cast<const uint8_t*>(layer->weights.values);
      bytes.assign(values, values + Elements(made.shape) * SizeOf(made.type));
    } else if (layer->op == "Shuffle" && !layer->moves) {
      const auto found = constants.find(layer->inputs[0]);
      if (found != constants.end()) bytes = found->second;
    }
    if (!bytes.empty()) {
      constants[layer->output] = bytes;
      model.constants.push_back({made, std::move(bytes)});
      continue;
    }
    Node node{layer->name, layer->op, {}, {made.name}};
    for (const NetworkTensor* input : layer->inputs) node.inputs.push_back(input->tensor.name);
    if (node.op != "Identity" && node.op != "Add" && node.op != "NonZero")
      unknown += (unknown.empty() ? "" : ", ") + node.name + " [" + node.op + "]";
    model.nodes.push_back(std::move(node));
  }
  if (unknown.empty()) network.model = std::move(model);
  return unknown;
}

}  // namespace fake
