// Files that TensorRT leaves to us: plans, timing caches, calibration caches, plugin libraries.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "../backend.h"
#include "cuda_library.h"

namespace accelnode::cuda {

using Bytes = std::vector<uint8_t>;

// The bytes of a plan, wherever they are.
class PlanBytes {
 public:
  PlanBytes() = default;
  explicit PlanBytes(std::shared_ptr<const Bytes> bytes) : bytes_(std::move(bytes)) {}
  explicit PlanBytes(TrtObject host_memory) : host_memory_(std::move(host_memory)) {}

  const void* data() const;
  size_t size() const;

 private:
  std::shared_ptr<const Bytes> bytes_;
  TrtObject host_memory_;
};

// Throws MODEL_INVALID when the file can't be read.
std::shared_ptr<const Bytes> ReadModelBytes(const ModelSource& source);

// Unset when there is no such file, or it can't be read: then there is no cache yet.
std::optional<Bytes> ReadCache(const std::string& path);

// Throws VENDOR_FAILURE when not all of it was written.
void WriteFile(const std::string& path, const void* data, size_t bytes);
// So that no reader sees half of it: under another name in the same folder first. Gives why that
// failed: a cache that can't be kept need be no reason to fail.
std::error_code ReplaceFile(const std::string& path, const void* data, size_t bytes);

// Makes the plugins in the libraries of options.plugins, and those of TensorRT's own, known to it.
// Needs a device. Once loaded they stay.
void LoadPlugins(const Value& options);
std::vector<std::string> PluginFiles(const Value& options);

}  // namespace accelnode::cuda
