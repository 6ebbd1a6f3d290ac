// A build: checks, calibration, progress, a plan.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "layers.h"

namespace fake {
namespace {

// nvinfer1::BuilderFlag of 10 alone, or where it differs.
constexpr int kFp16 = 0, kInt8Flag = 1, kRefit = 4, kBf16Flag = 17;

bool IsSet(const Config& config, int flag) { return (config.flags >> flag & 1) != 0; }

bool IsDynamic(const Shape& shape) { return std::count(shape.begin(), shape.end(), -1) != 0; }

bool Fits(const Shape& shape, const Shape& declared) {
  if (shape.size() != declared.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (declared[i] >= 0 && shape[i] != declared[i]) return false;
  }
  return true;
}

bool Ordered(const Shape& min, const Shape& opt, const Shape& max) {
  for (size_t i = 0; i < min.size(); ++i) {
    if (min[i] > opt[i] || opt[i] > max[i]) return false;
  }
  return true;
}

// Empty when the profile gives bounds to the values of an input that decides shapes.
std::string CheckValues(const Tensor& input, const OptimizationProfile& profile) {
  const auto found = profile.ranges.find(input.name);
  const Shape none[3];
  const Shape* const values = found == profile.ranges.end() ? none : found->second.values;
  for (int i = 0; i < 3; ++i) {
    if (values[i].empty() || values[i].size() != Elements(input.shape)) {
      return "Error Code 4: API Usage Error (" + input.name +
             ": shape input is missing values in profile.)";
    }
  }
  if (Ordered(values[0], values[1], values[2])) return "";
  return "Error Code 4: API Usage Error (" + input.name +
         ": the values in profile are not in order.)";
}

// Empty when the profiles give bounds to all that is dynamic.
std::string CheckProfiles(const Network& network, const Config& config) {
  for (const Tensor& input : network.model.inputs) {
    const bool decides = DecidesShapes(network.model, input.name);
    if ((IsDynamic(input.shape) || decides) && config.profiles.empty()) {
      return "Error Code 4: API Usage Error (Network has dynamic or shape inputs, but no "
             "optimization profile has been defined.)";
    }
    for (const OptimizationProfile* profile : config.profiles) {
      if (decides) {
        const std::string refusal = CheckValues(input, *profile);
        if (!refusal.empty()) return refusal;
      }
      const auto found = profile->ranges.find(input.name);
      if (found == profile->ranges.end() || found->second.min.empty()) {
        if (!IsDynamic(input.shape)) continue;
        return "Error Code 4: API Usage Error (" + input.name +
               ": dynamic input is missing dimensions in profile.)";
      }
      const Range& range = found->second;
      const bool fits = Fits(range.min, input.shape) && Fits(range.opt, input.shape) &&
                        Fits(range.max, input.shape);
      if (!fits || !Ordered(range.min, range.opt, range.max)) {
        return "Error Code 4: API Usage Error (" + input.name +
               ": the dimensions in profile do not fit the network.)";
      }
    }
  }
  for (const OptimizationProfile* profile : config.profiles) {
    for (const auto& [name, range] : profile->ranges) {
      const auto& inputs = network.model.inputs;
      const bool known = std::any_of(inputs.begin(), inputs.end(),
                                     [&](const Tensor& input) { return input.name == name; });
      if (!known)
        Violation("an optimization profile has dimensions of " + name + ", which is no input");
    }
  }
  return "";
}

std::string CheckPrecision(const Network& network, const Config& config) {
  if (network.release >= 110000) return "";
  const bool asked = IsSet(config, kFp16) || IsSet(config, kInt8Flag) || IsSet(config, kBf16Flag);
  if (network.StronglyTyped() && asked) {
    return "Error Code 4: API Usage Error (Precision flags can not be set for a strongly typed "
           "network.)";
  }
  return "";
}

// ---- Calibration, as 10 does it

std::string AlgorithmName(int algorithm) {
  return algorithm == 2 ? "EntropyCalibration2" : algorithm == 3 ? "MinMaxCalibration" : "";
}

struct Calibration {
  const Network& network;
  const Config& config;
  const Logger& logger;
  int32_t batch_size = 0;

  bool Refuse(const char* text) const {
    logger.Error(text);
    return false;
  }

