#include "openvino_plugins.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "../platform.h"
#include "../temporary_file.h"

namespace accelnode::openvino {
namespace {

struct Plugin {
  const char* device;
  const char* kind;
  std::array<const char*, 2> names;  // of the library; the second is Arm's CPU plugin
  const char* hint;
};

constexpr const char* kGpuHint =
    "Install the GPU's OpenCL driver (Debian, Ubuntu: intel-opencl-icd), and give this user access "
    "to /dev/dri (group render).";
constexpr const char* kNpuHint =
    "Install Intel's NPU driver (intel-level-zero-npu and intel-driver-compiler-npu), and give "
    "this "
    "user access to /dev/accel (group render).";

constexpr std::array kDevicePlugins = {
    Plugin{"GPU", "gpu", {"openvino_intel_gpu_plugin", nullptr}, kGpuHint},
    Plugin{"CPU", "cpu", {"openvino_intel_cpu_plugin", "openvino_arm_cpu_plugin"}, ""},
    Plugin{"NPU", "npu", {"openvino_intel_npu_plugin", nullptr}, kNpuHint},
};

// Plugins that spread a model over other devices.
constexpr std::array kMetaPlugins = {
    Plugin{"AUTO", "", {"openvino_auto_plugin", nullptr}, ""},
    Plugin{"MULTI", "", {"openvino_auto_plugin", nullptr}, ""},
    Plugin{"HETERO", "", {"openvino_hetero_plugin", nullptr}, ""},
    Plugin{"BATCH", "", {"openvino_auto_batch_plugin", nullptr}, ""},
};

template <typename Plugins>
const Plugin* FindPlugin(const Plugins& plugins, const std::string& device) {
  for (const Plugin& plugin : plugins) {
    if (device == plugin.device) return &plugin;
  }
  return nullptr;
}

// Wheels and archives have the plugins beside the library, Debian in a folder openvino-<version>.
std::vector<std::string> PluginFolders() {
  std::vector<std::string> folders{LibraryFolder()};
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::u8path(LibraryFolder()), failed)) {
    if (entry.path().filename().u8string().rfind("openvino-", 0) == 0) {
      folders.push_back(entry.path().u8string());
    }
  }
  return folders;
}

// The plugin's library. Empty when it is not installed; or the place where it should have been.
std::string FindFile(const Plugin& plugin, bool or_place = false) {
#if defined(_WIN32)
  const std::string before = "/", after = ".dll";
#else
  const std::string before = "/lib", after = ".so";  // on macOS too
#endif
  for (const std::string& folder : PluginFolders()) {
    for (const char* name : plugin.names) {
      const std::string file = name == nullptr ? "" : folder + before + name + after;
      if (FileExists(file)) return file;
    }
  }
  return or_place ? LibraryFolder() + before + plugin.names[0] + after : "";
}

bool IsInstalled(const Plugin& plugin) { return !FindFile(plugin).empty(); }

Error NotInstalled(const Plugin& plugin) {
  return Error(ErrorCode::RUNTIME_INCOMPATIBLE, std::string("This OpenVINO has no plugin for ") +
                                                    plugin.device + ": " + plugin.names[0] +
                                                    " is not in " + LibraryFolder() + ".")
      .WithHint("Run `npx accelnode runtime install openvino` for a complete one.");
}

