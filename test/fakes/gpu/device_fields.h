// The numbers with which every control block begins, in their order. The tests' side reads this
// file.
#pragma once

// clang-format off
#define ACCELNODE_FAKE_DEVICE_FIELDS(X)                                                     \
  /* Of the double: lets the other side find out that it has another layout in mind. */     \
  X(bytes)                                                                                  \
  X(kinds)                                                                                  \
  /* Of the test. 0 is what a machine with one good GPU has. */                             \
  X(fail_at)          /* the call that fails, counted in calls */                           \
  X(status)           /* what it returns, or makes the layer above fail with */             \
  X(hold)             /* what was enqueued waits, while a stream is synchronised */         \
  X(devices)          /* how many there are */                                              \
  X(hidden)           /* that many more come first, which the runtime does not show */      \
  X(count_status)     /* of every call of the runtime: 35, 100 */                           \
  X(memory_limit)     /* of each device, in bytes */                                        \
  /* Of the double. */                                                                      \
  X(calls)            /* that can fail, so far */                                           \
  X(lost)             /* the status of everything, once a device is lost; 0 heals it */     \
  X(held)             /* synchronisations that wait, because of hold */                     \
  X(violations)                                                                             \
  X(h2d_bytes)                                                                              \
  X(d2h_bytes)                                                                              \
  X(d2d_bytes)                                                                              \
  X(copies)                                                                                 \
  X(pageable_copies)  /* those among them with host memory that is not pinned */            \
  X(captures)                                                                               \
  X(graph_launches)                                                                         \
  X(device_bytes)     /* allocated at the moment, on all devices */

// Texts, with their sizes.
#define ACCELNODE_FAKE_DEVICE_TEXTS(X)                                                      \
  X(failed_call, 128)  /* of the double: the function that was made to fail */              \
  X(violation, 512)    /* of the double: the first of them */

// What is counted while it is alive, and what it is called.
#define ACCELNODE_FAKE_DEVICE_KINDS(X)                                                      \
  X(kDeviceMemory, "device memory")                                                         \
  X(kPinnedMemory, "pinned memory")                                                         \
  X(kRegistration, "registration")                                                          \
  X(kStream, "stream")                                                                      \
  X(kEvent, "event")                                                                        \
  X(kGraph, "graph")                                                                        \
  X(kGraphExec, "graph exec")
// clang-format on
