#include "openvino_read.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "openvino_types.h"

namespace accelnode::openvino {
namespace {

// A format's frontend is a library beside OpenVINO's own.
void RequireFrontend(const std::string& format) {
  const std::string name =
      "openvino_" + (format == "tflite" ? std::string("tensorflow_lite") : format) + "_frontend";
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::u8path(LibraryFolder()), failed)) {
    if (entry.path().filename().u8string().find(name) != std::string::npos) return;
  }
  throw Error(ErrorCode::UNSUPPORTED, "This OpenVINO can't read " + format + " models: " + name +
                                          " is not in " + LibraryFolder() + ".")
      .WithHint("Run `npx accelnode runtime install openvino` for one that can.");
}

// What OpenVINO says when it could read a file but has no equivalent for what is in it.
bool SaysUnsupported(const std::string& message) {
  for (const char* words :
       {"wasn't fully converted", "Errors during ONNX translation", "No conversion rule",
        "OpenVINO Extensions", "not supported", "unsupported", "does not support"}) {
    if (message.find(words) != std::string::npos) return true;
  }
  return false;
}

void CheckRead(ov_status status, const char* function, const std::string& format) {
  try {
    Check(status, function, ErrorCode::MODEL_INVALID);
  } catch (Error& error) {
    if (error.code == ErrorCode::MODEL_INVALID && SaysUnsupported(error.message)) {
      error.code = ErrorCode::MODEL_UNSUPPORTED;
    } else if (error.code == ErrorCode::MODEL_INVALID) {
      error.hint =
          "OpenVINO can't read this as " + format + ": is it complete, and of that format?";
    }
    throw;
  }
}

TensorHandle CopyToTensor(const std::vector<uint8_t>& bytes) {
  int64_t dims[] = {static_cast<int64_t>(bytes.size())};
  TensorHandle tensor;
  OV_CALL(ov_tensor_create, ToOpenvino(DataType::kUint8), {1, dims}, Out(tensor));
  void* data = nullptr;
  OV_CALL(ov_tensor_data, tensor.get(), &data);
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(data));
  return tensor;
}

ModelHandle ReadFile(const ov_core* core, const std::string& path, const std::string& weights_path,
                     const std::string& format) {
  ModelHandle model;
  CheckRead(
      Api().ov_core_read_model(core, path.c_str(),
                               weights_path.empty() ? nullptr : weights_path.c_str(), Out(model)),
      "ov_core_read_model", format);
  return model;
}

ModelHandle ReadBytes(const ov_core* core, const ModelSource& source) {
  // The weights become constants of the model, which keep the tensor's memory: hence a tensor that
  // owns it, not a view.
  TensorHandle weights;
  if (source.weights) weights = CopyToTensor(*source.weights);
  ModelHandle model;
  CheckRead(Api().ov_core_read_model_from_memory_buffer(
                core, reinterpret_cast<const char*>(source.bytes->data()), source.bytes->size(),
                weights.get(), Out(model)),
            "ov_core_read_model_from_memory_buffer", source.format);
  return model;
}

// Bytes in a file, in a folder that nobody else can enter; gone with the object.
class TemporaryFile {
 public:
  TemporaryFile(const std::vector<uint8_t>& bytes, const char* name) {
    std::random_device random;
    folder_ = std::filesystem::temp_directory_path() /
              ("accelnode-" + std::to_string(random()) + std::to_string(random()));
    if (!std::filesystem::create_directory(folder_)) {
      throw std::filesystem::filesystem_error("the folder exists", folder_,
                                              std::make_error_code(std::errc::file_exists));
    }
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    path_ = folder_ / name;
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
      Remove();
      throw std::filesystem::filesystem_error("cannot write", path_,
                                              std::make_error_code(std::errc::io_error));
    }
  }
  ~TemporaryFile() { Remove(); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string Path() const { return path_.u8string(); }

 private:
  void Remove() {
    std::error_code failed;  // what is left then is for the system to clean up
    std::filesystem::remove_all(folder_, failed);
  }

  std::filesystem::path folder_, path_;
};

// OpenVINO's TensorFlow Lite reader takes nothing but files.
ModelHandle ReadBytesAsFile(const ov_core* core, const ModelSource& source, const char* name) {
  try {
    const TemporaryFile file(*source.bytes, name);
    return ReadFile(core, file.Path(), "", source.format);
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(ErrorCode::UNSUPPORTED,
                std::string("OpenVINO reads models of this format only from files, and none can be "
                            "made for these bytes: ") +
                    error.what())
        .WithHint("Give the model's path.");
  }
}

}  // namespace

ModelHandle ReadModel(const ov_core* core, const ModelSource& source) {
  RequireFrontend(source.format);
  if (!source.bytes) return ReadFile(core, source.path, source.weights_path, source.format);
  if (source.format == "tflite") return ReadBytesAsFile(core, source, "model.tflite");
  if (source.format == "paddle") {
    throw Error(ErrorCode::UNSUPPORTED,
                "OpenVINO reads PaddlePaddle models only from files: a model is two of them.")
        .WithHint(
            "Give the path of the .pdmodel file; the .pdiparams file is read from beside it.");
  }
  return ReadBytes(core, source);
}

}  // namespace accelnode::openvino
