// What the control block of the doubles of CUDA and TensorRT holds after what every device has
// (../gpu/device_fields.h). control.mjs reads this file.
#pragma once

#define ACCELNODE_FAKE_CONTROL "ACCELNODE_FAKE_CUDA_CONTROL"  // names the block's file
#define API(name) "cuda" name                                 // a function of the runtime

// clang-format off
#define ACCELNODE_FAKE_FIELDS(X)                                                            \
  /* Of the test. 0 is what a machine with one good GPU has. */                             \
  X(hold_build)       /* a build goes on and on */                                          \
  X(hold_calls)       /* calls of the method in held_call go on and on */                   \
  X(tactics)          /* kernels that a build tries in vain, as they need too much memory */ \
  X(sm)               /* compute capability, as 90 */                                       \
  X(integrated)                                                                             \
  X(no_pools)         /* the device has none to allocate from in a stream's order */        \
  X(driver)           /* CUDA version of the driver, as 13000 */                            \
  X(version)          /* of TensorRT, as 101501; only of the library's own major */         \
  X(nvml_status)      /* of every call of NVML */                                           \
  X(nvml_answer)      /* of the function in nvml_call */                                    \
  X(nvml_idle)        /* before so many calls for its utilisation, the device is idle */    \
  X(mig)              /* each device is an instance of a card; 2: which NVML does not know */ \
  /* Of the double. */                                                                      \
  X(building)         /* builds that wait, because of hold_build */                         \
  X(held_calls)       /* calls that wait, because of hold_calls */                          \
  X(set_addresses)    /* calls of setTensorAddress and its kin */                           \
  X(set_shapes)       /* calls of setInputShape */                                          \
  X(enqueues)                                                                               \
  X(pool_allocations) /* calls of cudaMallocAsync */                                        \
  X(builds)                                                                                 \
  X(deserializations)                                                                       \
  X(calibration_batches)                                                                    \
  X(timing_cache_entries)  /* that the last build could begin with */                       \
  X(builder_flags)    /* of the last build */                                               \
  X(nvml_inits)       /* that no shutdown has followed */                                   \
  X(nvml_readings)    /* calls for the device's utilisation */

// Texts, with their sizes.
#define ACCELNODE_FAKE_TEXTS(X)                                                             \
  X(text, 256)         /* of the test: what TensorRT logs when a call is made to fail */    \
  X(held_call, 64)     /* of the test: the method that hold_calls is about */               \
  X(nvml_call, 64)     /* of the test: a function of NVML that fails, see nvml_answer */    \
  X(config, 1024)      /* of the double: what the last build was configured with */

// What is counted while it is alive, and what it is called.
#define ACCELNODE_FAKE_KINDS(X)                                                             \
  X(kRuntime, "runtime")                                                                    \
  X(kEngine, "engine")                                                                      \
  X(kContext, "context")                                                                    \
  X(kHostMemory, "host memory")                                                             \
  X(kBuilder, "builder")                                                                    \
  X(kNetwork, "network")                                                                    \
  X(kTensor, "tensor")                                                                      \
  X(kLayer, "layer")                                                                        \
  X(kBuilderConfig, "builder config")                                                       \
  X(kProfile, "profile")                                                                    \
  X(kTimingCache, "timing cache")                                                           \
  X(kInspector, "inspector")                                                                \
  X(kRuntimeConfig, "runtime config")                                                       \
  X(kParser, "parser")
// clang-format on
