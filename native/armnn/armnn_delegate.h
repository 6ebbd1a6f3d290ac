// Arm NN's delegate for TFLite: opened when it is first asked for, and made once for each
// interpreter.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../backend.h"
#include "tflite_reporter.h"

namespace accelnode::armnn {

// The user has named a delegate, which is the one to open when it is needed.
void NameDelegate(const std::string& path);

// Opens libarmnnDelegate: the one that `named`, NameDelegate or ACCELNODE_ARMNN_DELEGATE names, and
// only that; else the system's. Throws RUNTIME_NOT_FOUND with what was tried. Once
// it is open, naming another is an error: there is one Arm NN in a process.
void OpenDelegate(const std::string& named = {});

// The files that are open; empty before. Arm NN itself may be a part of its delegate.
std::string DelegateLibrary();
std::string ArmnnLibrary();

// Does Arm NN's log come to the reporter, in place of the standard output?
bool LogIsCaught();

struct FreeDelegate {
  void operator()(TfLiteDelegate* delegate) const;
};
using DelegateHandle = std::unique_ptr<TfLiteDelegate, FreeDelegate>;

using DelegateOptions = std::vector<std::pair<std::string, std::string>>;

// The delegate's own names for what `options` and the device ask for: "GpuAcc", or several in the
// order of preference, "GpuAcc,CpuAcc". lib/options/armnn.ts has checked the values: the delegate
// would abort the process for some.
DelegateOptions MakeDelegateOptions(const std::string& device, const Value& options);

// With GpuAcc's compiled kernels read from a file, or written to one, which must be there already:
// Arm NN leaves it at that otherwise, without a word.
DelegateOptions WithNetworkFile(DelegateOptions options, const std::string& path, bool save);

// Throws DEVICE_NOT_FOUND unless this Arm NN has each backend of "GpuAcc,CpuAcc": it leaves out one
// that it does not have without a word, as long as it has another. Once for each in a process.
void RequireEachBackend(const std::string& device, const DelegateOptions& options,
                        Reporter& reporter);

// Throws what the delegate says when it can't be made, and INVALID_ARGUMENT for options that an
// earlier delegate of this process has fixed otherwise.
DelegateHandle MakeDelegate(const DelegateOptions& options, Reporter& reporter);

}  // namespace accelnode::armnn
