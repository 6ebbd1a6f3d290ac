#include "opencl_probe.h"

#include <cstddef>
#include <cstdint>

#include "../library.h"

namespace accelnode::armnn {
namespace {

using cl_platform_id = void*;
using cl_device_id = void*;
constexpr uint64_t kDeviceTypeGpu = 1 << 2;
constexpr uint32_t kPlatformName = 0x0902, kDeviceName = 0x102B, kDriverVersion = 0x102D;

struct Opencl {
  int32_t (*clGetPlatformIDs)(uint32_t, cl_platform_id*, uint32_t*) = nullptr;
  int32_t (*clGetPlatformInfo)(cl_platform_id, uint32_t, size_t, void*, size_t*) = nullptr;
  int32_t (*clGetDeviceIDs)(cl_platform_id, uint64_t, uint32_t, cl_device_id*, uint32_t*) = nullptr;
  int32_t (*clGetDeviceInfo)(cl_device_id, uint32_t, size_t, void*, size_t*) = nullptr;
};

template <typename Function>
bool Resolve(const Library& library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(library.Symbol(name));
  return function != nullptr;
}

bool ResolveAll(const Library& library, Opencl& opencl) {
  return Resolve(library, "clGetPlatformIDs", opencl.clGetPlatformIDs) &&
         Resolve(library, "clGetPlatformInfo", opencl.clGetPlatformInfo) &&
         Resolve(library, "clGetDeviceIDs", opencl.clGetDeviceIDs) &&
         Resolve(library, "clGetDeviceInfo", opencl.clGetDeviceInfo);
}

// As Arm's Compute Library looks for it, and by the name that systems without headers have it by:
// a build of that library may look for that one too, and must not meet an OpenCL without a GPU.
bool OpenOpencl(Opencl& opencl, OpenclProbe& probe) {
  for (const char* name : {"libOpenCL.so", "libOpenCL.so.1", "libGLES_mali.so", "libmali.so"}) {
    std::string words;
    const Library library = Library::Open(name, &words);
    if (library && ResolveAll(library, opencl)) {
      probe.library = library.Path(reinterpret_cast<const void*>(opencl.clGetPlatformIDs));
      return true;
    }
    if (library) words = std::string(name) + ": it lacks functions of OpenCL 1.2";
    probe.tried += (probe.tried.empty() ? "" : "; ") + words;
  }
  return false;
}

template <typename Object>
std::string Text(int32_t (*function)(Object, uint32_t, size_t, void*, size_t*), Object object,
                 uint32_t what) {
  char text[256] = "";
  function(object, what, sizeof text - 1, text, nullptr);
  return text;
}

}  // namespace

OpenclProbe ProbeOpencl() {
  OpenclProbe probe;
  Opencl opencl;
  if (!OpenOpencl(opencl, probe)) return probe;
  cl_platform_id platform = nullptr;
  uint32_t platforms = 0;
  if (opencl.clGetPlatformIDs(1, &platform, &platforms) != 0 || platforms == 0) return probe;
  probe.platform = Text(opencl.clGetPlatformInfo, platform, kPlatformName);
  if (probe.platform.empty()) probe.platform = "a platform without a name";
  cl_device_id device = nullptr;
  uint32_t devices = 0;
  probe.gpu =
      opencl.clGetDeviceIDs(platform, kDeviceTypeGpu, 1, &device, &devices) == 0 && devices > 0;
  if (!probe.gpu) return probe;
  probe.name = Text(opencl.clGetDeviceInfo, device, kDeviceName);
  probe.driver = Text(opencl.clGetDeviceInfo, device, kDriverVersion);
  return probe;
}

}  // namespace accelnode::armnn
