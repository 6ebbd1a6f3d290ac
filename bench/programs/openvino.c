/*
 * What OpenVINO's C API itself takes: the floor that accelnode is compared with. Plain C against
 * the vendor's own headers, no JavaScript. Reads commands from stdin, one a line, and answers each
 * with one line of JSON, so that a driver can take turns between this and other programs:
 *
 *   infer MS       a loop of synchronous inferences for MS milliseconds
 *   async N MS     N infer requests kept busy by start_async and wait
 *   cycles N       load the model, run it once and free it, N times
 *
 * usage: openvino-floor MODEL [DIM...]   the model's open dimensions become these
 */
#define _GNU_SOURCE
#include <openvino/c/openvino.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(call)                                                          \
  do {                                                                       \
    ov_status_e status_ = (call);                                            \
    if (status_ != OK) {                                                     \
      fprintf(stderr, "%s: %d %s\n", #call, status_, ov_get_last_err_msg()); \
      exit(1);                                                               \
    }                                                                        \
  } while (0)

#define MAX_PORTS 16
#define MAX_REQUESTS 64

/* The fewest runs that a turn consists of, as in serve.mjs. */
#define FEWEST_LATENCY 3
#define FEWEST_THROUGHPUT 16

static char** open_dims;
static int open_dim_count;

typedef struct {
  ov_infer_request_t* request;
  ov_tensor_t* tensors[2 * MAX_PORTS];
  void* memory[2 * MAX_PORTS];
  size_t tensor_count;
} slot_t;

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static long rss_kb(void) {
  long pages = 0, resident = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  if (file != NULL) fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int by_value(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* The settings that accelnode makes: f32, and the hint LATENCY or THROUGHPUT. */
static ov_compiled_model_t* load(ov_core_t* core, const char* path, const char* hint) {
  ov_model_t* model = NULL;
  ov_compiled_model_t* compiled = NULL;
  CHECK(ov_core_read_model(core, path, NULL, &model));
  CHECK(ov_core_compile_model(core, model, "CPU", 4, &compiled, "INFERENCE_PRECISION_HINT", "f32",
                              "PERFORMANCE_HINT", hint));
  ov_model_free(model);
  return compiled;
}

/* The same input as in serve.mjs: ones for integers, a ramp for the rest. */
static void fill(void* memory, ov_element_type_e type, size_t bytes) {
  if (type == I64) {
    for (size_t i = 0; i < bytes / sizeof(int64_t); i++) ((int64_t*)memory)[i] = 1;
  } else if (type == F32) {
    for (size_t i = 0; i < bytes / sizeof(float); i++) ((float*)memory)[i] = (float)(i % 256) / 256;
  }
}

/* Memory of our own for a port, bound once. */
static void bind(slot_t* slot, const ov_output_const_port_t* port, size_t index, int input) {
  ov_element_type_e type;
  ov_partial_shape_t partial;
  int64_t dims[16];
  size_t bytes = 0;
  CHECK(ov_port_get_element_type(port, &type));
  CHECK(ov_port_get_partial_shape(port, &partial));
  for (int64_t i = 0, open = 0; i < partial.rank.max; i++) {
    dims[i] = partial.dims[i].max;
    if (dims[i] < 0) dims[i] = open < open_dim_count ? atoi(open_dims[open]) : 1, open++;
  }
  ov_shape_t shape = {partial.rank.max, dims};
  ov_tensor_t* sizing = NULL;
  CHECK(ov_tensor_create(type, shape, &sizing));
  CHECK(ov_tensor_get_byte_size(sizing, &bytes));
  ov_tensor_free(sizing);
  void* memory = calloc(1, bytes + 64);
  if (input) fill(memory, type, bytes);
  ov_tensor_t* tensor = NULL;
  CHECK(ov_tensor_create_from_host_ptr(type, shape, memory, &tensor));
  if (input) {
    CHECK(ov_infer_request_set_input_tensor_by_index(slot->request, index, tensor));
  } else {
    CHECK(ov_infer_request_set_output_tensor_by_index(slot->request, index, tensor));
  }
  slot->tensors[slot->tensor_count] = tensor;
  slot->memory[slot->tensor_count++] = memory;
  ov_partial_shape_free(&partial);
}

static void open_slot(slot_t* slot, const ov_compiled_model_t* compiled) {
  size_t inputs = 0, outputs = 0;
  memset(slot, 0, sizeof *slot);
  CHECK(ov_compiled_model_create_infer_request(compiled, &slot->request));
  CHECK(ov_compiled_model_inputs_size(compiled, &inputs));
  CHECK(ov_compiled_model_outputs_size(compiled, &outputs));
  for (size_t i = 0; i < inputs + outputs; i++) {
    ov_output_const_port_t* port = NULL;
    if (i < inputs) {
      CHECK(ov_compiled_model_input_by_index(compiled, i, &port));
    } else {
      CHECK(ov_compiled_model_output_by_index(compiled, i - inputs, &port));
    }
    bind(slot, port, i < inputs ? i : i - inputs, i < inputs);
    ov_output_const_port_free(port);
  }
}

static void close_slot(slot_t* slot) {
  ov_infer_request_free(slot->request);
  for (size_t i = 0; i < slot->tensor_count; i++) {
    ov_tensor_free(slot->tensors[i]);
    free(slot->memory[i]);
  }
}

static void infer(slot_t* slot, double milliseconds) {
  static double* times = NULL;
  static size_t room = 0;
  size_t runs = 0;
  const double begin = now_us(), end = begin + milliseconds * 1e3;
  double before = begin;
  while (before < end || runs < FEWEST_LATENCY) {
    CHECK(ov_infer_request_infer(slot->request));
    const double after = now_us();
    if (runs == room) times = realloc(times, (room = room ? room * 2 : 4096) * sizeof *times);
    times[runs++] = after - before;
    before = after;
  }
  qsort(times, runs, sizeof *times, by_value);
  printf("{\"runs\":%zu,\"medianUs\":%.3f}\n", runs, times[runs / 2]);
}

/* The time until the last of them has ended counts, as in serve.mjs. */
static void infer_async(slot_t* slots, int count, double milliseconds) {
  size_t started = 0;
  const double begin = now_us(), end = begin + milliseconds * 1e3;
  for (int i = 0; i < count; i++, started++) CHECK(ov_infer_request_start_async(slots[i].request));
  int next = 0;
  for (; now_us() < end || started < FEWEST_THROUGHPUT; next = (next + 1) % count, started++) {
    CHECK(ov_infer_request_wait(slots[next].request));
    CHECK(ov_infer_request_start_async(slots[next].request));
  }
  for (int i = 0; i < count; i++) CHECK(ov_infer_request_wait(slots[(next + i) % count].request));
  printf("{\"runs\":%zu,\"perSecond\":%.2f}\n", started,
         (double)started * 1e6 / (now_us() - begin));
}

static void cycles(ov_core_t* core, const char* path, int count) {
  for (int i = 0; i < count; i++) {
    slot_t slot;
    ov_compiled_model_t* compiled = load(core, path, "LATENCY");
    open_slot(&slot, compiled);
    CHECK(ov_infer_request_infer(slot.request));
    close_slot(&slot);
    ov_compiled_model_free(compiled);
  }
  printf("{\"rssKB\":%ld}\n", rss_kb());
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s MODEL [DIM...]\n", argv[0]);
    return 2;
  }
  open_dims = argv + 2;
  open_dim_count = argc - 2;
  ov_core_t* core = NULL;
  ov_version_t version;
  CHECK(ov_core_create(&core));
  ov_compiled_model_t *latency = NULL, *throughput = NULL;
  slot_t one, many[MAX_REQUESTS];
  int requests = 0;
  char line[256];
  CHECK(ov_get_openvino_version(&version));
  printf("{\"openvino\":\"%s\"}\n", version.buildNumber);
  ov_version_free(&version);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    double milliseconds = 0;
    int count = 0;
    if (sscanf(line, "infer %lf", &milliseconds) == 1) {
      if (latency == NULL) {
        latency = load(core, argv[1], "LATENCY");
        open_slot(&one, latency);
      }
      infer(&one, milliseconds);
    } else if (sscanf(line, "async %d %lf", &count, &milliseconds) == 2 && count > 0 &&
               count <= MAX_REQUESTS) {
      if (throughput == NULL) {
        throughput = load(core, argv[1], "THROUGHPUT");
        for (requests = 0; requests < count; requests++) open_slot(&many[requests], throughput);
      }
      infer_async(many, requests, milliseconds);
    } else if (sscanf(line, "cycles %d", &count) == 1) {
      cycles(core, argv[1], count);
    } else {
      fprintf(stderr, "unknown command: %s", line);
      return 2;
    }
    fflush(stdout);
  }
  if (latency != NULL) close_slot(&one), ov_compiled_model_free(latency);
  for (int i = 0; i < requests; i++) close_slot(&many[i]);
  if (throughput != NULL) ov_compiled_model_free(throughput);
  ov_core_free(core);
  return 0;
}
