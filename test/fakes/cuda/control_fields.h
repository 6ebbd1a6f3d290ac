// The numbers of the control block, in their order. control.mjs reads this file.
#pragma once

// clang-format off
#define ACCELNODE_FAKE_CUDA_FIELDS(X)                                                       \
  /* Of the double: lets the other side find out that it has another layout in mind. */     \
  X(bytes)                                                                                  \
  X(kinds)                                                                                  \
  /* Of the test. 0 is what a machine with one good GPU has. */                             \
  X(fail_at)          /* the call that fails, counted in calls */                           \
  X(status)           /* what it returns; TensorRT's methods return null or false */        \
  X(hold)             /* what was enqueued waits, while a stream is synchronised */         \
  X(hold_build)       /* a build goes on and on */                                          \
  X(devices)          /* how many there are */                                              \
  X(hidden)           /* that many more come first, which CUDA does not show */             \
  X(count_status)     /* of every call of CUDA: 35, 100 */                                  \
  X(sm)               /* compute capability, as 90 */                                       \
  X(integrated)                                                                             \
  X(driver)           /* CUDA version of the driver, as 13000 */                            \
  X(version)          /* of TensorRT, as 101501; only of the library's own major */         \
  X(memory_limit)     /* of each device, in bytes */                                        \
  X(nvml_status)      /* of every call of NVML */                                           \
  /* Of the double. */                                                                      \
  X(calls)            /* that can fail, so far */                                           \
  X(lost)             /* the status of everything, once a device is lost; 0 heals it */     \
  X(held)             /* synchronisations that wait, because of hold */                     \
  X(building)         /* builds that wait, because of hold_build */                         \
  X(violations)                                                                             \
  X(h2d_bytes)                                                                              \
  X(d2h_bytes)                                                                              \
  X(d2d_bytes)                                                                              \
  X(copies)                                                                                 \
  X(pageable_copies)  /* those among them with host memory that is not pinned */            \
  X(set_addresses)    /* calls of setTensorAddress and its kin */                           \
  X(set_shapes)       /* calls of setInputShape */                                          \
  X(enqueues)                                                                               \
  X(captures)                                                                               \
  X(graph_launches)                                                                         \
  X(builds)                                                                                 \
  X(deserializations)                                                                       \
  X(calibration_batches)                                                                    \
  X(timing_cache_entries)  /* that the last build could begin with */                       \
  X(builder_flags)    /* of the last build */                                               \
  X(device_bytes)     /* allocated at the moment, on all devices */

// Texts, with their sizes.
#define ACCELNODE_FAKE_CUDA_TEXTS(X)                                                        \
  X(text, 256)         /* of the test: what TensorRT logs when a call is made to fail */    \
  X(failed_call, 128)  /* of the double: the function that was made to fail */              \
  X(violation, 512)    /* of the double: the first of them */                               \
  X(config, 1024)      /* of the double: what the last build was configured with */

// What is counted while it is alive, and what it is called.
#define ACCELNODE_FAKE_CUDA_KINDS(X)                                                        \
  X(kDeviceMemory, "device memory")                                                         \
  X(kPinnedMemory, "pinned memory")                                                         \
  X(kRegistration, "registration")                                                          \
  X(kStream, "stream")                                                                      \
  X(kEvent, "event")                                                                        \
  X(kGraph, "graph")                                                                        \
  X(kGraphExec, "graph exec")                                                               \
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
