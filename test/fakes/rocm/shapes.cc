// Shapes, dynamic dimensions, and the lists of them that programs give.
#include "values.h"

using namespace fake;

namespace {

// What the number stands for. Where the real library aborts the process, a violation.
const DataType& CheckedType(int number, const char* call) {
  if (number == kTupleNumber) {
    Violation(Format("%s of the tuple type, which aborts", call));
    throw Error{kBadParameter, "Unknown type"};
  }
  const DataType* const type = DataTypeOf(number);
  if (type == nullptr) throw Error{kBadParameter, "Unknown type"};
  return *type;
}

const ShapeValue& Static(const void* shape, const char* call) {
  const ShapeValue& value = Of<ShapeHandle>(shape);
  if (!value.dynamic.empty())
    throw Error{kUnknownError, std::string("SHAPE: ") + call + "() called on a dynamic shape"};
  return value;
}

}  // namespace

EXPORT int migraphx_shape_create(void** out, int type, size_t* lengths, size_t rank) {
  return Call("migraphx_shape_create")([&] {
    *out = Make<ShapeHandle>(
        MakeShape(CheckedType(type, "migraphx_shape_create"), Shape(lengths, lengths + rank)));
  });
}

EXPORT int migraphx_shape_create_scalar(void** out, int type) {
  return Call("migraphx_shape_create_scalar")([&] {
    *out = Make<ShapeHandle>(MakeScalar(CheckedType(type, "migraphx_shape_create_scalar")));
  });
}

EXPORT int migraphx_shape_create_with_strides(void** out, int type, size_t* lengths, size_t rank,
                                              size_t* strides, size_t strides_rank) {
  return Call("migraphx_shape_create_with_strides")([&] {
    if (rank != strides_rank)
      Violation("migraphx_shape_create_with_strides with as many strides as there are no lengths");
    *out = Make<ShapeHandle>({&CheckedType(type, "migraphx_shape_create_with_strides"),
                              {lengths, lengths + rank},
                              {strides, strides + strides_rank},
                              {}});
  });
}

EXPORT int migraphx_shape_create_dynamic(void** out, int type, void* dimensions) {
  return Call("migraphx_shape_create_dynamic")([&] {
    *out = Make<ShapeHandle>({&CheckedType(type, "migraphx_shape_create_dynamic"),
                              {},
                              {},
                              Of<DimensionsHandle>(dimensions)});
  });
}

EXPORT int migraphx_shape_lengths(const size_t** out, size_t* rank, const void* shape) {
  return Call("migraphx_shape_lengths")([&] {
    const ShapeValue& value = Static(shape, "lens");
    *out = value.lengths.data();
    *rank = value.lengths.size();
  });
}

EXPORT int migraphx_shape_strides(const size_t** out, size_t* rank, const void* shape) {
  return Call("migraphx_shape_strides")([&] {
    const ShapeValue& value = Static(shape, "strides");
    *out = value.strides.data();
    *rank = value.strides.size();
  });
}

EXPORT int migraphx_shape_dyn_dims(void** out, const void* shape) {
  return Call("migraphx_shape_dyn_dims")([&] {
    const ShapeValue& value = Of<ShapeHandle>(shape);
    if (value.dynamic.empty())
      throw Error{kUnknownError, "SHAPE: dyn_dims() called on a static shape"};
    *out = Make<DimensionsHandle>(value.dynamic);
  });
}

EXPORT int migraphx_shape_dynamic(bool* out, const void* shape) {
  return Call("migraphx_shape_dynamic")([&] { *out = !Of<ShapeHandle>(shape).dynamic.empty(); });
}

EXPORT int migraphx_shape_type(int* out, const void* shape) {
  return Call("migraphx_shape_type")([&] { *out = NumberOf(*Of<ShapeHandle>(shape).type); });
}

EXPORT int migraphx_shape_elements(size_t* out, const void* shape) {
  return Call("migraphx_shape_elements")([&] { *out = Static(shape, "elements").Elements(); });
}

EXPORT int migraphx_shape_bytes(size_t* out, const void* shape) {
  return Call("migraphx_shape_bytes")([&] { *out = Static(shape, "bytes").Bytes(); });
}

EXPORT int migraphx_shape_ndim(size_t* out, const void* shape) {
  return Call("migraphx_shape_ndim")([&] {
    const ShapeValue& value = Of<ShapeHandle>(shape);
    *out = value.dynamic.empty() ? value.lengths.size() : value.dynamic.size();
  });
}

