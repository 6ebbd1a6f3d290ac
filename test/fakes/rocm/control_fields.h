// What the control block of the doubles of HIP and MIGraphX holds after what every device has
// (../gpu/device_fields.h). control.mjs reads this file.
#pragma once

#define ACCELNODE_FAKE_CONTROL "ACCELNODE_FAKE_ROCM_CONTROL"  // names the block's file
#define API(name) "hip" name                                  // a function of the runtime

// clang-format off
#define ACCELNODE_FAKE_FIELDS(X)                                                            \
  /* Of the test. 0 is what a machine with one good GPU has. */                             \
  X(hold_compile)     /* a compile goes on and on */                                        \
  X(gfx)              /* the architecture, as 110000 (gfx1100) */                           \
  X(compute_units)                                                                          \
  X(host_limit)       /* bytes of pinned memory that MIGraphX gets where the device has none */ \
  X(file_version)     /* of .mxr files, written and read */                                 \
  /* Of the double. */                                                                      \
  X(compiling)        /* compiles that wait, because of hold_compile */                     \
  X(parses)                                                                                 \
  X(compiles)                                                                               \
  X(loads)            /* of .mxr files */                                                   \
  X(clones)           /* program_assign_to of a compiled program */                         \
  X(runs)                                                                                   \
  X(async_runs)       /* those among them on a stream of the caller's */                    \
  X(fallbacks)        /* allocations in pinned memory, because the device had none */       \
  X(calibration_batches)                                                                    \
  X(calibration_sum)  /* of all their elements */

// Texts, with their sizes.
#define ACCELNODE_FAKE_TEXTS(X)                                                             \
  X(text, 256)         /* of the test: what MIGraphX prints when a call is made to fail */  \
  X(config, 1024)      /* of the double: how the last program was compiled */

// What is counted while it is alive, and what it is called.
#define ACCELNODE_FAKE_KINDS(X)                                                             \
  X(kTarget, "target")                                                                      \
  X(kShape, "shape")                                                                        \
  X(kShapes, "shapes")                                                                      \
  X(kDynamicDimension, "dynamic dimension")                                                 \
  X(kDynamicDimensions, "dynamic dimensions")                                               \
  X(kOptimals, "optimals")                                                                  \
  X(kArgument, "argument")                                                                  \
  X(kArguments, "arguments")                                                                \
  X(kParameters, "parameters")                                                              \
  X(kParameterShapes, "parameter shapes")                                                   \
  X(kProgram, "program")                                                                    \
  X(kContext, "context")                                                                    \
  X(kOnnxOptions, "onnx options")                                                           \
  X(kFileOptions, "file options")                                                           \
  X(kCompileOptions, "compile options")                                                     \
  X(kOpNames, "op names")                                                                   \
  X(kInt8Options, "int8 options")                                                           \
  X(kFp8Options, "fp8 options")
// clang-format on
