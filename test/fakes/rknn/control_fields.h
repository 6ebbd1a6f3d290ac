// What the control block of the double of librknnrt holds after what every device has
// (../gpu/device_fields.h). control.mjs reads this file.
#pragma once

#define ACCELNODE_FAKE_CONTROL "ACCELNODE_FAKE_RKNN_CONTROL"  // names the block's file
#define API(name) "rknn_" name

// clang-format off
#define ACCELNODE_FAKE_FIELDS(X)                                                            \
  /* Of the test. 0 is what a good RK3588 has. */                                           \
  X(soc)              /* 3576 and the like */                                               \
  X(init_status)      /* of every rknn_init: -1, -3 */                                      \
  X(driver)           /* 802 is 0.8.2 */                                                    \
  X(driver_letter)    /* its version begins with a v */                                     \
  X(bound_memory)     /* there is no memory without a context */                            \
  X(no_import)        /* no context takes memory from elsewhere */                          \
  X(no_free)          /* memory without a context can't be freed */                         \
  X(range_status)     /* of asking a model of one shape for several; 1: good, with none */  \
  X(more_shapes)      /* that the second input has, and the first has not */                \
  /* Of the double. */                                                                      \
  X(inits)                                                                                  \
  X(dups)                                                                                   \
  X(pins)             /* rknn_set_core_mask */                                              \
  X(reniced)          /* inits that gave the process the highest priority */                \
  X(batch_cores)      /* of the last rknn_set_batch_core_num */                             \
  X(last_flags)       /* of the last rknn_init */                                           \
  X(runs)                                                                                   \
  X(running)          /* on all cores, at the moment */                                     \
  X(most_running)                                                                           \
  X(core0_runs)                                                                             \
  X(core1_runs)                                                                             \
  X(core2_runs)                                                                             \
  X(input_sets)       /* rknn_inputs_set */                                                 \
  X(bindings)         /* rknn_set_io_mem */                                                 \
  X(syncs)                                                                                  \
  X(shape_sets)       /* rknn_set_input_shapes */                                           \
  X(memory)           /* bytes that contexts have, at the moment; weights count once */     \
  X(shared_memory)    /* bytes of inputs and outputs in memory of the NPU's */

// Texts, with their sizes.
#define ACCELNODE_FAKE_TEXTS(X)                                                             \
  X(text, 256)         /* of the test; librknnrt says nothing in words */

// What is counted while it is alive, and what it is called.
#define ACCELNODE_FAKE_KINDS(X)                                                             \
  X(kContext, "context")                                                                    \
  X(kWeights, "weights")                                                                    \
  X(kMemory, "memory")
// clang-format on
