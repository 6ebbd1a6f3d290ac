// Models that OpenVINO compiled and exported before.
#pragma once

#include <string>

#include "openvino_library.h"
#include "openvino_properties.h"

namespace accelnode::openvino {

struct Imported {
  CoreHandle core;  // the compiled model's plugin belongs to it
  CompiledModelHandle compiled;
};

Imported ImportBlob(const ModelSource& source, const std::string& device,
                    const Properties& properties);

}  // namespace accelnode::openvino
