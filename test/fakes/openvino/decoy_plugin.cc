// Lies in the current directory under the name of a plugin or frontend of OpenVINO, and tells on
// whoever loads it: by its own name, in the folder that ACCELNODE_DECOY_FOLDER names.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

__attribute__((constructor)) void Tell() {
  Dl_info info{};
  const char* folder = std::getenv("ACCELNODE_DECOY_FOLDER");
  if (folder == nullptr || dladdr(reinterpret_cast<void*>(&Tell), &info) == 0) return;
  const char* slash = std::strrchr(info.dli_fname, '/');
  const std::string marker = std::string(folder) + "/" + (slash ? slash + 1 : info.dli_fname);
  if (std::FILE* file = std::fopen(marker.c_str(), "w")) std::fclose(file);
}

}  // namespace
