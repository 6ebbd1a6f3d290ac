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

const void* AddProfile(const void* builder, const void* config,
                       const std::vector<NetworkInput>& inputs, const Value& shapes,
                       std::vector<std::vector<int64_t>>& tuned) {
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
    const Ranges ranges = RangesOf(input, shapes[input.name]);
    tuned.push_back(ranges.opt);
    const std::pair<int32_t, const std::vector<int64_t>&> all[] = {
        {trt::kMin, ranges.min}, {trt::kOpt, ranges.opt}, {trt::kMax, ranges.max}};
    for (const auto& [which, numbers] : all) {
      const Dims dims = ToDims(numbers);
      taken =
          Call(profile, method::profile::kSetDimensions, input.name.c_str(), which, &dims) && taken;
    }
  }
  taken = taken && Call(profile, method::profile::kIsValid) &&
          Call(config, method::config::kAddOptimizationProfile, profile) >= 0;
  if (!taken) {
    throw TensorRtError(log, "IBuilderConfig::addOptimizationProfile",
                        "TensorRT refuses the shapes.", ErrorCode::INVALID_ARGUMENT);
  }
  return profile;
}

}  // namespace

const void* AddProfiles(const void* builder, const void* config,
                        const std::vector<NetworkInput>& inputs, const Value& options,
                        std::vector<std::vector<int64_t>>& tuned) {
  bool dynamic = false;
  for (const NetworkInput& input : inputs) {
    if (input.shape_tensor) {
      throw Error(ErrorCode::MODEL_UNSUPPORTED,
                  "The values of the input \"" + input.name +
                      "\" decide shapes, for which accelnode sets no bounds when it builds.")
          .WithHint("Make it a constant of the model, or build a plan with trtexec.");
    }
    dynamic |= std::any_of(input.dims.begin(), input.dims.end(), [](int64_t d) { return d < 0; });
    tuned.push_back(input.dims);
  }
  const Value& shapes = options["shapes"];
  const Value::List& more = options["cuda"].Items("profiles");
  CheckNames(inputs, shapes);
  for (const Value& each : more) CheckNames(inputs, each);
  if (!dynamic) {
    for (const NetworkInput& input : inputs) RangesOf(input, shapes[input.name]);
    return nullptr;
  }
  const bool only_more = !shapes.IsSet() && !more.empty();
  const void* first = only_more ? nullptr : AddProfile(builder, config, inputs, shapes, tuned);
  for (const Value& each : more) {
    std::vector<std::vector<int64_t>> other;
    const void* profile = AddProfile(builder, config, inputs, each, other);
    if (first != nullptr) continue;
    first = profile;
    tuned = std::move(other);
  }
  return first;
}

}  // namespace accelnode::cuda
