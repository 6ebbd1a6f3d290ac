#include "temporary_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "error.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <stdlib.h>
#include <unistd.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace accelnode {
namespace {

Error CannotWrite(const std::string& why) {
  return Error(ErrorCode::VENDOR_FAILURE, "Can't write a temporary file: " + why + ".");
}

void Write(const std::string& path, const std::string& content) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) throw CannotWrite(std::strerror(errno));
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  if (std::fclose(file) != 0 || !written) throw CannotWrite(std::strerror(errno));
}

}  // namespace

#if defined(__linux__)

// In memory, as the file system of a container may be read-only.
TemporaryFile::TemporaryFile(const std::string& content)
    : descriptor_(memfd_create("accelnode", MFD_CLOEXEC)) {
  if (descriptor_ < 0) throw CannotWrite(std::strerror(errno));
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  try {
    Write(path_, content);
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

TemporaryFile::~TemporaryFile() { close(descriptor_); }

#else

namespace {

std::string NewFile() {
#ifdef _WIN32
  wchar_t folder[MAX_PATH + 1], name[MAX_PATH + 1];
  if (GetTempPathW(MAX_PATH, folder) == 0 || GetTempFileNameW(folder, L"acc", 0, name) == 0) {
    throw CannotWrite("error " + std::to_string(GetLastError()));
  }
  return std::filesystem::path(name).string();
#else
  std::error_code failed;
  std::string name = (std::filesystem::temp_directory_path(failed) / "accelnode-XXXXXX").string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) throw CannotWrite(std::strerror(errno));
  close(descriptor);
  return name;
#endif
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& content) : path_(NewFile()) {
  try {
    Write(path_, content);
  } catch (...) {
    std::remove(path_.c_str());
    throw;
  }
}

TemporaryFile::~TemporaryFile() { std::remove(path_.c_str()); }

#endif

}  // namespace accelnode
