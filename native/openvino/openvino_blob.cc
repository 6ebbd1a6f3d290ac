#include "openvino_blob.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "openvino_plugins.h"

namespace accelnode::openvino {
namespace {

// A core of its own for each import: the C API can't import with properties, so they are set for
// the whole device, which must not reach models that others load meanwhile. Without them a CPU with
// AMX or AVX512-BF16 would compute in bf16, whatever the model was compiled for.
CoreHandle MakeCoreWith(const std::string& device, const Properties& properties) {
  CoreHandle core = MakeCore();
  const std::string plugin = device.substr(0, device.find(':'));
  for (const auto& [key, value] : properties) {
    if (key == "CACHE_DIR") continue;  // a blob is what a cache would hold
    CheckProperties(
        Api().ov_core_set_property(core.get(), plugin.c_str(), key.c_str(), value.c_str()),
        "ov_core_set_property", ErrorCode::VENDOR_FAILURE);
  }
  return core;
}

std::shared_ptr<const std::vector<uint8_t>> ReadFile(const std::string& path) {
  std::ifstream file(std::filesystem::u8path(path), std::ios::binary);
  auto content = std::make_shared<const std::vector<uint8_t>>(std::istreambuf_iterator<char>(file),
                                                              std::istreambuf_iterator<char>());
  if (!file) throw Error(ErrorCode::MODEL_INVALID, "Can't read " + path + ".");
  return content;
}

}  // namespace

Imported ImportBlob(const ModelSource& source, const std::string& device,
                    const Properties& properties) {
  Imported imported;
  imported.content = source.bytes ? source.bytes : ReadFile(source.path);
  imported.core = MakeCoreWith(device, properties);
  try {
    Check(Api().ov_core_import_model(
              imported.core.get(), reinterpret_cast<const char*>(imported.content->data()),
              imported.content->size(), device.c_str(), Out(imported.compiled)),
          "ov_core_import_model", ErrorCode::MODEL_INVALID);
  } catch (Error& error) {
    error.hint =
        "A blob loads only with the OpenVINO version and on the kind of device that it was "
        "exported with. Load the original model and export it again.";
    throw;
  }
  return imported;
}

}  // namespace accelnode::openvino
