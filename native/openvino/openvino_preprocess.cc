#include "openvino_preprocess.h"

#include <utility>
#include <vector>

#include "openvino_model.h"
#include "openvino_types.h"

namespace accelnode::openvino {
namespace {

// The C API has no function for images of any size, but OpenVINO keeps both numbers with a sign,
// and -1 is what that function would set.
constexpr size_t kAnySize = static_cast<size_t>(-1);

LayoutHandle MakeLayout(const std::string& text) {
  LayoutHandle layout;
  Check(Api().ov_layout_create(text.c_str(), Out(layout)), "ov_layout_create",
        ErrorCode::INVALID_ARGUMENT);
  return layout;
}

ov_color_format ColorFormat(const std::string& name) {
  return name == "bgr" ? kColorBgr : kColorRgb;
}

ov_resize_algorithm ResizeAlgorithm(const std::string& name) {
  if (name == "cubic") return kResizeCubic;
  if (name == "nearest") return kResizeNearest;
  return kResizeLinear;
}

std::vector<float> Numbers(const Value::List& list) {
  std::vector<float> numbers;
  for (const Value& item : list) numbers.push_back(static_cast<float>(*item.AsNumber()));
  return numbers;
}

// What the caller will pass to run.
void DescribeTensor(const ov_preprocess_input_info* input, const Value& step) {
  InputTensorInfoHandle tensor;
  OV_CALL(ov_preprocess_input_info_get_tensor_info, input, Out(tensor));
  const std::string type = step.String("type");
  if (!type.empty()) {
    OV_CALL(ov_preprocess_input_tensor_info_set_element_type, tensor.get(),
            ToOpenvino(DataTypeFromName(type)));
  }
  const std::string layout = step.String("layout");
  if (!layout.empty()) {
    OV_CALL(ov_preprocess_input_tensor_info_set_layout, tensor.get(), MakeLayout(layout).get());
  }
  const std::string color = step.String("color");
  if (!color.empty()) {
    OV_CALL(ov_preprocess_input_tensor_info_set_color_format, tensor.get(), ColorFormat(color));
  }
  if (step["height"].IsSet()) {
    OV_CALL(ov_preprocess_input_tensor_info_set_spatial_static_shape, tensor.get(),
            static_cast<size_t>(step.Number("height", 0)),
            static_cast<size_t>(step.Number("width", 0)));
  } else if (step["resize"].IsSet()) {
    OV_CALL(ov_preprocess_input_tensor_info_set_spatial_static_shape, tensor.get(), kAnySize,
            kAnySize);
  }
}

void AddSteps(const ov_preprocess_input_info* input, const Value& step) {
  StepsHandle steps;
  OV_CALL(ov_preprocess_input_info_get_preprocess_steps, input, Out(steps));
  if (step["type"].IsSet()) {
    OV_CALL(ov_preprocess_preprocess_steps_convert_element_type, steps.get(),
            ToOpenvino(DataType::kFloat32));
  }
  const std::string model_color = step.String("modelColor");
  if (!model_color.empty()) {
    OV_CALL(ov_preprocess_preprocess_steps_convert_color, steps.get(), ColorFormat(model_color));
  }
  if (step["resize"].IsSet()) {
    OV_CALL(ov_preprocess_preprocess_steps_resize, steps.get(),
            ResizeAlgorithm(step.String("resize")));
  }
  const std::vector<float> mean = Numbers(step.Items("mean"));
  if (!mean.empty()) {
    OV_CALL(ov_preprocess_preprocess_steps_mean_multi_channels, steps.get(), mean.data(),
            static_cast<int32_t>(mean.size()));
  }
  const std::vector<float> scale = Numbers(step.Items("scale"));
  if (!scale.empty()) {
    OV_CALL(ov_preprocess_preprocess_steps_scale_multi_channels, steps.get(), scale.data(),
            static_cast<int32_t>(scale.size()));
  }
}

// What the model itself wants; OpenVINO transposes when it differs from the tensor's layout.
void DescribeModel(const ov_preprocess_input_info* input, const Value& step) {
  const std::string layout = step.String("modelLayout");
  if (layout.empty()) return;
  InputModelInfoHandle model;
  OV_CALL(ov_preprocess_input_info_get_model_info, input, Out(model));
  OV_CALL(ov_preprocess_input_model_info_set_layout, model.get(), MakeLayout(layout).get());
}

}  // namespace

ModelHandle AddPreprocessing(ModelHandle model, const std::vector<std::string>& input_names,
                             const Value& steps) {
  if (steps.AsMap() == nullptr || steps.AsMap()->empty()) return model;
  PreprocessorHandle preprocessor;
  OV_CALL(ov_preprocess_prepostprocessor_create, model.get(), Out(preprocessor));
  for (const auto& [name, step] : *steps.AsMap()) {
    InputInfoHandle input;
    OV_CALL(ov_preprocess_prepostprocessor_get_input_info_by_index, preprocessor.get(),
            IndexOf(input_names, name), Out(input));
    DescribeTensor(input.get(), step);
    AddSteps(input.get(), step);
    DescribeModel(input.get(), step);
  }
  ModelHandle built;
  // Only here OpenVINO looks whether layouts, sizes and numbers of channels fit the model.
  Check(Api().ov_preprocess_prepostprocessor_build(preprocessor.get(), Out(built)),
        "ov_preprocess_prepostprocessor_build", ErrorCode::INVALID_ARGUMENT);
  return built;
}

}  // namespace accelnode::openvino
