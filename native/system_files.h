// Looking at what an operating system tells in files: /dev, /proc, /sys, firmware. An environment
// variable may put a folder before all paths, for tests.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace accelnode {

class SystemFiles {
 public:
  // `root_variable` names the environment variable.
  explicit SystemFiles(const char* root_variable) : root_variable_(root_variable) {}

  std::filesystem::path Place(const char* path) const;

 private:
  const char* const root_variable_;
};

// What is in a folder whose name begins so; nothing when there is no such folder.
std::vector<std::filesystem::path> Entries(const std::filesystem::path& folder,
                                           const std::string& prefix = {});

// All that is in a file; nothing when it can't be read.
std::optional<std::string> ReadText(const std::filesystem::path& path);

// Why this process may not read and write it, in the system's words; empty when it may.
std::string WhyUnusable(const std::filesystem::path& path);
inline bool CanOpen(const std::filesystem::path& path) { return WhyUnusable(path).empty(); }

}  // namespace accelnode
