#include "model.h"

#include <cstring>
#include <sstream>

#include "rknn_abi.h"

namespace fake {
namespace {

// "RKNN", four bytes of zero, the layout's version, the length of the text.
constexpr size_t kHeader = 24;

Dims DimsOf(const std::string& text) {
  Dims dims;
  if (text == "-") return dims;
  std::istringstream stream(text);
  for (std::string dim; std::getline(stream, dim, ',');) {
    dims.push_back(static_cast<uint32_t>(std::stoul(dim)));
  }
  return dims;
}

Port PortOf(std::istringstream& words) {
  Port port;
  std::string dims;
  words >> port.name >> port.type >> port.format >> port.quantization.kind >>
      port.quantization.zero_point >> port.quantization.scale >> port.quantization.fraction_bits >>
      port.width_stride >> dims;
  port.dims = DimsOf(dims);
  return port;
}

void ReadLine(const std::string& line, Model& model) {
  std::istringstream words(line);
  std::string key;
  words >> key;
  if (key == "target") words >> model.target;
  if (key == "toolkit") words >> model.toolkit;
  if (key == "weights") words >> model.weights;
  if (key == "internal") words >> model.internal;
  if (key == "work") words >> model.work;
  if (key == "input") model.inputs.push_back(PortOf(words));
  if (key == "output") {
    Port port = PortOf(words);
    words >> port.input >> port.factor >> port.offset;
    model.outputs.push_back(port);
  }
  if (key == "shapes") {
    model.shape_sets.emplace_back();
    for (std::string dims; words >> dims;) model.shape_sets.back().push_back(DimsOf(dims));
  }
}

bool IsNhwc(const Port& port) { return port.format == abi::RKNN_TENSOR_NHWC; }

struct Axes {
  size_t n, c, h, w;
};

Axes AxesOf(const Port& port) {
  const Dims& d = port.dims;
  return IsNhwc(port) ? Axes{d[0], d[3], d[1], d[2]} : Axes{d[0], d[1], d[2], d[3]};
}

size_t Index(const Axes& axes, bool nhwc, size_t n, size_t c, size_t h, size_t w) {
  return nhwc ? ((n * axes.h + h) * axes.w + w) * axes.c + c
              : ((n * axes.c + c) * axes.h + h) * axes.w + w;
}

template <typename Visit>
void EachElement(const Axes& axes, Visit visit) {
  for (size_t n = 0; n < axes.n; ++n) {
    for (size_t c = 0; c < axes.c; ++c) {
      for (size_t h = 0; h < axes.h; ++h) {
        for (size_t w = 0; w < axes.w; ++w) visit(n, c, h, w);
      }
    }
  }
}

size_t GroupOf(const Port& port) { return 16 / TypeBytes(port.type); }

size_t NativeIndex(const Axes& axes, size_t group, size_t n, size_t c, size_t h, size_t w) {
  const size_t groups = (axes.c + group - 1) / group;
  return (((n * groups + c / group) * axes.h + h) * axes.w + w) * group + c % group;
}

}  // namespace

bool ReadModel(const uint8_t* bytes, size_t size, Model* model) {
  if (size < kHeader || std::memcmp(bytes, "RKNN\0\0\0\0", 8) != 0) return false;
  uint64_t length = 0;
  std::memcpy(&length, bytes + 16, sizeof length);
  if (length != size - kHeader) return false;
  std::istringstream text(std::string(bytes + kHeader, bytes + size));
  for (std::string line; std::getline(text, line);) ReadLine(line, *model);
  return !model->inputs.empty() && !model->outputs.empty();
}

uint64_t Elements(const Dims& dims) {
  uint64_t elements = 1;
  for (uint32_t dim : dims) elements *= dim;
  return elements;
}

size_t Bytes(const Port& port) { return Elements(port.dims) * TypeBytes(port.type); }

std::vector<double> InFormat(const std::vector<double>& values, const Port& from, const Port& to) {
  if (from.format == to.format || from.dims.size() != 4) return values;
  const Axes axes = AxesOf(from);
  std::vector<double> result(values.size());
  EachElement(axes, [&](size_t n, size_t c, size_t h, size_t w) {
    result[Index(axes, IsNhwc(to), n, c, h, w)] = values[Index(axes, IsNhwc(from), n, c, h, w)];
  });
  return result;
}

Port NativeOf(const Port& port) {
  if (port.dims.size() != 4) return port;
  const Axes axes = AxesOf(port);
  const size_t group = GroupOf(port);
  Port native = port;
  native.format = abi::RKNN_TENSOR_NC1HWC2;
  native.width_stride = 0;
  native.dims.clear();
  for (size_t dim : {axes.n, (axes.c + group - 1) / group, axes.h, axes.w, group}) {
    native.dims.push_back(static_cast<uint32_t>(dim));
  }
  return native;
}

std::vector<double> ToNative(const std::vector<double>& values, const Port& port) {
  if (port.dims.size() != 4) return values;
  const Axes axes = AxesOf(port);
  std::vector<double> result(Elements(NativeOf(port).dims));
  EachElement(axes, [&](size_t n, size_t c, size_t h, size_t w) {
    result[NativeIndex(axes, GroupOf(port), n, c, h, w)] =
        values[Index(axes, IsNhwc(port), n, c, h, w)];
  });
  return result;
}

std::vector<double> FromNative(const std::vector<double>& values, const Port& port) {
  if (port.dims.size() != 4) return values;
  const Axes axes = AxesOf(port);
  std::vector<double> result(Elements(port.dims));
  EachElement(axes, [&](size_t n, size_t c, size_t h, size_t w) {
    result[Index(axes, IsNhwc(port), n, c, h, w)] =
        values[NativeIndex(axes, GroupOf(port), n, c, h, w)];
  });
  return result;
}

}  // namespace fake
