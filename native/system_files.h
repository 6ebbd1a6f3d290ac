// What the system says of its hardware in files: device nodes, the device tree, sysfs, firmware.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace accelnode {

// `path`, which begins with "/", below the folder that the environment variable names, if it does:
// tests lay out other machines there.
std::filesystem::path SystemPath(const char* variable, const char* path);

// What is in a folder whose name begins so; nothing when there is no such folder.
std::vector<std::filesystem::path> Entries(const std::filesystem::path& folder,
                                           const std::string& prefix = {});

// Empty when it can't be read.
std::string ReadAll(const std::filesystem::path& path);

// Why this user can't read and write it, in the system's words; empty when they can.
std::string WhyUnusable(const std::filesystem::path& path);

}  // namespace accelnode
