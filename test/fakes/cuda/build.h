// The objects of a build: builder, network, configuration, profiles, timing cache, parser.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tensorrt.h"

namespace fake {

struct Network;
struct Layer;

struct NetworkTensor : Object {
  NetworkTensor(Network& network, Tensor tensor, bool input);
  Network& network;
  Tensor tensor;
  bool input;
};

struct Builder : Object {
  Builder(int release, Logger logger);
  void End() override;
  Logger logger;
  void* allocator = nullptr;
  std::atomic<int> children{0};  // networks and configurations
  std::vector<Object*> profiles;
};

struct Network : Object {
  Network(Builder& builder, uint32_t flags);
  void End() override;
  bool StronglyTyped() const;
  Builder& builder;
  const uint32_t flags;
  Model model;
  std::vector<NetworkTensor*> inputs, outputs;
  // Of a network that is made layer by layer: all of them, inputs and outputs too.
  std::vector<NetworkTensor*> tensors;
  std::vector<Layer*> layers;
  int parsers = 0;
  bool parser_is_gone = false;
};

struct OptimizationProfile : Object {
  explicit OptimizationProfile(Builder& builder);
  Builder& builder;
  Profile ranges;
};

struct TimingCache : Object {
  TimingCache(int release, std::vector<std::string> entries);
  std::vector<std::string> entries;
};

struct Config : Object {
  explicit Config(Builder& builder);
  void End() override;
  void Note(const std::string& text);
  Builder& builder;
  uint32_t flags;
  std::vector<OptimizationProfile*> profiles;
  OptimizationProfile* calibration_profile = nullptr;
  void* calibrator = nullptr;
  void* monitor = nullptr;
  TimingCache* timing_cache = nullptr;
  int verbosity = 0, hardware = 0, aux_streams = 0, level = 3;
  std::string noted;  // what was set, for the test
};

void* NewNetwork(Builder& builder, uint32_t flags);
void* NewConfig(Builder& builder);

// Null when the build fails, after saying why to the logger.
void* Build(Builder& builder, Network& network, Config& config);

}  // namespace fake
