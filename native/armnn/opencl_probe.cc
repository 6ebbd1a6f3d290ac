#include "opencl_probe.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../library.h"
#include "../platform.h"

namespace accelnode::armnn {
namespace {

using cl_platform_id = void*;
using cl_device_id = void*;
constexpr uint64_t kDeviceTypeGpu = 1 << 2;
constexpr uint32_t kDeviceName = 0x102B, kDriverVersion = 0x102D;

struct Opencl {
  int32_t (*clGetPlatformIDs)(uint32_t, cl_platform_id*, uint32_t*) = nullptr;
  int32_t (*clGetDeviceIDs)(cl_platform_id, uint64_t, uint32_t, cl_device_id*, uint32_t*) = nullptr;
  int32_t (*clGetDeviceInfo)(cl_device_id, uint32_t, size_t, void*, size_t*) = nullptr;
};

// In the order in which Arm's compute library looks for it.
Library OpenLibrary(std::string& tried) {
  for (const char* name : {"libOpenCL.so", "libOpenCL.so.1", "libGLES_mali.so", "libmali.so"}) {
    std::string words;
    if (Library library = Library::Open(name, &words)) return library;
    tried += (tried.empty() ? "" : "; ") + words;
  }
  return {};
}

template <typename Function>
bool Resolve(const Library& library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(library.Symbol(name));
  return function != nullptr;
}

std::string Text(const Opencl& opencl, cl_device_id device, uint32_t what) {
  char text[256] = "";
  opencl.clGetDeviceInfo(device, what, sizeof text - 1, text, nullptr);
  return text;
}

// The first GPU of all platforms; null when there is none.
cl_device_id FirstGpu(const Opencl& opencl) {
  uint32_t count = 0;
  if (opencl.clGetPlatformIDs(0, nullptr, &count) != 0 || count == 0) return nullptr;
  std::vector<cl_platform_id> platforms(count);
  opencl.clGetPlatformIDs(count, platforms.data(), nullptr);
  for (cl_platform_id platform : platforms) {
    cl_device_id device = nullptr;
    uint32_t devices = 0;
    if (opencl.clGetDeviceIDs(platform, kDeviceTypeGpu, 1, &device, &devices) == 0 && devices > 0) {
      return device;
    }
  }
  return nullptr;
}

}  // namespace

OpenclProbe ProbeOpencl() {
  OpenclProbe probe;
  std::string tried;
  const Library library = OpenLibrary(tried);
  if (!library) {
    probe.reason = "There is no OpenCL library: " + tried + ".";
    probe.hint =
        "Install the driver of the Mali GPU, whose libmali.so (or libOpenCL.so) brings OpenCL.";
    return probe;
  }
  probe.library = true;
  Opencl opencl;
  if (!Resolve(library, "clGetPlatformIDs", opencl.clGetPlatformIDs) ||
      !Resolve(library, "clGetDeviceIDs", opencl.clGetDeviceIDs) ||
      !Resolve(library, "clGetDeviceInfo", opencl.clGetDeviceInfo)) {
    probe.reason = "The OpenCL library lacks functions of OpenCL 1.2.";
    return probe;
  }
  if (const cl_device_id device = FirstGpu(opencl)) {
    probe.gpu = true;
    probe.name = Text(opencl, device, kDeviceName);
    probe.driver = Text(opencl, device, kDriverVersion);
    return probe;
  }
  probe.reason = "OpenCL has no GPU.";
  probe.hint = "clinfo shows what OpenCL has. Is /dev/mali0 there, and may this user open it?";
  return probe;
}

}  // namespace accelnode::armnn
