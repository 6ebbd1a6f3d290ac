// The library of target gpu: it is there, and needs HIP.
extern "C" int hipRuntimeGetVersion(int* version);

extern "C" __attribute__((visibility("default"))) int migraphx_gpu_needs_hip() {
  int version = 0;
  return hipRuntimeGetVersion(&version);
}
