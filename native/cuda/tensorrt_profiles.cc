#include "tensorrt_profiles.h"

#include <algorithm>
#include <utility>

#include "tensorrt_logger.h"
#include "tensorrt_types.h"

namespace accelnode::cuda {
namespace {

struct Ranges {
  std::vector<int64_t> min, opt, max;
};

void CheckNames(const std::vector<NetworkInput>& inputs, const Value& shapes) {
  if (shapes.AsMap() == nullptr) return;
  for (const auto& [name, dims] : *shapes.AsMap()) {
    const bool known = std::any_of(inputs.begin(), inputs.end(),
                                   [&, &wanted = name](auto& each) { return each.name == wanted; });
    if (known) continue;
    std::string all;
    for (const NetworkInput& input : inputs) all += (all.empty() ? "" : ", ") + input.name;
    throw Error(ErrorCode::INVALID_ARGUMENT, "The model has no input \"" + name + "\".")
        .WithHint("Its inputs: " + all + ".");
  }
}

// `given` is [[min, max, opt], …], or unset.
Ranges RangesOf(const NetworkInput& input, const Value& given) {
  const std::string shape = ShapeText(input.dims.data(), input.dims.size());
  const Value::List* dims = given.AsList();
  if (dims != nullptr && dims->size() != input.dims.size()) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "The input \"" + input.name + "\" has the shape " +
                                                 shape + "; the shapes option " + "gives it " +
                                                 std::to_string(dims->size()) + " dimensions.");
  }
  Ranges ranges;
  for (size_t i = 0; i < input.dims.size(); ++i) {
    const int64_t fixed = input.dims[i];
    int64_t min = fixed, max = fixed, opt = fixed;
    if (dims != nullptr) {
      const Value::List& range = *(*dims)[i].AsList();
      min = static_cast<int64_t>(*range[0].AsNumber());
      max = static_cast<int64_t>(*range[1].AsNumber());
      opt = range.size() > 2 && range[2].AsNumber() ? static_cast<int64_t>(*range[2].AsNumber())
                                                    : max;
      const bool any = max < 0;
      if (any) min = max = opt = fixed;
      if (fixed >= 0 && (min != fixed || max != fixed)) {
        throw Error(ErrorCode::INVALID_ARGUMENT, "The input \"" + input.name + "\" has the shape " +
                                                     shape + ": its dimension " +
                                                     std::to_string(i) + " can't be changed.");
      }
    }
    if (max < 0) {
      throw Error(ErrorCode::MODEL_UNSUPPORTED,
                  "The input \"" + input.name + "\" has the shape " + shape +
                      ", and TensorRT must know the range of its dimension " + std::to_string(i) +
                      " to build an engine.")
          .WithHint("Load it with { shapes: { \"" + input.name + "\": { min, opt, max } } }.");
    }
    ranges.min.push_back(min);
    ranges.opt.push_back(opt);
    ranges.max.push_back(max);
  }
  return ranges;
}

// `given` is [[min, max, opt], …], an item for each value.
Ranges ValuesOf(const NetworkInput& input, const Value& given) {
  const Value::List* items = given.AsList();
  if (items == nullptr) {
    throw Error(ErrorCode::MODEL_UNSUPPORTED,
                "The values of the input \"" + input.name +
                    "\" decide shapes, and TensorRT must know their range to build an engine.")
        .WithHint("Load it with { cuda: { shapeValues: { \"" + input.name +
                  "\": { min, opt, max } } } }.");
  }
  const bool fixed =
      std::all_of(input.dims.begin(), input.dims.end(), [](int64_t dim) { return dim >= 0; });
  const Shape shape(input.dims.data(), input.dims.size());
  if (!fixed || items->size() != shape.Elements()) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "The input \"" + input.name + "\" has the shape " +
                                                 ShapeText(input.dims.data(), input.dims.size()) +
                                                 "; cuda.shapeValues gives it " +
                                                 std::to_string(items->size()) + " values.");
  }
  Ranges ranges;
  for (const Value& item : *items) {
    const Value::List& range = *item.AsList();
    ranges.min.push_back(static_cast<int64_t>(*range[0].AsNumber()));
    ranges.max.push_back(static_cast<int64_t>(*range[1].AsNumber()));
    ranges.opt.push_back(static_cast<int64_t>(*range[2].AsNumber()));
  }
  return ranges;
}

