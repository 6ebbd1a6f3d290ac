// Arguments: places and their shapes. What the caller gave stays the caller's.

#include "values.h"

using namespace fake;

EXPORT int migraphx_argument_create(void** out, const void* shape, void* buffer) {
  return Call("migraphx_argument_create")([&] {
    const ShapeValue& value = Of<ShapeHandle>(shape);
    if (buffer == nullptr && value.Bytes() > 0)
      Violation("migraphx_argument_create with no buffer");
    *out = Make<ArgumentHandle>({value, static_cast<uint8_t*>(buffer), nullptr});
  });
}

EXPORT int migraphx_argument_create_empty(void** out, const void* shape) {
  return Call("migraphx_argument_create_empty")([&] {
    const ShapeValue& value = Of<ShapeHandle>(shape);
    *out = Make<ArgumentHandle>(MakeOwned(value, Bytes(value.Bytes())));
  });
}

EXPORT int migraphx_argument_shape(const void** out, const void* argument) {
  return Call("migraphx_argument_shape")([&] {
    const ShapeValue& shape = Of<ArgumentHandle>(argument).shape;
    *out = Lend<ShapeHandle>(shape, Find(argument, Kind::kArgument));
  });
}

EXPORT int migraphx_argument_buffer(char** out, const void* argument) {
  return Call("migraphx_argument_buffer")(
      [&] { *out = reinterpret_cast<char*>(Of<ArgumentHandle>(argument).data); });
}

EXPORT int migraphx_arguments_size(size_t* out, void* arguments) {
  return Call("migraphx_arguments_size")([&] { *out = Of<ArgumentsHandle>(arguments).size(); });
}

EXPORT int migraphx_arguments_get(const void** out, void* arguments, size_t index) {
  return Call("migraphx_arguments_get")([&] {
    const auto& list = Of<ArgumentsHandle>(arguments);
    if (index >= list.size()) throw Error{kUnknownError, "vector::_M_range_check"};
    // Lent with the library's own share in the memory left to the list.
    *out = Lend<ArgumentHandle>({list[index].shape, list[index].data, nullptr},
                                Find(arguments, Kind::kArguments));
  });
}

EXPORT int migraphx_program_parameters_create(void** out) {
  return Call("migraphx_program_parameters_create")([&] { *out = Make<ParametersHandle>({}); });
}

EXPORT int migraphx_program_parameters_add(void* parameters, const char* name,
                                           const void* argument) {
  return Call("migraphx_program_parameters_add")(
      [&] { Of<ParametersHandle>(parameters)[name] = Of<ArgumentHandle>(argument); });
}
