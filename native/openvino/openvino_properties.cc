#include "openvino_properties.h"

#include <algorithm>
#include <cctype>

#include "openvino_plugins.h"

namespace accelnode::openvino {
namespace {

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string Family(const std::string& device) {
  return device.substr(0, device.find_first_of(".:"));
}

bool IsSingleDevice(const std::string& device) { return device.find(':') == device.npos; }

// "f32" for "fp32"; empty: leave it to the device. Unless told otherwise a model runs in f32: left
// to itself, a CPU with AMX or AVX512-BF16 computes in bf16, and outputs are off by a percent.
std::string PrecisionHint(const ov_core* core, const std::string& device,
                          const std::string& asked) {
  if (asked == "auto") return {};
  if (asked.empty()) return Family(device) == "NPU" ? "" : "f32";
  if (asked == "int8") {
    throw Error(ErrorCode::UNSUPPORTED, "OpenVINO does not quantise a model when it loads it.")
        .WithHint(
            "Quantise the model beforehand (NNCF); an int8 model runs in int8 whatever the "
            "precision option says.");
  }
  if (IsSingleDevice(device)) {
    char* raw = nullptr;
    OV_CALL(ov_core_get_property, core, device.c_str(), "OPTIMIZATION_CAPABILITIES", &raw);
    const std::string capabilities = TakeString(raw);
    if (capabilities.find(Upper(asked)) == capabilities.npos) {
      throw Error(ErrorCode::UNSUPPORTED, device + " can't compute in " + asked +
                                              ". It is capable of: " + capabilities + ".")
          .WithHint("Leave the precision out, or choose another device.");
    }
  }
  return asked == "bf16" ? "bf16" : "f" + asked.substr(2);
}

std::string ConfigText(const Value& value) {
  if (const bool* flag = value.AsBool()) return *flag ? "YES" : "NO";
  if (const std::string* text = value.AsString()) return *text;
  const double number = value.AsNumber() ? *value.AsNumber() : 0;
  const auto whole = static_cast<long long>(number);
  return static_cast<double>(whole) == number ? std::to_string(whole) : std::to_string(number);
}

}  // namespace

Properties MakeProperties(const ov_core* core, const std::string& device, const Value& options) {
  Properties properties;
  auto set = [&](const char* key, const std::string& value) {
    properties.emplace_back(key, value);
  };
  const Value& own = options["openvino"];

  const std::string precision = PrecisionHint(core, device, options.String("precision"));
  if (!precision.empty()) set("INFERENCE_PRECISION_HINT", precision);

  // One lane wants the shortest run, several the most runs a second. MULTI has a hint of its own.
  const int lanes = static_cast<int>(options.Number("lanes", 0));
  const std::string hint = own.String("hint", lanes > 1 ? "throughput" : "latency");
  const bool hinted = own["hint"].IsSet() || Family(device) != "MULTI";
  if (hint != "none" && hinted) {
    set("PERFORMANCE_HINT", Upper(hint));
    if (lanes > 1 && hint == "throughput") {
      set("PERFORMANCE_HINT_NUM_REQUESTS", std::to_string(lanes));
    }
  }
  if (own["streams"].IsSet()) set("NUM_STREAMS", Upper(ConfigText(own["streams"])));
  if (own["threads"].IsSet()) set("INFERENCE_NUM_THREADS", ConfigText(own["threads"]));
  if (options.Bool("profiling", false)) set("PERF_COUNT", "YES");
  if (!options.String("cacheDir").empty()) set("CACHE_DIR", options.String("cacheDir"));
  if (const Value::Map* config = own["config"].AsMap()) {
    for (const auto& [key, value] : *config) set(key.c_str(), ConfigText(value));
  }
  return properties;
}

void CheckProperties(ov_status status, const char* function, ErrorCode otherwise) {
  try {
    Check(status, function, otherwise);
  } catch (Error& error) {
    if (error.message.find("Unsupported property") != std::string::npos) {
      // Another device may have it, so a list of devices is tried further.
      error.code = ErrorCode::UNSUPPORTED;
      error.hint = "Leave out the option that asks for it, or choose a device that has it.";
    } else if (error.message.find("property key") != std::string::npos) {
      error.code = ErrorCode::INVALID_ARGUMENT;  // "Wrong value for property key NUM_STREAMS. …"
    }
    throw;
  }
}

}  // namespace accelnode::openvino
