// An OpenCL that has a Mali GPU, for Arm NN's GpuAcc: PoCL, which computes on the CPU, with what
// Arm's Compute Library asks for beyond it. Functions that are not here are those of the real
// OpenCL loader, with which this library is linked, and so are results: every kernel is really
// compiled and computed. It is libOpenCL.so, which the Compute Library looks for before
// libOpenCL.so.1.
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <regex>
#include <string>
#include <vector>

namespace {

// The function of the same name in the real loader.
template <typename Function>
Function* Real(const char* name) {
  static void* const library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  void* const function = library == nullptr ? nullptr : dlsym(library, name);
  if (function == nullptr) {
    std::fprintf(stderr, "mali_on_cpu: there is no %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(function);
}

#define REAL(name) (Real<decltype(name)>(#name))

cl_int Answer(const void* value, size_t bytes, size_t room, void* to, size_t* size) {
  if (size != nullptr) *size = bytes;
  if (to == nullptr) return CL_SUCCESS;
  if (room < bytes) return CL_INVALID_VALUE;
  std::memcpy(to, value, bytes);
  return CL_SUCCESS;
}

// The Compute Library defines some names as themselves. PoCL has them as macros of its own, which
// that would take away.
std::string WithoutSelfDefinitions(const std::string& source) {
  static const std::regex definition("#define (\\w+) \\1(?=\\n)");
  return std::regex_replace(source, definition, "");
}

// An option of Mali's compiler. Here the sizes fit: see clEnqueueNDRangeKernel.
std::string WithoutArmOptions(std::string options) {
  const std::string ours = "-cl-arm-non-uniform-work-group-size";
  const size_t at = options.find(ours);
  if (at != options.npos) options.erase(at, ours.size());
  return options;
}

}  // namespace

extern "C" {

CL_API_ENTRY cl_int CL_API_CALL clGetDeviceIDs(cl_platform_id platform, cl_device_type type,
                                               cl_uint room, cl_device_id* devices,
                                               cl_uint* count) {
  if (type == CL_DEVICE_TYPE_GPU) type = CL_DEVICE_TYPE_CPU;
  return REAL(clGetDeviceIDs)(platform, type, room, devices, count);
}

CL_API_ENTRY cl_int CL_API_CALL clGetDeviceInfo(cl_device_id device, cl_device_info what,
                                                size_t room, void* to, size_t* size) {
  // What the Compute Library chooses kernels by.
  static const char name[] = "Mali-G610";
  const cl_device_type gpu = CL_DEVICE_TYPE_GPU;
  const cl_bool yes = CL_TRUE;
  switch (what) {
    case CL_DEVICE_NAME:
      return Answer(name, sizeof name, room, to, size);
    case CL_DEVICE_TYPE:
      return Answer(&gpu, sizeof gpu, room, to, size);
    case CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT:
      return Answer(&yes, sizeof yes, room, to, size);
    default:
      return REAL(clGetDeviceInfo)(device, what, room, to, size);
  }
}

CL_API_ENTRY cl_program CL_API_CALL clCreateProgramWithSource(cl_context context, cl_uint count,
                                                              const char** texts,
                                                              const size_t* lengths,
                                                              cl_int* status) {
  std::string source;
  for (cl_uint i = 0; i < count; ++i) {
    const bool terminated = lengths == nullptr || lengths[i] == 0;
    source += terminated ? std::string(texts[i]) : std::string(texts[i], lengths[i]);
  }
  source = WithoutSelfDefinitions(source);
  const char* text = source.c_str();
  return REAL(clCreateProgramWithSource)(context, 1, &text, nullptr, status);
}

CL_API_ENTRY cl_int CL_API_CALL clBuildProgram(cl_program program, cl_uint count,
                                               const cl_device_id* devices, const char* options,
                                               void(CL_CALLBACK* done)(cl_program, void*),
                                               void* data) {
  const std::string ours = WithoutArmOptions(options == nullptr ? "" : options);
  return REAL(clBuildProgram)(program, count, devices, ours.c_str(), done, data);
}

// Work groups of a size that does not divide the whole are what PoCL does not have.
CL_API_ENTRY cl_int CL_API_CALL clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel,
                                                       cl_uint dims, const size_t* offset,
                                                       const size_t* global, const size_t* local,
                                                       cl_uint waits, const cl_event* events,
                                                       cl_event* event) {
  std::vector<size_t> fitting;
  for (cl_uint i = 0; local != nullptr && i < dims; ++i) {
    fitting.push_back(std::gcd(global[i], local[i]));
  }
  return REAL(clEnqueueNDRangeKernel)(queue, kernel, dims, offset, global,
                                      local == nullptr ? nullptr : fitting.data(), waits, events,
                                      event);
}

// Arm's extension cl_arm_import_memory: on a CPU, memory of the host is the device's as it is.
CL_API_ENTRY cl_mem CL_API_CALL clImportMemoryARM(cl_context context, cl_mem_flags flags,
                                                  const cl_import_properties_arm*, void* memory,
                                                  size_t bytes, cl_int* status) {
  return REAL(clCreateBuffer)(context, flags | CL_MEM_USE_HOST_PTR, bytes, memory, status);
}

CL_API_ENTRY void* CL_API_CALL clGetExtensionFunctionAddressForPlatform(cl_platform_id platform,
                                                                        const char* name) {
  if (std::strcmp(name, "clImportMemoryARM") == 0) {
    return reinterpret_cast<void*>(clImportMemoryARM);
  }
  return REAL(clGetExtensionFunctionAddressForPlatform)(platform, name);
}

}  // extern "C"
