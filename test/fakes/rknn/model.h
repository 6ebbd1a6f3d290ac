// What a model file of the double's says. test/fakes/rknn/models.mjs writes such files.
#pragma once

#include <string>
#include <vector>

#include "values.h"

namespace fake {

using Dims = std::vector<uint32_t>;

struct Port {
  std::string name;
  int type = 0, format = 0;
  Quantization quantization;
  uint32_t width_stride = 0;
  Dims dims;
  // Of an output: input * factor + offset.
  size_t input = 0;
  double factor = 1, offset = 0;
};

struct Model {
  std::string target;                 // "rk3588"
  std::string toolkit;                // "2.3.2", which decides nothing
  int64_t weights = 0, internal = 0;  // bytes
  int64_t work = 0;                   // microseconds on a core
  std::vector<Port> inputs, outputs;
  std::vector<std::vector<Dims>> shape_sets;  // shapes of the inputs
};

// False when it is no such file, or not a whole one.
bool ReadModel(const uint8_t* bytes, size_t size, Model* model);

uint64_t Elements(const Dims& dims);
size_t Bytes(const Port& port);  // without gaps

// The same numbers with the axes of another format.
std::vector<double> InFormat(const std::vector<double>& values, const Port& from, const Port& to);

// The NPU's own layout: channels in groups, the last of which is filled up.
Port NativeOf(const Port& port);
std::vector<double> ToNative(const std::vector<double>& values, const Port& port);
std::vector<double> FromNative(const std::vector<double>& values, const Port& port);

}  // namespace fake
