// A network that is made layer by layer, as the real ONNX parser makes it.
#pragma once

#include "build.h"

namespace fake {

// Methods of INetworkDefinition, ITensor, IBuilder by which a parser makes a network.
const std::vector<Implementation>& NetworkMaking();
const std::vector<Implementation>& TensorMaking();
const std::vector<Implementation>& BuilderMaking();

void GiveBuilder(Network& network);

// What the layers of a network compute, in the double's terms. The names of layers that it has no
// code for; empty when it has all of it.
std::string AssembleModel(Network& network);

// They end with their network.
void EndLayers(const Network& network);

}  // namespace fake
