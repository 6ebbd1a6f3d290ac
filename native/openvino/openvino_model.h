// Loading a model: read, reshape, preprocess, compile. What comes out is immutable and makes the
// infer requests that the lanes run on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "openvino_blob.h"
#include "openvino_library.h"

namespace accelnode::openvino {

std::unique_ptr<Model> LoadModel(const ov_core* core, const LoadRequest& request);

// The names of a model's inputs, in order.
std::vector<std::string> InputNames(const ov_model* model, const ModelSource& source);

// The place of `name` in `names`; throws INVALID_ARGUMENT, with the names, when it is not there.
size_t IndexOf(const std::vector<std::string>& names, const std::string& name);

class OpenvinoModel final : public Model {
 public:
  // `model` may have been compiled here: then it needs nothing else to live.
  OpenvinoModel(Imported model, std::string device, const ModelSource& source);

  const std::vector<TensorInfo>& Inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& Outputs() const override { return outputs_; }
  std::unique_ptr<Context> NewContext(int lane) override;
  int PreferredLanes() const override;
  bool ComputesOnCaller() const override;
  Value Details() const override;
  void Export(const std::string& path) override;

 private:
  std::string Property(const char* key) const;  // empty when the device does not know it
  const ov_compiled_model* compiled() const { return kept_.compiled.get(); }

  const Imported kept_;
  const std::string device_;
  std::vector<TensorInfo> inputs_, outputs_;
  std::vector<bool> passed_through_;  // by output; see the constructor
};

}  // namespace accelnode::openvino