bool TellValues(const void* profile, const std::string& input, int32_t which,
                const std::vector<int64_t>& values) {
  const auto count = static_cast<int32_t>(values.size());
  if (AtLeast(10, 11)) {
    return Call(profile, method::profile::kSetShapeValuesV2, input.c_str(), which, values.data(),
                count);
  }
  const std::vector<int32_t> narrow(values.begin(), values.end());
  if (!std::equal(values.begin(), values.end(), narrow.begin())) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "cuda.shapeValues has values for \"" + input +
                                                 "\" that TensorRT before 10.11 can't be told: "
                                                 "they need more than 32 bits.");
  }
  return Call(profile, method::profile::kSetShapeValues, input.c_str(), which, narrow.data(),
              count);
}

bool TellDimensions(const void* profile, const std::string& input, int32_t which,
                    const std::vector<int64_t>& numbers) {
  const Dims dims = ToDims(numbers);
  return Call(profile, method::profile::kSetDimensions, input.c_str(), which, &dims);
}

const void* AddProfile(const void* builder, const void* config,
                       const std::vector<NetworkInput>& inputs, const Value& shapes,
                       const Value& values, std::vector<std::vector<int64_t>>& tuned) {
  LogScope log;
  // Owned by the builder.
  const void* profile = Call(builder, method::builder::kCreateOptimizationProfile);
  if (IsNull(profile)) {
    throw TensorRtError(log, "IBuilder::createOptimizationProfile", "TensorRT gives no profile.",
                        ErrorCode::VENDOR_FAILURE);
  }
  bool taken = true;
  tuned.clear();
  for (const NetworkInput& input : inputs) {
    const auto& tell = input.shape_tensor ? TellValues : TellDimensions;
    const Ranges ranges = input.shape_tensor ? ValuesOf(input, values[input.name])
                                             : RangesOf(input, shapes[input.name]);
    tuned.push_back(input.shape_tensor ? input.dims : ranges.opt);
    taken = tell(profile, input.name, trt::kMin, ranges.min) &&
            tell(profile, input.name, trt::kOpt, ranges.opt) &&
            tell(profile, input.name, trt::kMax, ranges.max) && taken;
  }
  taken = taken && Call(profile, method::profile::kIsValid) &&
          Call(config, method::config::kAddOptimizationProfile, profile) >= 0;
  if (!taken) {
    throw TensorRtError(log, "IBuilderConfig::addOptimizationProfile",
                        "TensorRT refuses the shapes.", ErrorCode::INVALID_ARGUMENT);
  }
  return profile;
}

// Of each of `count` profiles.
std::vector<Value> ValuesByProfile(const std::vector<NetworkInput>& inputs,
                                   const Value::List& given, size_t count) {
  if (given.size() > 1 && given.size() != count) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "cuda.shapeValues has values for " + std::to_string(given.size()) +
                    " optimisation profiles, and there are " + std::to_string(count) + ".");
  }
  for (const Value& each : given) {
    CheckNames(inputs, each);
    for (const NetworkInput& input : inputs) {
      if (input.shape_tensor || !each[input.name].IsSet()) continue;
      throw Error(ErrorCode::INVALID_ARGUMENT, "cuda.shapeValues has values for the input \"" +
                                                   input.name + "\", which decide no shapes.");
    }
  }
  std::vector<Value> values(count);
  for (size_t i = 0; i < count && !given.empty(); ++i) {
    values[i] = given[given.size() == 1 ? 0 : i];
  }
  return values;
}

}  // namespace

const void* AddProfiles(const void* builder, const void* config,
                        const std::vector<NetworkInput>& inputs, const Value& options,
                        std::vector<std::vector<int64_t>>& tuned) {
  bool needed = false;
  for (const NetworkInput& input : inputs) {
    needed |= input.shape_tensor ||
              std::any_of(input.dims.begin(), input.dims.end(), [](int64_t d) { return d < 0; });
    tuned.push_back(input.dims);
  }
  const Value& shapes = options["shapes"];
  std::vector<Value> profiles(options["cuda"].Items("profiles"));
  if (shapes.IsSet() || profiles.empty()) profiles.insert(profiles.begin(), shapes);
  for (const Value& each : profiles) CheckNames(inputs, each);
  const std::vector<Value> values =
      ValuesByProfile(inputs, options["cuda"].Items("shapeValues"), profiles.size());
  if (!needed) {
    for (const NetworkInput& input : inputs) RangesOf(input, shapes[input.name]);
    return nullptr;
  }
  const void* first = nullptr;
  for (size_t i = 0; i < profiles.size(); ++i) {
    std::vector<std::vector<int64_t>> other;
    const void* profile = AddProfile(builder, config, inputs, profiles[i], values[i], other);
    if (first != nullptr) continue;
    first = profile;
    tuned = std::move(other);
  }
  return first;
}

}  // namespace accelnode::cuda
