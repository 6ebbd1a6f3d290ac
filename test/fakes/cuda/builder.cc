// IBuilder and INetworkDefinition.
#include <algorithm>
#include <set>

#include "layers.h"

namespace fake {
namespace {

#define BUILDER(call, otherwise)                 \
  const Using use(self, Kind::kBuilder, call);   \
  if (use.object() == nullptr) return otherwise; \
  [[maybe_unused]] Builder& builder = *As<Builder>(use)

void* CreateConfig(Inner* self) {
  BUILDER("createBuilderConfig", nullptr);
  return Fails("createBuilderConfig", builder.logger) ? nullptr : NewConfig(builder);
}

void* CreateNetwork(Inner* self, uint32_t flags) {
  BUILDER("createNetworkV2", nullptr);
  // 10: explicit batch (always on), strongly typed, two of Python's; 11: without the first.
  const int bits = builder.release >= 110000 ? 3 : builder.release >= 100900 ? 4 : 2;
  if (flags >> bits != 0)
    Violation(Format("createNetworkV2 with flags %x, which release %d does not have", flags,
                     builder.release));
  return Fails("createNetworkV2", builder.logger) ? nullptr : NewNetwork(builder, flags);
}

void* CreateProfile(Inner* self) {
  BUILDER("createOptimizationProfile", nullptr);
  if (Fails("createOptimizationProfile", builder.logger)) return nullptr;
  auto* const profile = new OptimizationProfile(builder);
  builder.profiles.push_back(profile);
  return Public(profile);
}

void* BuildSerialized(Inner* self, void* given_network, void* given_config) {
  BUILDER("buildSerializedNetwork", nullptr);
  Object* const network = FromPublic(given_network, Kind::kNetwork, "buildSerializedNetwork");
  Object* const config = FromPublic(given_config, Kind::kBuilderConfig, "buildSerializedNetwork");
  if (network == nullptr || config == nullptr) return nullptr;
  return Build(builder, *static_cast<Network*>(network), *static_cast<Config*>(config));
}

void SetAllocator(Inner* self, void* allocator) {
  BUILDER("IBuilder::setGpuAllocator", );
  if (allocator != nullptr) CheckInterface(allocator, "IGpuAllocator");
  builder.allocator = allocator;
}

void SetErrorRecorder(Inner* self, void* recorder) {
  BUILDER("IBuilder::setErrorRecorder", );
  builder.logger.SetRecorder(recorder);
}

bool SetMaxThreads(Inner*, int threads) { return threads > 0; }
bool Always(Inner*) { return true; }

#define NETWORK(call, otherwise)                 \
  const Using use(self, Kind::kNetwork, call);   \
  if (use.object() == nullptr) return otherwise; \
  [[maybe_unused]] Network& network = *As<Network>(use)

int NbInputs(Inner* self) {
  NETWORK("getNbInputs", 0);
  return static_cast<int>(network.inputs.size());
}

int NbOutputs(Inner* self) {
  NETWORK("getNbOutputs", 0);
  return static_cast<int>(network.outputs.size());
}

int NbLayers(Inner* self) {
  NETWORK("getNbLayers", 0);
  if (!network.layers.empty()) return static_cast<int>(network.layers.size());
  return static_cast<int>(network.model.nodes.size());
}

void* Nth(const std::vector<NetworkTensor*>& tensors, int index) {
  const bool there = index >= 0 && static_cast<size_t>(index) < tensors.size();
  return there ? Public(tensors[static_cast<size_t>(index)]) : nullptr;
}

void* Input(Inner* self, int index) {
  NETWORK("getInput", nullptr);
  return Nth(network.inputs, index);
}

void* Output(Inner* self, int index) {
  NETWORK("getOutput", nullptr);
  return Nth(network.outputs, index);
}

uint32_t Flags(Inner* self) {
  NETWORK("INetworkDefinition::getFlags", 0);
  return network.flags;
}

bool Flag(Inner* self, int flag) {
  NETWORK("INetworkDefinition::getFlag", false);
  return (network.flags >> flag & 1) != 0;
}

#define TENSOR(call, otherwise)                  \
  const Using use(self, Kind::kTensor, call);    \
  if (use.object() == nullptr) return otherwise; \
  [[maybe_unused]] NetworkTensor& tensor = *As<NetworkTensor>(use)

const char* TensorName(Inner* self) {
  TENSOR("ITensor::getName", nullptr);
  return tensor.tensor.name.c_str();
}

Dims TensorDims(Inner* self) {
  TENSOR("ITensor::getDimensions", (Dims{-1, {}}));
  return ToDims(tensor.tensor.shape);
}

int TensorType(Inner* self) {
  TENSOR("ITensor::getType", 0);
  return tensor.tensor.type;
}

bool IsNetworkInput(Inner* self) {
  TENSOR("isNetworkInput", false);
  return tensor.input;
}

bool IsNetworkOutput(Inner* self) {
  TENSOR("isNetworkOutput", false);
  const auto& outputs = tensor.network.outputs;
  return std::find(outputs.begin(), outputs.end(), &tensor) != outputs.end();
}

bool IsShapeTensor(Inner* self) {
  TENSOR("isShapeTensor", false);
  return tensor.input && DecidesShapes(tensor.network.model, tensor.tensor.name);
}

std::vector<Implementation> Both(std::vector<Implementation> some,
                                 const std::vector<Implementation>& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

}  // namespace

Builder::Builder(int release, Logger logger)
    : Object(Kind::kBuilder, release, "VBuilder",
             Both({{"createBuilderConfig", AsMethod(&CreateConfig)},
                   {"createNetworkV2", AsMethod(&CreateNetwork)},
                   {"createOptimizationProfile", AsMethod(&CreateProfile)},
                   {"buildSerializedNetwork", AsMethod(&BuildSerialized)},
                   {"setGpuAllocator", AsMethod(&SetAllocator)},
                   {"setErrorRecorder", AsMethod(&SetErrorRecorder)},
                   {"setMaxThreads", AsMethod(&SetMaxThreads)},
                   {"platformHasFastFp16", AsMethod(&Always)},
                   {"platformHasFastInt8", AsMethod(&Always)}},
                  BuilderMaking())),
      logger(logger) {}

// The builder's profiles end with it.
void Builder::End() {
  if (children > 0) Violation("a builder was destroyed before its networks and configurations");
  logger.SetRecorder(nullptr);
  for (Object* profile : profiles) {
    profile->alive = false;
    Alive(Kind::kProfile, -1);
  }
}

NetworkTensor::NetworkTensor(Network& network, Tensor tensor, bool input)
    : Object(Kind::kTensor, network.release, "VTensor",
             Both({{"getName", AsMethod(&TensorName)},
                   {"getDimensions", AsMethod(&TensorDims)},
                   {"getType", AsMethod(&TensorType)},
                   {"isNetworkInput", AsMethod(&IsNetworkInput)},
                   {"isNetworkOutput", AsMethod(&IsNetworkOutput)},
                   {"isShapeTensor", AsMethod(&IsShapeTensor)}},
                  TensorMaking())),
      network(network),
      tensor(std::move(tensor)),
      input(input) {}

Network::Network(Builder& builder, uint32_t flags)
    : Object(Kind::kNetwork, builder.release, "VNetworkDefinition",
             Both({{"getNbInputs", AsMethod(&NbInputs)},
                   {"getNbOutputs", AsMethod(&NbOutputs)},
                   {"getNbLayers", AsMethod(&NbLayers)},
                   {"getInput", AsMethod(&Input)},
                   {"getOutput", AsMethod(&Output)},
                   {"getFlags", AsMethod(&Flags)},
                   {"getFlag", AsMethod(&Flag)}},
                  NetworkMaking())),
      builder(builder),
      flags(flags) {
  ++builder.children;
  GiveBuilder(*this);
}

void Network::End() {
  if (parsers > 0) Violation("a network was destroyed before its parser");
  std::set<NetworkTensor*> all(tensors.begin(), tensors.end());
  all.insert(inputs.begin(), inputs.end());
  all.insert(outputs.begin(), outputs.end());
  for (NetworkTensor* tensor : all) {
    tensor->alive = false;
    Alive(Kind::kTensor, -1);
  }
  EndLayers(*this);
  --builder.children;
}

bool Network::StronglyTyped() const { return (flags >> (release >= 110000 ? 0 : 1) & 1) != 0; }

void* NewNetwork(Builder& builder, uint32_t flags) { return Public(new Network(builder, flags)); }

}  // namespace fake
