// What GpuAcc does with the file for its compiled kernels.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "delegate.h"

namespace stub {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNetwork = "kernels that were compiled for this model";

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

void LoadNetwork(const std::map<std::string, std::string>& options) {
  const auto path = options.find("cached-network-filepath");
  const auto save = options.find("save-cached-network");
  const bool saves = save != options.end() && save->second == "true";
  if (path == options.end()) {
    if (saves) Violation("a network is to be saved nowhere");
    ++Block().compiled;
    return;
  }
  if (!saves) {
    if (Read(path->second) != kNetwork) {
      throw std::runtime_error("Buffer doesn't conform to the expected Armnn flatbuffers format.");
    }
    return;
  }
  ++Block().compiled;
  if (fs::exists(path->second) && fs::is_regular_file(path->second)) {
    std::ofstream(path->second, std::ios::binary) << kNetwork;
  }
}

}  // namespace stub
