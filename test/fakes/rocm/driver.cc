// Uses the doubles as they are meant to be used, but for one mistake: what rocm-double.test.ts asks
// for.
//
//     rocm_driver FOLDER MODEL MISTAKE
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>

namespace {

std::string g_folder, g_mistake;
void* g_migraphx;

bool Makes(const char* mistake) { return g_mistake == mistake; }

void* Open(const std::string& name, int flags) {
  void* const handle = dlopen(name.c_str(), flags);
  if (handle == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::exit(1);
  }
  return handle;
}

template <typename... Arguments>
int C(void* library, const std::string& name, Arguments... arguments) {
  void* const function = dlsym(library, name.c_str());
  if (function == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::exit(1);
  }
  const int status = reinterpret_cast<int (*)(Arguments...)>(function)(arguments...);
  if (status != 0) std::printf("%s: %d\n", name.c_str(), status);
  return status;
}

template <typename... Arguments>
int Migraphx(const std::string& name, Arguments... arguments) {
  return C(g_migraphx, "migraphx_" + name, arguments...);
}

// The HIP that target gpu brought along.
template <typename... Arguments>
int Hip(const std::string& name, Arguments... arguments) {
  static void* const hip = Open("libamdhip64.so.7", RTLD_NOW | RTLD_NOLOAD);
  return C(hip, "hip" + name, arguments...);
}

// What a function makes.
template <typename... Arguments>
void* New(const std::string& name, Arguments... arguments) {
  void* made = nullptr;
  Migraphx(name, &made, arguments...);
  return made;
}

// The number of the type whose elements are four bytes wide and come after half: float.
int FloatNumber() {
  size_t one = 1, bytes = 0;
  void* const shape = New("shape_create", 3, &one, size_t{1});
  Migraphx("shape_bytes", &bytes, static_cast<const void*>(shape));
  Migraphx("shape_destroy", shape);
  return (bytes == 4) != Makes("the numbers of the other era") ? 3 : 4;
}

void* Shape(size_t rows) {
  size_t lengths[] = {rows, 3};
  return New("shape_create", FloatNumber(), lengths, size_t{2});
}

void* Argument(void* data, size_t rows = 2) {
  void* const shape = Shape(rows);
  void* const argument = New("argument_create", static_cast<const void*>(shape), data);
  Migraphx("shape_destroy", shape);
  return argument;
}

void AddParameter(void* parameters, const char* name, void* data, size_t rows = 2) {
  void* const argument = Argument(data, rows);
  Migraphx("program_parameters_add", parameters, name, static_cast<const void*>(argument));
  Migraphx("argument_destroy", argument);
}

void* Parse(const char* model) {
  void* const options = New("onnx_options_create");
  size_t lengths[] = {2, 3};
  if (!Makes("no shape"))
    Migraphx("onnx_options_set_input_parameter_shape", options,
             Makes("a shape for no input") ? "z" : "x", lengths, size_t{2});
  if (Makes("two dynamic dimensions")) {
    void* const from1to4 = New("dynamic_dimension_create_min_max", size_t{1}, size_t{4});
    void* const from1to5 = New("dynamic_dimension_create_min_max", size_t{1}, size_t{5});
    const void* both[] = {from1to4, from1to5};
    void* const list =
        New("dynamic_dimensions_create", static_cast<const void* const*>(both), size_t{2});
    void* const other = New("onnx_options_create");
    Migraphx("onnx_options_set_dyn_input_parameter_shape", other, "x", list);
    Migraphx("onnx_options_assign_to", options, static_cast<const void*>(other));
    Migraphx("onnx_options_destroy", other);
    Migraphx("dynamic_dimensions_destroy", list);
    Migraphx("dynamic_dimension_destroy", from1to4);
    Migraphx("dynamic_dimension_destroy", from1to5);
  }
  void* const program = New("parse_onnx", model, options);
  Migraphx("onnx_options_destroy", options);
  return program;
}

void Calibrate(void* program, void* target) {
  float numbers[9] = {1, 2, 3, 4, 5, 6};
  void* const options = New("quantize_int8_options_create");
  void* const batch = New("program_parameters_create");
  AddParameter(batch, "x", numbers, Makes("calibration data of another shape") ? 3 : 2);
  if (!Makes("no calibration data"))
    Migraphx("quantize_int8_options_add_calibration_data", options, batch);
  Migraphx("quantize_int8", program, target, options);
  Migraphx("program_parameters_destroy", batch);
  Migraphx("quantize_int8_options_destroy", options);
}

void Compile(void* program, void* target) {
  void* const options = New("compile_options_create");
  Migraphx("compile_options_set_offload_copy", options, Makes("offload copy"));
  Migraphx("program_compile", program, target, options);
  if (Makes("compile twice")) Migraphx("program_compile", program, target, options);
  Migraphx("compile_options_destroy", options);
  if (Makes("quantize late")) Migraphx("quantize_fp16", program);
}

// Writes the program to a file and reads it back.
void* Reload(void* program, const std::string& path) {
  void* const options = New("file_options_create");
  Migraphx("save", program, path.c_str(), options);
  if (Makes("a corrupt file") || Makes("a file of another version")) {
    std::FILE* const file = std::fopen(path.c_str(), "r+");
    std::fseek(file, Makes("a corrupt file") ? -3 : 9,
               Makes("a corrupt file") ? SEEK_END : SEEK_SET);
    std::fputc(8, file);
    std::fclose(file);
  }
  void* loaded = nullptr;
  const int status = Migraphx("load", &loaded, path.c_str(), options);
  Migraphx("file_options_destroy", options);
  if (status != 0) return program;
  Migraphx("program_destroy", program);
  return loaded;
}

void Print(const float* results) {
  for (int i = 0; i < 6; ++i) std::printf("%g ", results[i]);
  std::printf("\n");
}

void RunOnHost(void* program) {
  float numbers[6] = {1, 2, 3, 4, 5, 6};
  void* const parameters = New("program_parameters_create");
  AddParameter(parameters, "x", numbers);
  void* results = nullptr;
  if (Migraphx("program_run", &results, program, parameters) == 0) {
    const void* result = nullptr;
    char* data = nullptr;
    Migraphx("arguments_get", &result, results, size_t{0});
    Migraphx("argument_buffer", &data, result);
    if (Makes("free results early")) Migraphx("arguments_destroy", results);
    Print(reinterpret_cast<const float*>(data));
    if (!Makes("free results early")) Migraphx("arguments_destroy", results);
  }
  Migraphx("program_parameters_destroy", parameters);
}

// Not asynchronous by its name, and yet somebody has to wait, before it and after.
int RunOnOwnStream(void* program, void* parameters, void** outputs, void* stream) {
  if (Makes("the program's own stream"))
    return Migraphx("program_run", outputs, program, parameters);
  Hip("StreamSynchronize", stream);
  const int status = Migraphx("program_run", outputs, program, parameters);
  void* const context = New("program_experimental_get_context", static_cast<const void*>(program));
  Migraphx("context_finish", static_cast<const void*>(context));
  return status;
}

void RunOnDevice(void* program) {
  constexpr size_t kBytes = 24;
  void *stream = nullptr, *other = nullptr, *x = nullptr, *y = nullptr;
  Hip("StreamCreateWithFlags", &stream, 1U);
  Hip("StreamCreateWithFlags", &other, 1U);
  Hip("Malloc", &x, kBytes);
  Hip("Malloc", &y, Makes("too little memory") ? kBytes / 2 : kBytes);
  float numbers[6] = {1, 2, 3, 4, 5, 6}, results[6] = {};
  void* const parameters = New("program_parameters_create");
  AddParameter(parameters, "x", Makes("an address of the host") ? static_cast<void*>(numbers) : x,
               Makes("another shape") ? 1 : 2);
  if (!Makes("no output parameter")) AddParameter(parameters, "main:#output_0", y);
  Hip("MemcpyAsync", x, static_cast<const void*>(numbers), kBytes, 1, stream);
  void* outputs = nullptr;
  const auto run = [&] {
    const char* const type = Makes("another type of stream") ? "hipStream_t" : "ihipStream_t";
    return Migraphx("program_run_async", &outputs, program, parameters, stream, type);
  };
  int status = 0;
  if (Makes("a thread without a device"))
    std::thread([&] { status = run(); }).join();
  else if (g_mistake.find("the program's own stream") == 0)
    status = RunOnOwnStream(program, parameters, &outputs, stream);
  else
    status = run();
  if (Makes("a second stream")) {
    void* more = nullptr;
    Migraphx("program_run_async", &more, program, parameters, other, "ihipStream_t");
    Migraphx("arguments_destroy", more);
    Hip("StreamSynchronize", other);
  }
  if (Makes("free memory early")) Hip("Free", y);
  if (status == 0)
    Hip("MemcpyAsync", static_cast<void*>(results), static_cast<const void*>(y), kBytes, 2, stream);
  if (Makes("destroy the program early")) Migraphx("program_destroy", program);
  if (!Makes("no synchronise")) Hip("StreamSynchronize", stream);
  Print(results);
  if (status == 0) Migraphx("arguments_destroy", outputs);
  Migraphx("program_parameters_destroy", parameters);
  if (!Makes("keep device memory")) Hip("Free", x);
  if (!Makes("free memory early")) Hip(Makes("free by the wrong call") ? "HostFree" : "Free", y);
  Hip("StreamDestroy", other);
  Hip("StreamDestroy", stream);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 1;
  g_folder = arguments[1];
  g_mistake = arguments[3];
  g_migraphx = Open(g_folder + "/libmigraphx_c.so.3", RTLD_NOW);
  const bool on_host =
      Makes("offload copy") || Makes("free results early") || Makes("never compiled");
  void* const target = New("target_create", Makes("free results early") ? "ref" : "gpu");
  Hip("SetDevice", 0);
  void* program = Parse(arguments[2]);
  if (program == nullptr) return 0;
  if (g_mistake.find("calibration data") != std::string::npos) Calibrate(program, target);
  if (!Makes("never compiled")) Compile(program, target);
  if (g_mistake.find("file") != std::string::npos)
    program = Reload(program, std::string(arguments[2]) + ".mxr");
  if (Makes("a tuple")) {
    size_t one = 1;
    New("shape_create", 0, &one, size_t{1});
  }
  if (Makes("a handle of another kind")) Migraphx("program_destroy", target);
  if (Makes("two dynamic dimensions")) {
    // Refused: there is nothing to run.
  } else if (on_host) {
    RunOnHost(program);
  } else {
    RunOnDevice(program);
  }
  if (!Makes("keep the program") && !Makes("destroy the program early"))
    Migraphx("program_destroy", program);
  if (Makes("destroy twice")) Migraphx("program_destroy", program);
  if (Makes("use after destroy")) New("program_get_output_shapes", program);
  Migraphx("target_destroy", target);
  return 0;
}