  int Slot(const char* method) const { return SlotOf("IInt8Calibrator", network.release, method); }

  // The sum of each input's bytes over all batches: what the cache then says. False: it can't go
  // on.
  bool ReadBatches(std::vector<uint64_t>& sums) {
    bool any = false;
    const auto& inputs = network.model.inputs;
    const OptimizationProfile* profile = config.calibration_profile;
    if (profile == nullptr && !config.profiles.empty()) profile = config.profiles[0];
    sums.assign(inputs.size(), 0);
    std::vector<const char*> names;
    for (const Tensor& input : inputs) names.push_back(input.name.c_str());
    for (;;) {
      std::vector<void*> bindings(inputs.size(), nullptr);
      if (!CallBack<bool>(config.calibrator, Slot("getBatch"), bindings.data(), names.data(),
                          static_cast<int32_t>(names.size())))
        return any || Refuse(
                          "Error Code 1: Calibration failure occurred with no scaling factors "
                          "detected.");
      any = true;
      Add(Block().calibration_batches);
      WaitWhile(Block().hold, Block().held);
      for (size_t i = 0; i < inputs.size(); ++i) {
        const Tensor& input = inputs[i];
        const bool ranged = profile != nullptr && profile->ranges.count(input.name) != 0;
        const Shape& shape = ranged ? profile->ranges.at(input.name).opt : input.shape;
        const size_t bytes = Elements(shape) * SizeOf(input.type);
        const Place place =
            OnDevice(bindings[i], bytes, CurrentDevice(), "calibration: " + input.name);
        if (place.data == nullptr) return false;
        for (size_t at = 0; at < bytes; ++at) sums[i] += place.data[at];
      }
    }
  }

