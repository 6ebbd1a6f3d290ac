// Uses the doubles as they are meant to be used, but for one mistake: what cuda-double.test.ts asks
// for. The methods are found in the slot table, as the doubles find them.
//
//     cuda_driver FOLDER MAJOR MODEL MISTAKE
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "slots.h"

namespace {

struct Dims {
  int32_t rank;
  int64_t d[8];
};

std::string g_folder, g_mistake;
int g_major, g_release;

bool Makes(const char* mistake) { return g_mistake == mistake; }

template <typename Result, typename... Arguments>
Result C(const std::string& library, const char* name, Arguments... arguments) {
  static const std::string cudart = g_major == 10 ? ".so.12" : ".so.13";
  const std::string suffix = library == "cudart" ? cudart : ".so." + std::to_string(g_major);
  void* const handle = dlopen((g_folder + "/lib" + library + suffix).c_str(), RTLD_NOW);
  void* const function = handle == nullptr ? nullptr : dlsym(handle, name);
  if (function == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::exit(1);
  }
  return reinterpret_cast<Result (*)(Arguments...)>(function)(arguments...);
}

template <typename... Arguments>
void Cuda(const char* name, Arguments... arguments) {
  const int status = C<int>("cudart", name, arguments...);
  if (status != 0) std::printf("%s: %d\n", name, status);
}

// The table of an implementation's methods, by the slot that the table gives for `method`.
template <typename Result, typename... Arguments>
Result Method(void* object, const char* owner, const char* method, Arguments... arguments) {
  void* const implementation = static_cast<void**>(object)[1];
  const auto* const vtable = *static_cast<void* const* const*>(implementation);
  const int slot = fake::SlotOf(owner, g_release, method);
  return reinterpret_cast<Result (*)(void*, Arguments...)>(vtable[slot])(implementation,
                                                                         arguments...);
}

void Destroy(void* object, int slot = 1) {
  const auto* const vtable = *static_cast<void* const* const*>(object);
  reinterpret_cast<void (*)(void*)>(vtable[slot])(object);
}

// ---- The caller's logger

struct InterfaceInfo {
  const char* kind;
  int32_t major, minor;
};

struct Logger10 {
  virtual void Log(int32_t, const char* text) { std::printf("%s\n", text); }
  virtual ~Logger10() = default;
};

struct Logger11 {
  virtual int32_t Language() const { return 0; }
  virtual InterfaceInfo Info() const { return {"ILogger", 1, 0}; }
  virtual ~Logger11() = default;
  virtual void Log(int32_t, const char* text) { std::printf("%s\n", text); }
};

void* TheLogger() {
  static auto* const of10 = new Logger10;
  static auto* const of11 = new Logger11;
  return (g_major == 10) != Makes("logger of the other major") ? static_cast<void*>(of10) : of11;
}

void* Build(const char* model) {
  void* const builder = C<void*>("nvinfer", "createInferBuilder_INTERNAL", TheLogger(), g_release);
  if (builder == nullptr) return nullptr;
  const uint32_t flags = g_major == 10 ? 0 : 1;
  void* const network = Method<void*>(builder, "VBuilder", "createNetworkV2", flags);
  // 10.8.0 alone has it one slot further.
  const int release = g_release;
  if (Makes("the network of 10.7")) g_release = 100700;
  if (Method<uint32_t>(network, "VNetworkDefinition", "getFlags") != flags)
    std::printf("other flags\n");
  g_release = release;
  void* const config = Method<void*>(builder, "VBuilder", "createBuilderConfig");
  const int version = C<int>("nvonnxparser", "getNvOnnxParserVersion");
  void* const parser =
      C<void*>("nvonnxparser", "createNvOnnxParser_INTERNAL", network, TheLogger(), version);
  const auto parse = [&] {
    const auto* const vtable = *static_cast<void* const* const*>(parser);
    return reinterpret_cast<bool (*)(void*, const char*, int)>(vtable[1])(parser, model, 2);
  };
  if (!parse()) std::printf("not parsed\n");
  if (Makes("parse twice") && !parse()) std::printf("not parsed twice\n");
  if (Makes("flag of the other major"))
    Method<void>(config, "VBuilderConfig", "setFlag", g_major == 10 ? 29 : 0);
  void* const profile = Method<void*>(builder, "VBuilder", "createOptimizationProfile");
  for (int i = 0; i < 3 && !Makes("no profile"); ++i) {
    const Dims dims = {2, {i == 0 ? 1 : i == 1 ? 2 : 4, 3}};
    Method<bool>(profile, "VOptimizationProfile", "setDimensions", "x", i, &dims);
  }
  if (!Makes("no profile"))
    Method<int>(config, "VBuilderConfig", "addOptimizationProfile", profile);
  void* const plan = Method<void*>(builder, "VBuilder", "buildSerializedNetwork", network, config);
  const int destroy = g_major == 10 ? 9 : 7;  // of the parser, the gap in the table
  const auto* const vtable = *static_cast<void* const* const*>(parser);
  reinterpret_cast<void (*)(void*)>(vtable[destroy])(parser);
  Destroy(config);
  Destroy(network);
  if (!Makes("keep the builder")) Destroy(builder);
  return plan;
}

void Run(void* engine) {
  constexpr size_t kBytes = 24;
  void *stream = nullptr, *x = nullptr, *y = nullptr;
  Cuda("cudaStreamCreateWithFlags", &stream, 1U);
  Cuda("cudaMalloc", &x, kBytes);
  Cuda("cudaMalloc", &y, Makes("too little memory") ? kBytes / 2 : kBytes);
  void* const context = Method<void*>(engine, "VCudaEngine", "createExecutionContext", 0);
  const Dims dims = {2, {2, 3}}, too_large = {2, {5, 3}};
  const char* const call = "VExecutionContext";
  if (Makes("a shape beyond the profile") &&
      !Method<bool>(context, call, "setInputShape", "x", &too_large))
    std::printf("refused\n");
  Method<bool>(context, call, "setInputShape", "x", &dims);
  float numbers[6] = {1, 2, 3, 4, 5, 6}, results[6] = {};
  Method<bool>(context, call, "setTensorAddress", "x",
               Makes("an address of the host") ? static_cast<void*>(numbers) : x);
  if (!Makes("no address")) Method<bool>(context, call, "setTensorAddress", "y", y);
  if (Makes("touch device memory")) static_cast<volatile float*>(x)[0] = 1;
  if (Makes("a slot further")) Method<bool>(context, call, "getPersistentCacheLimit", stream);
  if (Makes("a slot without a method")) Method<bool>(context, call, "setDebugListener", stream);
  Cuda("cudaMemcpyAsync", x, static_cast<const void*>(numbers), kBytes, 1, stream);
  const auto enqueue = [&] { Method<bool>(context, call, "enqueueV3", stream); };
  if (Makes("a thread without a device")) {
    std::thread(enqueue).join();
  } else {
    enqueue();
  }
  Cuda("cudaMemcpyAsync", static_cast<void*>(results), static_cast<const void*>(y), kBytes, 2,
       stream);
  if (!Makes("no synchronise")) Cuda("cudaStreamSynchronize", stream);
  for (const float result : results) std::printf("%g ", result);
  std::printf("\n");
  if (Makes("destroy by slot 0")) Destroy(context, 0);
  if (Makes("destroy the engine first")) Destroy(engine);
  if (!Makes("keep a context")) Destroy(context);
  if (Makes("destroy twice")) Destroy(context);
  if (!Makes("keep device memory")) Cuda("cudaFree", x);
  if (Makes("free twice")) Cuda("cudaFree", x);
  Cuda(Makes("free by the wrong call") ? "cudaFreeHost" : "cudaFree", y);
  Cuda("cudaStreamDestroy", stream);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) return 1;
  g_folder = arguments[1];
  g_major = std::atoi(arguments[2]);
  g_mistake = arguments[4];
  g_release = C<int>("nvinfer", "getInferLibVersion");
  Cuda("cudaSetDevice", 0);
  void* const plan = Build(arguments[3]);
  if (plan == nullptr) {
    std::printf("no plan\n");
    return 0;
  }
  auto* const data = Method<uint8_t*>(plan, "VHostMemory", "data");
  size_t size = Method<size_t>(plan, "VHostMemory", "size");
  if (Makes("a corrupt plan")) data[size - 1] ^= 1;
  if (Makes("a truncated plan")) size -= 5;
  if (Makes("a plan of another version")) data[8] ^= 1;
  if (Makes("a plan of another device")) data[12] ^= 1;
  void* const runtime = C<void*>("nvinfer", "createInferRuntime_INTERNAL", TheLogger(), g_release);
  void* const engine = Method<void*>(runtime, "VRuntime", "deserializeCudaEngine",
                                     static_cast<const void*>(data), size);
  Destroy(plan);
  if (engine != nullptr) {
    Run(engine);
    if (!Makes("destroy the engine first")) Destroy(engine);
  }
  Destroy(runtime);
  return 0;
}