std::string EscapeXml(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (std::strchr("&<>\"'", c) != nullptr) {
      escaped += "&#" + std::to_string(static_cast<int>(c)) + ";";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string RegistryRow(const Plugin& plugin) {
  return std::string("<plugin name=\"") + plugin.device + "\" location=\"" +
         EscapeXml(FindFile(plugin, true)) + "\"/>\n";
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

// The devices of one plugin as OpenVINO names them: "CPU", "GPU" alone, or "GPU.0" and "GPU.1".
// Throws the plugin's words when it can't be opened; empty when it has no device.
std::vector<std::string> DevicesOf(const ov_core* core, const Plugin& plugin) {
  const std::string damage = Library::MissingPart(FindFile(plugin));
  if (!damage.empty()) throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, damage);
  char* raw = nullptr;
  OV_CALL(ov_core_get_property, core, plugin.device, "AVAILABLE_DEVICES", &raw);
  const std::vector<std::string> ids = Split(TakeString(raw), ' ');
  if (ids.empty()) {
    // The CPU plugin lists no ids for its one device.
    if (plugin.kind == std::string("cpu")) return {plugin.device};
    return {};
  }
  if (ids.size() == 1) return {plugin.device};
  std::vector<std::string> devices;
  for (const std::string& id : ids) devices.push_back(std::string(plugin.device) + "." + id);
  return devices;
}

Device Describe(const ov_core* core, const Plugin& plugin, const std::string& id) {
  Device device;
  device.id = id;
  device.kind = plugin.kind;
  device.name = DeviceProperty(core, id, "FULL_DEVICE_NAME");
  device.arch = DeviceProperty(core, id, "DEVICE_ARCHITECTURE");
  device.automatic = plugin.kind != std::string("npu");  // few models compile for it as they are
  Value::Map details{{"capabilities", DeviceProperty(core, id, "OPTIMIZATION_CAPABILITIES")}};
  if (plugin.kind != std::string("cpu")) {
    device.uuid = DeviceProperty(core, id, "DEVICE_UUID");
    device.driver = DeviceProperty(core, id, "NPU_DRIVER_VERSION");
    details["type"] = DeviceProperty(core, id, "DEVICE_TYPE");
    const char* memory = plugin.kind == std::string("gpu") ? "GPU_DEVICE_TOTAL_MEM_SIZE"
                                                           : "NPU_DEVICE_TOTAL_MEM_SIZE";
    device.memory_total = std::strtoull(DeviceProperty(core, id, memory).c_str(), nullptr, 10);
  }
  device.details = std::move(details);
  return device;
}

Error DeviceNotFound(const std::string& device, const std::string& reason, const char* hint) {
  return Error(ErrorCode::DEVICE_NOT_FOUND,
               "OpenVINO has no device " + device + (reason.empty() ? "." : ": " + reason))
      .WithHint(*hint ? hint : "`npx accelnode devices` lists what there is.");
}

// Throws unless `device` ("GPU.1") can be named to OpenVINO.
void RequireDevice(const ov_core* core, const std::string& device) {
  const std::string family = device.substr(0, device.find('.'));
  const Plugin* plugin = FindPlugin(kDevicePlugins, family);
  if (plugin == nullptr) throw DeviceNotFound(device, "", "");
  if (!IsInstalled(*plugin)) throw NotInstalled(*plugin);
  std::vector<std::string> present;
  try {
    present = DevicesOf(core, *plugin);
  } catch (const Error& error) {
    Error not_found = DeviceNotFound(device, error.message, plugin->hint);
    not_found.call = error.call;
    not_found.status = error.status;
    throw not_found;
  }
  const bool first = device == family || device == family + ".0";
  const bool found = first ? !present.empty() && (device == family || family != "CPU")
                           : std::find(present.begin(), present.end(), device) != present.end();
  if (found) return;
  std::string have;
  for (const std::string& each : present) have += (have.empty() ? "there is " : ", ") + each;
  throw DeviceNotFound(device, have.empty() ? "its plugin finds none." : have + ".",
                       present.empty() ? plugin->hint : "");
}

}  // namespace

CoreHandle MakeCore() {
  std::string registry = "<ie><plugins>\n";
  for (const Plugin& plugin : kDevicePlugins) registry += RegistryRow(plugin);
  for (const Plugin& plugin : kMetaPlugins) registry += RegistryRow(plugin);
  const TemporaryFile file(registry + "</plugins></ie>\n");
  CoreHandle core;
  OV_CALL(ov_core_create_with_config, file.path().c_str(), Out(core));
  return core;
}

std::string DeviceProperty(const ov_core* core, const std::string& device, const char* key) {
  char* value = nullptr;
  if (Api().ov_core_get_property(core, device.c_str(), key, &value) != kOk) return {};
  return TakeString(value);
}

DeviceList ListDevices(const ov_core* core) {
  DeviceList list;
  for (const Plugin& plugin : kDevicePlugins) {
    if (!IsInstalled(plugin)) {
      list.absent.push_back(
          {plugin.device, NotInstalled(plugin).message, NotInstalled(plugin).hint});
      continue;
    }
    try {
      const std::vector<std::string> ids = DevicesOf(core, plugin);
      for (const std::string& id : ids) list.present.push_back(Describe(core, plugin, id));
      if (ids.empty()) {
        list.absent.push_back({plugin.device, "Its plugin finds no such device.", plugin.hint});
      }
    } catch (const Error& error) {
      list.absent.push_back({plugin.device, error.message, plugin.hint});
    }
  }
  return list;
}

std::string ResolveDevice(const ov_core* core, const std::string& device) {
  const size_t colon = device.find(':');
  const std::string head = device.substr(0, colon);
  const Plugin* meta = FindPlugin(kMetaPlugins, head);
  if (meta == nullptr) {
    RequireDevice(core, device);
    return device;
  }
  if (!IsInstalled(*meta)) throw NotInstalled(*meta);
  std::string list;
  std::vector<std::string> left_out;
  for (const std::string& part : Split(colon == device.npos ? "" : device.substr(colon + 1), ',')) {
    if (part[0] == '-') {  // AUTO:-GPU
      left_out.push_back(part.substr(1));
    } else {
      RequireDevice(core, part.substr(0, part.find('(')));  // MULTI:CPU(2) limits the requests
      list += (list.empty() ? "" : ",") + part;
    }
  }
  if (!list.empty()) return head + ":" + list;
  const DeviceList all = ListDevices(core);
  for (const Device& each : all.present) {
    const bool wanted = std::find(left_out.begin(), left_out.end(), each.id) == left_out.end();
    if (wanted && each.automatic) list += (list.empty() ? "" : ",") + each.id;
  }
  if (!list.empty()) return head + ":" + list;
  std::string reasons;
  for (const AbsentDevice& each : all.absent) reasons += "\n" + each.id + ": " + each.reason;
  throw DeviceNotFound(device, "nothing is left to choose from." + reasons, "");
}

}  // namespace accelnode::openvino
