// Plans: models as the double's builder writes them and its runtime reads them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model.h"

namespace fake {

// The bounds of one input's dimensions; and of its values, where these decide shapes.
struct Range {
  Shape min, opt, max;
  Shape values[3];  // min, opt, max
};
using Profile = std::map<std::string, Range>;

struct Plan {
  int32_t release = 0, sm = 0;
  bool version_compatible = false;
  int32_t hardware = 0;  // nvinfer1::HardwareCompatibilityLevel
  int32_t verbosity = 0, aux_streams = 0;
  bool refittable = false;
  bool brings_code = false;  // a lean runtime, for later releases
  std::string precision;     // of the layers, as the inspector shows it
  Model model;
  std::vector<Profile> profiles;

  const Tensor* Find(const std::string& name, bool* input = nullptr) const;
};

Bytes WritePlan(const Plan& plan);
// Empty when all is well; else why not, in TensorRT's words.
std::string ReadPlan(const uint8_t* data, size_t size, int release, int sm, Plan& plan);

}  // namespace fake