EXPORT int migraphx_shape_standard(bool* out, const void* shape) {
  return Call("migraphx_shape_standard")([&] {
    const ShapeValue& value = Of<ShapeHandle>(shape);
    *out = value.dynamic.empty() &&
           value == MakeShape(*value.type, {value.lengths.begin(), value.lengths.end()});
  });
}

EXPORT int migraphx_shape_equal(bool* out, const void* shape, const void* other) {
  return Call("migraphx_shape_equal")(
      [&] { *out = Of<ShapeHandle>(shape) == Of<ShapeHandle>(other); });
}

EXPORT int migraphx_shapes_size(size_t* out, void* shapes) {
  return Call("migraphx_shapes_size")([&] { *out = Of<ShapesHandle>(shapes).size(); });
}

EXPORT int migraphx_shapes_get(const void** out, void* shapes, size_t index) {
  return Call("migraphx_shapes_get")([&] {
    const auto& list = Of<ShapesHandle>(shapes);
    if (index >= list.size()) throw Error{kUnknownError, "vector::_M_range_check"};
    *out = Lend<ShapeHandle>(list[index], Find(shapes, Kind::kShapes));
  });
}

EXPORT int migraphx_program_parameter_shapes_size(size_t* out, void* shapes) {
  return Call("migraphx_program_parameter_shapes_size")(
      [&] { *out = Of<ParameterShapesHandle>(shapes).size(); });
}

// In no order that anybody may rely on.
EXPORT int migraphx_program_parameter_shapes_names(const char** out, void* shapes) {
  return Call("migraphx_program_parameter_shapes_names")([&] {
    const auto& map = Of<ParameterShapesHandle>(shapes);
    for (auto entry = map.rbegin(); entry != map.rend(); ++entry) *out++ = entry->first.c_str();
  });
}

EXPORT int migraphx_program_parameter_shapes_get(const void** out, void* shapes, const char* name) {
  return Call("migraphx_program_parameter_shapes_get")([&] {
    const auto& map = Of<ParameterShapesHandle>(shapes);
    const auto found = map.find(name);
    if (found == map.end()) throw Error{kUnknownError, "_Map_base::at"};
    *out = Lend<ShapeHandle>(found->second, Find(shapes, Kind::kParameterShapes));
  });
}

// ---- Dynamic dimensions

EXPORT int migraphx_optimals_create(void** out, const size_t* sizes, size_t count) {
  return Call("migraphx_optimals_create")(
      [&] { *out = Make<OptimalsHandle>({sizes, sizes + count}); });
}

EXPORT int migraphx_dynamic_dimension_create_min_max(void** out, size_t min, size_t max) {
  return Call("migraphx_dynamic_dimension_create_min_max")(
      [&] { *out = Make<DimensionHandle>({min, max, {}}); });
}

EXPORT int migraphx_dynamic_dimension_create_min_max_optimals(void** out, size_t min, size_t max,
                                                              void* optimals) {
  return Call("migraphx_dynamic_dimension_create_min_max_optimals")(
      [&] { *out = Make<DimensionHandle>({min, max, Of<OptimalsHandle>(optimals)}); });
}

EXPORT int migraphx_dynamic_dimension_is_fixed(bool* out, const void* dimension) {
  return Call("migraphx_dynamic_dimension_is_fixed")(
      [&] { *out = Of<DimensionHandle>(dimension).fixed(); });
}

EXPORT int migraphx_dynamic_dimension_equal(bool* out, const void* dimension, const void* other) {
  return Call("migraphx_dynamic_dimension_equal")(
      [&] { *out = Of<DimensionHandle>(dimension) == Of<DimensionHandle>(other); });
}

EXPORT int migraphx_dynamic_dimensions_create(void** out, const void* const* dimensions,
                                              size_t count) {
  return Call("migraphx_dynamic_dimensions_create")([&] {
    std::vector<DynamicDimension> list;
    for (size_t i = 0; i < count; ++i) list.push_back(Of<DimensionHandle>(dimensions[i]));
    *out = Make<DimensionsHandle>(std::move(list));
  });
}

EXPORT int migraphx_dynamic_dimensions_size(size_t* out, void* dimensions) {
  return Call("migraphx_dynamic_dimensions_size")(
      [&] { *out = Of<DimensionsHandle>(dimensions).size(); });
}

EXPORT int migraphx_dynamic_dimensions_get(const void** out, void* dimensions, size_t index) {
  return Call("migraphx_dynamic_dimensions_get")([&] {
    const auto& list = Of<DimensionsHandle>(dimensions);
    if (index >= list.size()) throw Error{kUnknownError, "vector::_M_range_check"};
    *out = Lend<DimensionHandle>(list[index], Find(dimensions, Kind::kDynamicDimensions));
  });
}
