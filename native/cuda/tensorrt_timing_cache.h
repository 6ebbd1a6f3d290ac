// What a build measured, for the next one: kept in a file that several processes may share.
#pragma once

#include <string>

#include "cuda_library.h"

namespace accelnode::cuda {

class TimingCache {
 public:
  // Begins with what is in the file. Without a path it does nothing. Throws INVALID_ARGUMENT when
  // the file is something else, unless it is `own`: the plan cache's, which may be made anew.
  TimingCache(const void* config, std::string path, bool own);

  // Adds what was measured to the file, and to what others have written there meanwhile.
  void Save();

 private:
  struct Found {
    TrtObject cache;
    bool empty;  // or not there
  };
  Found Read() const;

  const void* const config_;
  const std::string path_;
  const bool own_;
  TrtObject cache_;
};

}  // namespace accelnode::cuda
