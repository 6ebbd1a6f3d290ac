#include "system_files.h"

#ifndef _WIN32
#include <unistd.h>
#endif

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

namespace accelnode {

namespace fs = std::filesystem;

fs::path SystemFiles::Place(const char* path) const {
  const char* root = std::getenv(root_variable_);
  return fs::path((root ? std::string(root) : std::string()) + path);
}

std::vector<fs::path> Entries(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> entries;
  std::error_code failed;
  fs::directory_iterator each(folder, failed);
  for (; !failed && each != fs::directory_iterator(); each.increment(failed)) {
    if (each->path().filename().string().rfind(prefix, 0) == 0) entries.push_back(each->path());
  }
  return entries;
}

std::optional<std::string> ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  // By blocks: a stream's own functions report what the system can't read, its iterators throw it.
  char block[65536];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    text.append(block, static_cast<size_t>(file.gcount()));
  }
  if (file.bad()) return std::nullopt;
  return text;
}

std::string WhyUnusable(const fs::path& path) {
#ifdef _WIN32
  std::error_code failed;
  return fs::exists(path, failed) ? "" : "No such file or directory";
#else
  return access(path.c_str(), R_OK | W_OK) == 0 ? "" : std::strerror(errno);
#endif
}

}  // namespace accelnode
