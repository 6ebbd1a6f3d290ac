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

}  // namespace

Imported ImportBlob(const ModelSource& source, const std::string& device,
                    const Properties& properties) {
  std::vector<char> content;
  const char* data = nullptr;
  size_t size = 0;
  if (source.bytes) {
    data = reinterpret_cast<const char*>(source.bytes->data());
    size = source.bytes->size();
  } else {
    std::ifstream file(std::filesystem::u8path(source.path), std::ios::binary);
    content.assign(std::istreambuf_iterator<char>(file), {});
    if (!file) throw Error(ErrorCode::MODEL_INVALID, "Can't read " + source.path + ".");
    data = content.data();
    size = content.size();
  }
  Imported imported;
  imported.core = MakeCoreWith(device, properties);
  try {
    Check(Api().ov_core_import_model(imported.core.get(), data, size, device.c_str(),
                                     Out(imported.compiled)),
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
