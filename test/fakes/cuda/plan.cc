// Plans: what the double's builder writes and its runtime reads, with the refusals of the real one.
#include "plan.h"

#include <cstring>

#include "control.h"

namespace fake {
namespace {

constexpr char kMagic[] = "ptrtdbl1";  // the real ones begin with "ptrt"
constexpr size_t kHeader = 8 + 4 + 4 + 1 + 4 + 8 + 8;

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    const auto* const raw = reinterpret_cast<const uint8_t*>(&value);
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
  }
  void Text(const std::string& text) {
    Number(static_cast<uint32_t>(text.size()));
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  void Numbers(const Shape& shape) {
    Number(static_cast<uint32_t>(shape.size()));
    for (const int64_t dim : shape) Number(dim);
  }
  Bytes bytes;
};

class Reader {
 public:
  Reader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}
  template <typename T>
  void Number(T& value) {
    if (static_cast<size_t>(end_ - at_) < sizeof(T)) {
      at_ = end_;
      return;
    }
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
  }
  void Text(std::string& text) {
    uint32_t size = 0;
    Number(size);
    if (size > static_cast<size_t>(end_ - at_)) return;
    text.assign(reinterpret_cast<const char*>(at_), size);
    at_ += size;
  }
  void Numbers(Shape& shape) {
    uint32_t size = 0;
    Number(size);
    shape.resize(size);
    for (int64_t& dim : shape) Number(dim);
  }

 private:
  const uint8_t *at_, *end_;
};

// One description of the layout for both ways; `io` is a Writer or a Reader.
template <typename Io, typename List, typename Each>
void Items(Io& io, List& list, Each each) {
  auto size = static_cast<uint32_t>(list.size());
  io.Number(size);
  list.resize(size);
  for (auto& item : list) each(item);
}

template <typename Io>
void Body(Io& io, Plan& plan) {
  const auto tensor = [&](Tensor& each) {
    io.Text(each.name);
    io.Number(each.type);
    io.Numbers(each.shape);
  };
  const auto text = [&](std::string& each) { io.Text(each); };
  io.Number(plan.verbosity);
  io.Number(plan.aux_streams);
  io.Number(plan.refittable);
  io.Number(plan.brings_code);
  io.Text(plan.precision);
  Items(io, plan.model.inputs, tensor);
  Items(io, plan.model.outputs, tensor);
  Items(io, plan.model.nodes, [&](Node& node) {
    io.Text(node.name);
    io.Text(node.op);
    Items(io, node.inputs, text);
    Items(io, node.outputs, text);
  });
  Items(io, plan.model.constants, [&](Constant& constant) {
    tensor(constant.tensor);
    Items(io, constant.bytes, [&](uint8_t& byte) { io.Number(byte); });
  });
  Items(io, plan.profiles, [&](Profile& profile) {
    std::vector<std::pair<std::string, Range>> ranges(profile.begin(), profile.end());
    Items(io, ranges, [&](std::pair<std::string, Range>& each) {
      io.Text(each.first);
      io.Numbers(each.second.min);
      io.Numbers(each.second.opt);
      io.Numbers(each.second.max);
      for (Shape& values : each.second.values) io.Numbers(values);
    });
    profile = Profile(ranges.begin(), ranges.end());
  });
}

uint64_t Sum(const uint8_t* data, size_t size) {
  uint64_t sum = 14695981039346656037ULL;
  for (size_t i = 0; i < size; ++i) sum = (sum ^ data[i]) * 1099511628211ULL;
  return sum;
}

std::string ShowRelease(int32_t release) {
  return std::to_string(release / 10000) + "." + std::to_string(release / 100 % 100) + "." +
         std::to_string(release % 100);
}

std::string ShowSm(int32_t sm) { return std::to_string(sm / 10) + "." + std::to_string(sm % 10); }

}  // namespace

const Tensor* Plan::Find(const std::string& name, bool* input) const {
  for (const auto* list : {&model.inputs, &model.outputs}) {
    for (const Tensor& tensor : *list) {
      if (tensor.name != name) continue;
      if (input != nullptr) *input = list == &model.inputs;
      return &tensor;
    }
  }
  return nullptr;
}

Bytes WritePlan(const Plan& plan) {
  Plan copy = plan;
  Writer body;
  Body(body, copy);
  Writer whole;
  whole.bytes.assign(kMagic, kMagic + 8);
  whole.Number(plan.release);
  whole.Number(plan.sm);
  whole.Number(plan.version_compatible);
  whole.Number(plan.hardware);
  whole.Number(static_cast<uint64_t>(body.bytes.size()));
  whole.Number(Sum(body.bytes.data(), body.bytes.size()));
  whole.bytes.insert(whole.bytes.end(), body.bytes.begin(), body.bytes.end());
  return whole.bytes;
}

std::string ReadPlan(const uint8_t* data, size_t size, int release, int sm, Plan& plan) {
  if (size < 8 || std::memcmp(data, kMagic, 8) != 0) {
    return "Error Code 1: Serialization (Serialization assertion magicTagRead == kMAGIC_TAG "
           "failed. Magic tag does not match)";
  }
  uint64_t body = 0, sum = 0;
  Reader header(data + 8, size - 8);
  header.Number(plan.release);
  header.Number(plan.sm);
  header.Number(plan.version_compatible);
  header.Number(plan.hardware);
  header.Number(body);
  header.Number(sum);
  if (size >= kHeader && plan.release != release &&
      !(plan.version_compatible && plan.release / 10000 == release / 10000)) {
    return Format(
        "Error Code 6: API Usage Error (The engine plan file is not compatible with this version "
        "of TensorRT, expecting "
        "library version %s got %s, please rebuild.)",
        ShowRelease(release).c_str(), ShowRelease(plan.release).c_str());
  }
  const bool fits = plan.sm == sm || (plan.hardware == 1 && plan.sm >= 80 && sm >= 80);
  if (size >= kHeader && !fits) {
    return Format(
        "Error Code 6: API Usage Error (The engine plan file is generated on an incompatible "
        "device, expecting compute %s "
        "got compute %s, please rebuild.)",
        ShowSm(sm).c_str(), ShowSm(plan.sm).c_str());
  }
  if (size < kHeader || size - kHeader < body) {
    return "Error Code 1: Serialization (Serialization assertion sizeRead <= sizeAvailable failed. "
           "The plan is truncated)";
  }
  if (Sum(data + kHeader, body) != sum) {
    return "Error Code 1: Serialization (Serialization assertion checksumRead == checksum failed. "
           "The plan is corrupt)";
  }
  Reader reader(data + kHeader, body);
  Body(reader, plan);
  return "";
}

}  // namespace fake
