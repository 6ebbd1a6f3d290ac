// A file for a vendor's function that takes a path and has no other way to be told something.
#pragma once

#include <string>

namespace accelnode {

class TemporaryFile {
 public:
  // Only this user can write it. Throws VENDOR_FAILURE when there is nowhere to put it.
  explicit TemporaryFile(const std::string& content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // As the C library's fopen takes it.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  [[maybe_unused]] int descriptor_ =
      -1;  // where the file has no name and lives as long as it is open
};

}  // namespace accelnode
