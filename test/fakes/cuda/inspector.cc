// IEngineInspector and IRuntimeConfig.
#include "tensorrt.h"

namespace fake {
namespace {

std::string LayerInformation(const Plan& plan, const Node& node, bool json) {
  if (!json) return node.name + "\n";
  if (plan.verbosity != 2) return "\"" + node.name + "\"";
  return Format(R"({"Name":"%s","LayerType":"%s","Precision":"%s","TacticName":"double_%s"})",
                node.name.c_str(), node.op.c_str(), plan.precision.c_str(), node.op.c_str());
}

const char* EngineInformation(Inner* self, int format) {
  const Using use(self, Kind::kInspector, "getEngineInformation");
  if (use.object() == nullptr) return nullptr;
  auto& inspector = *As<Inspector>(use);
  const Engine& engine = inspector.engine;
  if (Fails("getEngineInformation", engine.logger)) return nullptr;
  inspector.text.clear();
  for (const Node& node : engine.plan.model.nodes) {
    if (format == 1 && !inspector.text.empty()) inspector.text += ",";
    inspector.text += LayerInformation(engine.plan, node, format == 1);
  }
  if (format == 1) inspector.text = R"({"Layers":[)" + inspector.text + "]}";
  return inspector.text.c_str();
}

const char* OneLayerInformation(Inner* self, int index, int format) {
  const Using use(self, Kind::kInspector, "getLayerInformation");
  if (use.object() == nullptr) return nullptr;
  auto& inspector = *As<Inspector>(use);
  const auto& nodes = inspector.engine.plan.model.nodes;
  if (index < 0 || static_cast<size_t>(index) >= nodes.size()) return nullptr;
  inspector.text =
      LayerInformation(inspector.engine.plan, nodes[static_cast<size_t>(index)], format == 1);
  return inspector.text.c_str();
}

bool SetInspectedContext(Inner* self, void* context) {
  const Using use(self, Kind::kInspector, "IEngineInspector::setExecutionContext");
  return FromPublic(context, Kind::kContext, "IEngineInspector::setExecutionContext") != nullptr;
}

void SetStrategy(Inner* self, int strategy) {
  const Using use(self, Kind::kRuntimeConfig, "setExecutionContextAllocationStrategy");
  if (strategy < 0 || strategy > 2)
    Violation("setExecutionContextAllocationStrategy with an unknown strategy");
  if (use.object() != nullptr) As<RuntimeConfig>(use)->strategy = strategy;
}

int GetStrategy(Inner* self) {
  const Using use(self, Kind::kRuntimeConfig, "getExecutionContextAllocationStrategy");
  return use.object() == nullptr ? 0 : As<RuntimeConfig>(use)->strategy;
}

}  // namespace

Inspector::Inspector(Engine& engine)
    : Object(Kind::kInspector, engine.release, "VEngineInspector",
             {{"getEngineInformation", AsMethod(&EngineInformation)},
              {"getLayerInformation", AsMethod(&OneLayerInformation)},
              {"setExecutionContext", AsMethod(&SetInspectedContext)}}),
      engine(engine) {
  ++engine.users;
}

void Inspector::End() { --engine.users; }

RuntimeConfig::RuntimeConfig(Engine& engine)
    : Object(Kind::kRuntimeConfig, engine.release, "VRuntimeConfig",
             {{"setExecutionContextAllocationStrategy", AsMethod(&SetStrategy)},
              {"getExecutionContextAllocationStrategy", AsMethod(&GetStrategy)}}),
      engine(engine) {
  ++engine.users;
}

void RuntimeConfig::End() { --engine.users; }

}  // namespace fake
