// Models with several shapes, of which each run says one.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "rknn_check.h"
#include "rknn_ports.h"

namespace accelnode::rknn {
namespace {

// Null where librknnrt tells none: the model has one shape only. Releases differ in the status that
// they say so with, and some succeed with no shape at all.
std::unique_ptr<rknn_input_range> QueryRange(const NpuContext& context, uint32_t index) {
  auto range = std::make_unique<rknn_input_range>();
  range->index = index;
  const int status =
      Api().query(context.get(), kQueryInputDynamicRange, range.get(), sizeof(rknn_input_range));
  if (status < kSuccess || range->shape_number > kMaxDynamicShapes) return nullptr;
  range->shape_number = std::max(range->shape_number, 1u);
  return range;
}

// What the option `shapes` allows for an input: [[min, max, opt], …]; all, where it says nothing.
bool Allows(const Value& bounds, const Shape& shape) {
  if (bounds.AsList() == nullptr) return true;
  const Value::List& dims = *bounds.AsList();
  if (dims.size() != shape.rank()) return false;
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto at = [&](size_t which) { return *(*dims[i].AsList())[which].AsNumber(); };
    const auto dim = static_cast<double>(shape[i]);
    if (at(0) >= 0 && (dim < at(0) || dim > at(1))) return false;
  }
  return true;
}

// The sets of shapes that the model has, of those inputs that have several; empty where it has one.
std::vector<std::vector<Shape>> QueryShapes(const NpuContext& context,
                                            const std::vector<Port>& inputs) {
  std::vector<std::vector<Shape>> sets;
  if (Api().set_input_shapes == nullptr) return sets;
  for (const Port& port : inputs) {
    const std::unique_ptr<rknn_input_range> range = QueryRange(context, port.attr.index);
    if (!range) return {};
    if (&port == &inputs.front()) sets.resize(range->shape_number);
    if (range->shape_number != sets.size()) {
      throw Error(ErrorCode::MODEL_INVALID, "The model has " + std::to_string(sets.size()) +
                                                " shapes for \"" + inputs.front().info.name +
                                                "\", but " + std::to_string(range->shape_number) +
                                                " for \"" + port.info.name + "\".")
          .WithHint("Convert it again, with as many shapes for each input.");
    }
    for (size_t set = 0; set < sets.size(); ++set) {
      Shape shape;
      shape.Resize(std::min<size_t>(range->n_dims, kMaxDims));
      std::copy_n(range->dyn_range[set], shape.rank(), shape.data());
      sets[set].push_back(shape);
    }
  }
  if (sets.size() < 2) sets.clear();
  return sets;
}

// The bounds of an input, over all sets.
void DescribeBounds(const std::vector<std::vector<Shape>>& sets, size_t index, TensorInfo& info) {
  const Shape& first = sets.front()[index];
  info.min = info.max = {first.begin(), first.end()};
  for (const std::vector<Shape>& set : sets) {
    for (size_t i = 0; i < info.min.size(); ++i) {
      info.min[i] = std::min(info.min[i], set[index][i]);
      info.max[i] = std::max(info.max[i], set[index][i]);
    }
  }
  info.shape = info.min;
  for (size_t i = 0; i < info.min.size(); ++i) {
    if (info.min[i] != info.max[i]) info.shape[i] = kDynamic;
  }
  if (!info.IsDynamic()) {
    info.min.clear();
    info.max.clear();
  }
}

}  // namespace

void DescribeShapes(const NpuContext& context, const Value& wanted, Ports& ports) {
  std::vector<std::vector<Shape>> sets = QueryShapes(context, ports.inputs);
  const bool dynamic = !sets.empty();
  if (!dynamic) {
    sets.emplace_back();
    for (const Port& port : ports.inputs) {
      sets[0].emplace_back(port.info.shape.data(), port.info.shape.size());
    }
  }
  const auto is_refused = [&](const std::vector<Shape>& set) {
    for (size_t i = 0; i < set.size(); ++i) {
      if (!Allows(wanted[ports.inputs[i].info.name], set[i])) return true;
    }
    return false;
  };
  sets.erase(std::remove_if(sets.begin(), sets.end(), is_refused), sets.end());
  if (sets.empty()) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "The model was not converted for the shapes that the option shapes asks for.")
        .WithHint("Leave shapes out, or convert the model for them.");
  }
  if (!dynamic) return;
  for (size_t i = 0; i < ports.inputs.size(); ++i) {
    Port& port = ports.inputs[i];
    if (port.native || port.reordered) {
      Refuse(port.info.name, "has several shapes, and so only the model's own layout.",
             "Leave rknn's layout out for it.");
    }
    DescribeBounds(sets, i, port.info);
  }
  // librknnrt tells the shapes of outputs only for those of inputs that are set.
  for (Port& port : ports.outputs) {
    if (port.native || port.reordered) {
      Refuse(port.info.name, "has several shapes, and so only the model's own layout.",
             "Leave rknn's layout out for it.");
    }
    std::fill(port.info.shape.begin(), port.info.shape.end(), kDynamic);
  }
  ports.shape_sets = std::move(sets);
}

}  // namespace accelnode::rknn