  bool Run() {
    batch_size = CallBack<int32_t>(config.calibrator, Slot("getBatchSize"));
    const std::string algorithm =
        AlgorithmName(CallBack<int32_t>(config.calibrator, Slot("getAlgorithm")));
    if (batch_size < 0 || algorithm.empty()) {
      Violation("a calibrator has no batch size, or an unknown algorithm");
      return false;
    }
    const std::string head = "TRT-" + std::to_string(network.release) + "-" + algorithm + "\n";
    uint64_t size = 0;
    const void* const cache =
        CallBack<const void*>(config.calibrator, Slot("readCalibrationCache"), &size);
    if (cache != nullptr && size >= head.size() &&
        std::memcmp(cache, head.data(), head.size()) == 0)
      return true;
    std::vector<uint64_t> sums;
    if (!ReadBatches(sums)) return false;
    std::string text = head;
    for (size_t i = 0; i < sums.size(); ++i)
      text += network.model.inputs[i].name + ": " + std::to_string(sums[i]) + "\n";
    CallBack<void>(config.calibrator, Slot("writeCalibrationCache"),
                   static_cast<const void*>(text.data()), static_cast<uint64_t>(text.size()));
    return true;
  }
};

// ---- Progress

constexpr int kSteps = 4;

// False: the caller wants no more.
bool Work(const Config& config) {
  Control& block = Block();
  const auto slot = [&](const char* method) {
    return SlotOf("IProgressMonitor", config.release, method);
  };
  const auto step = [&](const char* phase, int number) {
    return config.monitor == nullptr ||
           CallBack<bool>(config.monitor, slot("stepComplete"), phase, number);
  };
  const auto begin = [&](const char* phase, const char* parent, int steps) {
    if (config.monitor != nullptr)
      CallBack<void>(config.monitor, slot("phaseStart"), phase, parent, steps);
  };
  const auto finish = [&](const char* phase) {
    if (config.monitor != nullptr) CallBack<void>(config.monitor, slot("phaseFinish"), phase);
  };
  begin("Building Engine", nullptr, kSteps);
  bool goes_on = true;
  const volatile int64_t& hold = block.hold_build;
  if (hold != 0) {
    Add(block.building);
    while (goes_on && hold != 0) {
      usleep(200);
      goes_on = step("Building Engine", 0);
    }
    Add(block.building, -1);
  }
  for (int i = 0; goes_on && i < kSteps; ++i) {
    begin("Tactic Selection", "Building Engine", 2);
    for (int j = 0; goes_on && j < 2; ++j) goes_on = step("Tactic Selection", j);
    finish("Tactic Selection");
    if (goes_on) goes_on = step("Building Engine", i);
  }
  finish("Building Engine");
  return goes_on;
}

std::string Precision(const Config& config, const Network& network) {
  if (network.release >= 110000 || network.StronglyTyped()) return "typed";
  return IsSet(config, kInt8Flag)   ? "Int8"
         : IsSet(config, kFp16)     ? "Half"
         : IsSet(config, kBf16Flag) ? "BFloat16"
                                    : "Float";
}

void UseTimingCache(const Network& network, const Config& config) {
  if (config.timing_cache == nullptr) return;
  auto& entries = config.timing_cache->entries;
  Block().timing_cache_entries = static_cast<int64_t>(entries.size());
  for (const Node& node : network.model.nodes) {
    const std::string entry = node.op + " " + node.name;
    if (std::count(entries.begin(), entries.end(), entry) == 0) entries.push_back(entry);
  }
}

Plan MakePlan(const Network& network, const Config& config) {
  Plan plan;
  plan.release = network.release;
  plan.sm = static_cast<int32_t>(Block().sm == 0 ? 90 : Block().sm);
  plan.version_compatible = IsSet(config, network.release >= 110000 ? 12 : 13);
  plan.brings_code = plan.version_compatible && !IsSet(config, network.release >= 110000 ? 13 : 14);
  plan.hardware = config.hardware;
  plan.verbosity = config.verbosity;
  plan.aux_streams = config.aux_streams;
  plan.refittable = IsSet(config, kRefit);
  plan.precision = Precision(config, network);
  plan.model = network.model;
  for (const OptimizationProfile* profile : config.profiles)
    plan.profiles.push_back(profile->ranges);
  if (plan.profiles.empty()) plan.profiles.emplace_back();  // there is always one
  return plan;
}

constexpr size_t kScratch = size_t{256} << 10;
constexpr size_t kTooMuch = size_t{1} << 45;  // for one of the kernels that are tried

}  // namespace

void* Build(Builder& builder, Network& network, Config& config) {
  Control& block = Block();
  const Logger& logger = builder.logger;
  NeedCurrentDevice("buildSerializedNetwork");
  Add(block.builds);
  block.builder_flags = config.flags;
  SetText(block.config, sizeof(block.config), config.noted);
  // From a thread of its own, as builders have them.
  const auto refuse = [&](const std::string& text) -> void* {
    std::thread([&] { logger.Error("IBuilder::buildSerializedNetwork: " + text); }).join();
    return nullptr;
  };
  if (Fails("buildSerializedNetwork", logger)) return nullptr;
  const std::string unknown = AssembleModel(network);
  if (!unknown.empty())
    return refuse("Error Code 10: Could not find any implementation for " + unknown);
  if (network.parser_is_gone)
    Violation("a build after the network's parser, which holds the weights, was destroyed");
  if (network.model.outputs.empty())
    return refuse("Error Code 4: API Usage Error (Network must have at least one output)");
  for (const std::string& refusal :
       {CheckProfiles(network, config), CheckPrecision(network, config)}) {
    if (!refusal.empty()) return refuse(refusal);
  }
  const DeviceBlock scratch(kScratch, builder.allocator);
  if (!scratch.ok()) return refuse(OutOfMemoryWords(kScratch));
  for (int64_t i = 0; i < block.tactics; ++i) {
    const DeviceBlock memory(kTooMuch, builder.allocator);
    logger.Error(OutOfMemoryWords(kTooMuch));  // and the next is tried
  }
  const bool calibrates =
      network.release < 110000 && IsSet(config, kInt8Flag) && config.calibrator != nullptr;
  if (calibrates && !Calibration{network, config, logger}.Run())
    return refuse("Error Code 1: Calibration failed");
  if (!Work(config)) return refuse("Error Code 11: Build was cancelled by the progress monitor");
  for (const Node& node : network.model.nodes) {
    if (node.name.rfind("refuse ", 0) == 0) return refuse("Error Code 10: " + node.name);
  }
  UseTimingCache(network, config);
  return Public(new HostMemory(network.release, WritePlan(MakePlan(network, config))));
}

}  // namespace fake
