// Inputs and outputs: as librknnrt describes them, as callers see them, and how one becomes the
// other.
#pragma once

#include <string>
#include <vector>

#include "../backend.h"
#include "rknn_memory.h"

namespace accelnode::rknn {

struct Port {
  TensorInfo info;  // as callers see it
  bool is_input = false;
  // As librknnrt is told of it where it uses memory of ours: element type and order of axes are
  // what is exchanged.
  rknn_tensor_attr attr{};
  int32_t model_type = 0;     // what the model itself has
  int32_t format = 0;         // for rknn_inputs_set: the order in which callers give it
  bool pass_through = false;  // for rknn_inputs_set: it is what the model has, as it is
  // Callers see the axes in the other order than `attr` has.
  bool reordered = false;
  bool can_zero_copy = false;  // may librknnrt use memory of ours for it at all?
  bool native = false;         // in the NPU's own layout, which goes by no other way

  // May a caller's memory be that memory?
  bool IsDirect() const;
  // In memory of ours, with the room that the NPU wants at the end of each row.
  size_t BytesInMemory() const;

  // Between what callers see and what lies in memory of ours. `Gather` is of outputs.
  void Scatter(const void* from, void* to) const;
  void Gather(const void* from, void* to) const;
  // Of what has no gaps between its rows: only the axes are put in order.
  void Reorder(const void* from, void* to) const;
};

struct Ports {
  std::vector<Port> inputs, outputs;
  // Where the model has several: the shapes of its inputs, set by set.
  std::vector<std::vector<Shape>> shape_sets;

  bool IsDynamic() const { return !shape_sets.empty(); }
  bool HasNative() const;
  bool CanZeroCopy() const;  // all of them
};

// `options`: of the load.
Ports DescribePorts(const NpuContext& context, const Value& options);

// The attributes of one input or output.
rknn_tensor_attr QueryAttr(const NpuContext& context, int32_t command, uint32_t index);

DataType FromRknn(int32_t type);  // kUnknown for types that accelnode has no name for
bool IsQuantized(const rknn_tensor_attr& attr);

std::vector<int64_t> DimsOf(const rknn_tensor_attr& attr);
size_t BytesOf(const rknn_tensor_attr& attr);  // without gaps

// Fills in what follows from the dimensions.
void SetDims(rknn_tensor_attr& attr, const Shape& shape);

// Learns which shapes the model has, of which `wanted`, the option shapes, may leave some out.
void DescribeShapes(const NpuContext& context, const Value& wanted, Ports& ports);

// Throws that an input or output can't be as the options want it.
void Refuse(const std::string& name, const std::string& why, const char* hint);

}  // namespace accelnode::rknn
