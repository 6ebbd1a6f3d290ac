// The delegate's sources want to know for which TensorFlow they are compiled, from a header that
// Debian's package of TFLite leaves out. This is the release of that package.
#pragma once

#define TF_MAJOR_VERSION 2
#define TF_MINOR_VERSION 14
#define TF_PATCH_VERSION 1
#define TF_VERSION_STRING "2.14.1"
