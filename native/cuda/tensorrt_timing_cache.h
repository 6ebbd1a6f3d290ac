// What a build measured, for the next one: kept in a file that several processes may share.
#pragma once

#include <string>

#include "cuda_library.h"

namespace accelnode::cuda {

class TimingCache {
 public:
  // Begins with what is in the file, if that is usable. Without a path it does nothing.
  TimingCache(const void* config, std::string path);

  // Adds what was measured to the file, and to what others have written there meanwhile.
  void Save();

 private:
  TrtObject Read() const;

  const void* const config_;
  const std::string path_;
  TrtObject cache_;
};

}  // namespace accelnode::cuda
