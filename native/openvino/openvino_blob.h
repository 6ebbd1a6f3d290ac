// Models that OpenVINO compiled and exported before.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "openvino_library.h"
#include "openvino_properties.h"

namespace accelnode::openvino {

// In this order, so that the compiled model goes first.
struct Imported {
  // OpenVINO 2026 leaves the weights where they are in the blob, and says nowhere how long it needs
  // them: as long as the compiled model lives.
  std::shared_ptr<const std::vector<uint8_t>> content;
  CoreHandle core;  // the compiled model's plugin belongs to it
  CompiledModelHandle compiled;
};

Imported ImportBlob(const ModelSource& source, const std::string& device,
                    const Properties& properties);

}  // namespace accelnode::openvino
