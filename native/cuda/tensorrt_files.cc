#include "tensorrt_files.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "../library.h"
#include "cuda_check.h"
#include "tensorrt_logger.h"

namespace accelnode::cuda {
namespace {

std::optional<Bytes> Read(const std::string& path) {
  const std::filesystem::path place = std::filesystem::u8path(path);
  std::error_code ignored;
  if (std::filesystem::is_directory(place, ignored))
    return std::nullopt;  // it would open, and seem huge
  std::ifstream file(place, std::ios::binary | std::ios::ate);
  if (!file) return std::nullopt;
  const std::streamoff size = file.tellg();
  if (size < 0) return std::nullopt;
  Bytes bytes(static_cast<size_t>(size));
  file.seekg(0);
  if (size > 0 && !file.read(reinterpret_cast<char*>(bytes.data()), size)) return std::nullopt;
  return bytes;
}

// 0, or why not all was written.
int Write(const std::string& path, const void* data, size_t bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return errno;
  int failed = std::fwrite(data, 1, bytes, file) == bytes ? 0 : errno;
  if (std::fclose(file) != 0 && failed == 0) failed = errno;
  return failed;
}

// Differs when a file was replaced or written to.
using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;

Stamp StampOf(const std::string& path) {
  const std::filesystem::path place = std::filesystem::u8path(path);
  std::error_code ignored;
  return {std::filesystem::last_write_time(place, ignored),
          std::filesystem::file_size(place, ignored)};
}

}  // namespace

const void* PlanBytes::data() const {
  if (bytes_) return bytes_->data();
  return host_memory_ ? Call(host_memory_.get(), method::host_memory::kData) : nullptr;
}

size_t PlanBytes::size() const {
  if (bytes_) return bytes_->size();
  return host_memory_ ? Call(host_memory_.get(), method::host_memory::kSize) : 0;
}

std::shared_ptr<const Bytes> ReadModelBytes(const ModelSource& source) {
  if (source.bytes) return source.bytes;
  std::optional<Bytes> bytes = Read(source.path);
  if (!bytes) throw Error(ErrorCode::MODEL_INVALID, "Can't read " + source.path + ".");
  return std::make_shared<const Bytes>(std::move(*bytes));
}

std::optional<Bytes> ReadCache(const std::string& path) {
  return path.empty() ? std::nullopt : Read(path);
}

void WriteFile(const std::string& path, const void* data, size_t bytes) {
  const int failed = Write(path, data, bytes);
  if (failed == 0) return;
  throw Error(ErrorCode::VENDOR_FAILURE,
              "Can't write " + path + ": " + std::strerror(failed) + ".");
}

std::error_code ReplaceFile(const std::string& path, const void* data, size_t bytes) {
  static std::atomic<unsigned> number{0};
  // Another process may be writing the same cache at this moment.
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::string other =
      path + "." + std::to_string(now) + "-" + std::to_string(number++) + ".tmp";
  std::error_code failed(Write(other, data, bytes), std::generic_category());
  if (!failed) {
    std::filesystem::rename(std::filesystem::u8path(other), std::filesystem::u8path(path), failed);
  }
  std::error_code ignored;
  if (failed) std::filesystem::remove(std::filesystem::u8path(other), ignored);
  return failed;
}

std::vector<std::string> PluginFiles(const Value& options) {
  std::vector<std::string> files;
  for (const Value& file : options.Items("plugins")) files.push_back(*file.AsString());
  return files;
}

void LoadPlugins(const Value& options) {
  static std::mutex mutex;
  static auto& loaded = *new std::map<std::string, Stamp>;
  static bool own_loaded = false;
  std::lock_guard lock(mutex);
  LogScope log;
  if (!own_loaded && TensorRt().initLibNvInferPlugins != nullptr) {
    if (!TensorRt().initLibNvInferPlugins(Logger(), "")) {
      throw TensorRtError(log, "initLibNvInferPlugins", "TensorRT's own plugins are not usable.",
                          ErrorCode::VENDOR_FAILURE);
    }
    own_loaded = true;
  }
  for (const std::string& file : PluginFiles(options)) {
    const Stamp stamp = StampOf(file);
    if (const auto before = loaded.find(file); before != loaded.end()) {
      if (before->second == stamp) continue;
      throw Error(
          ErrorCode::INVALID_ARGUMENT,
          "The plugins in " + file + " are not those any more that this process has loaded.")
          .WithHint("A process can't exchange them: load the model in a new one.");
    }
    std::string error;
    const Library library = Library::Open(file, &error);
    if (!library) {
      throw Error(ErrorCode::INVALID_ARGUMENT, "Can't load the plugins in " + file + ": " + error);
    }
    // Those that don't give their creators away have registered them while they were opened.
    const bool gives = library.Symbol("getCreators") || library.Symbol("getPluginCreators");
    if (gives && TensorRt().getPluginRegistry != nullptr) {
      const void* registry = TensorRt().getPluginRegistry();
      if (IsNull(registry) ||
          IsNull(plain::Call(registry, method::plugin_registry::kLoadLibrary, file.c_str()))) {
        throw TensorRtError(log, "IPluginRegistry::loadLibrary",
                            "The plugins in " + file + " are not usable.",
                            ErrorCode::INVALID_ARGUMENT);
      }
    }
    loaded.emplace(file, stamp);
  }
}

}  // namespace accelnode::cuda
