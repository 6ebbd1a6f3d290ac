#include "rknn_model.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "rknn_check.h"
#include "rknn_context.h"
#include "rknn_cores.h"
#include "rknn_load.h"

namespace accelnode::rknn {
namespace {

// What the session.memory() of a lane is made of; 0 where librknnrt does not tell.
struct LaneMemory {
  uint64_t weights = 0, internal = 0, sram = 0;
  bool shares_weights = false;
};

LaneMemory QueryMemory(const NpuContext& context, bool shares_weights) {
  rknn_mem_size size{};
  if (Api().query(context.get(), kQueryMemSize, &size, sizeof size) < kSuccess) size = {};
  return {size.total_weight_size, size.total_internal_size, size.total_sram_size, shares_weights};
}

std::string TextOf(const char (&text)[kMaxNameLength]) {
  return {text, strnlen(text, sizeof text)};
}

// The NPU computes in half precision what is not quantized.
const char* PrecisionOf(const Ports& ports) {
  const char* precision = "fp16";
  for (const auto* side : {&ports.inputs, &ports.outputs}) {
    for (const Port& port : *side) {
      if (!IsQuantized(port.attr)) continue;
      precision = port.model_type == kTypeInt16 ? "int16" : "int8";
    }
  }
  return precision;
}

class RknnModel final : public Model {
 public:
  RknnModel(const LoadRequest& request, Board board);

  const std::vector<TensorInfo>& Inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& Outputs() const override { return outputs_; }
  std::unique_ptr<Context> NewContext(int lane) override;
  int PreferredLanes() const override { return cores_.lanes(); }
  MemoryKind PreferredMemory() const override {
    return facts_.zero_copy ? MemoryKind::kPinned : MemoryKind::kHost;
  }
  Value Details() const override;
  Value Memory() const override;

 private:
  std::shared_ptr<NpuContext> Duplicate(int lane, bool* shares_weights);
  std::shared_ptr<NpuContext> InitAgain(int lane, const std::string& why);
  void ReadVersions();

  const Board board_;
  const std::string key_;
  const Cores cores_;
  const uint32_t flags_;
  const int batch_cores_;
  std::shared_ptr<const std::vector<uint8_t>> bytes_;  // until the last lane is there
  std::shared_ptr<NpuContext> first_;
  ModelFacts facts_;
  std::vector<TensorInfo> inputs_, outputs_;
  std::string runtime_, driver_;

  mutable std::mutex mutex_;  // for what follows
  std::vector<LaneMemory> memory_;
  Value::List masks_;
  std::vector<std::string> warnings_;
};

uint32_t FlagsFor(const Value& options) {
  uint32_t flags = 0;
  // Else rknn_init gives the whole process the highest priority.
  if (!options["rknn"].Bool("highPriority", false)) flags |= kFlagDisableProcHighPriority;
  if (options.Bool("profiling", false)) flags |= kFlagCollectPerf;
  return flags;
}

RknnModel::RknnModel(const LoadRequest& request, Board board)
    : board_(std::move(board)),
      key_(request.source.spec.String("soc")),
      cores_(board_, request.options),
      flags_(FlagsFor(request.options)),
      batch_cores_(static_cast<int>(request.options["rknn"].Number("batchCores", 0))),
      bytes_(ReadModel(request.source)),
      first_(InitContext(*bytes_, flags_, board_, key_)) {
  ReadVersions();
  facts_.profiling = (flags_ & kFlagCollectPerf) != 0;
  facts_.ports = DescribePorts(*first_, request.options);
  if (facts_.ports.CanZeroCopy() && HasZeroCopy()) {
    const std::string problem = WhyNotShared(*first_);
    facts_.zero_copy = problem.empty();
    if (!problem.empty()) {
      warnings_.push_back("Tensors have ordinary memory, not what the NPU uses itself: " + problem +
                          ".");
    }
  }
  if (facts_.ports.HasNative() && !facts_.ports.CanZeroCopy()) {
    throw Error(ErrorCode::INVALID_ARGUMENT,
                "With a tensor in the NPU's own layout, all the others must be what the NPU can "
                "read and write in place.")
        .WithHint("Give rknn.inputs and rknn.outputs the type \"raw\" for the others.");
  }
  for (const Port& port : facts_.ports.inputs) inputs_.push_back(port.info);
  for (const Port& port : facts_.ports.outputs) outputs_.push_back(port.info);
  if (board_.cores == 0) {
    warnings_.push_back("This board's chip is not known, so no lane was given a core of its own.");
  }
}

void RknnModel::ReadVersions() {
  rknn_sdk_version version{};
  driver_ = DriverVersion();
  if (Api().query(first_->get(), kQuerySdkVersion, &version, sizeof version) >= kSuccess) {
    runtime_ = TextOf(version.api_version);
    const std::string told = VersionIn(TextOf(version.drv_version));
    if (!told.empty()) driver_ = told;
  }
  const std::string warning = DriverWarning(driver_);
  if (!warning.empty()) warnings_.push_back(warning);
}

std::unique_ptr<Context> RknnModel::NewContext(int lane) {
  bool shares_weights = false;
  std::shared_ptr<NpuContext> npu = lane == 0 ? first_ : Duplicate(lane, &shares_weights);
  const std::optional<int> mask = cores_.MaskOf(lane);
  if (mask) {
    if (Api().set_core_mask == nullptr) {
      throw Error(ErrorCode::RUNTIME_INCOMPATIBLE, "This librknnrt has no rknn_set_core_mask.")
          .WithHint("Update librknnrt.so, or load with one lane and no rknn.coreMask.");
    }
    RKNN_CALL(set_core_mask, npu->get(), *mask);
  }
  if (batch_cores_ > 0) {
    if (Api().set_batch_core_num == nullptr) {
      throw Error(ErrorCode::UNSUPPORTED, "This librknnrt has no rknn_set_batch_core_num.")
          .WithHint("Update librknnrt.so, or leave rknn.batchCores out.");
    }
    RKNN_CALL(set_batch_core_num, npu->get(), batch_cores_);
  }
  const LaneMemory memory = QueryMemory(*npu, shares_weights);
  std::lock_guard lock(mutex_);
  memory_.push_back(memory);
  masks_.emplace_back(mask.value_or(0));
  if (lane + 1 >= cores_.lanes()) bytes_ = nullptr;
  return std::make_unique<RknnContext>(std::move(npu), facts_);
}

std::shared_ptr<NpuContext> RknnModel::Duplicate(int lane, bool* shares_weights) {
  if (Api().dup_context == nullptr) {
    return InitAgain(lane, "This librknnrt has no rknn_dup_context.");
  }
  rknn_context from = first_->get(), raw = 0;
  const int status = Api().dup_context(&from, &raw);
  // What does not fit once more does not fit with weights of its own either.
  if (status == kMallocFail) Check(status, "rknn_dup_context");
  if (status < kSuccess || raw == 0) {
    return InitAgain(lane, "rknn_dup_context failed (" + StatusText(status) + ").");
  }
  *shares_weights = true;
  return std::make_shared<NpuContext>(raw, first_);
}

// What every lane would cost if weights were not shared.
std::shared_ptr<NpuContext> RknnModel::InitAgain(int lane, const std::string& why) {
  std::shared_ptr<NpuContext> npu = InitContext(*bytes_, flags_, board_, key_);
  const LaneMemory memory = QueryMemory(*npu, false);
  std::lock_guard lock(mutex_);
  warnings_.push_back(why + " Lane " + std::to_string(lane) +
                      " has the weights once more, which takes " + std::to_string(memory.weights) +
                      " bytes.");
  return npu;
}

Value RknnModel::Details() const {
  Value::Map details{{"precision", PrecisionOf(facts_.ports)}, {"zeroCopy", facts_.zero_copy}};
  if (!board_.soc.empty()) details["soc"] = board_.soc;
  if (board_.cores > 0) details["cores"] = board_.cores;
  if (!key_.empty()) details["modelFor"] = key_;
  if (!runtime_.empty()) details["librknnrt"] = runtime_;
  if (!driver_.empty()) details["driver"] = driver_;
  if (facts_.ports.IsDynamic()) {
    Value::List sets;
    for (const std::vector<Shape>& set : facts_.ports.shape_sets) {
      Value::Map shapes;
      for (size_t i = 0; i < set.size(); ++i) {
        shapes[inputs_[i].name] = Value::List(set[i].begin(), set[i].end());
      }
      sets.emplace_back(std::move(shapes));
    }
    details["shapes"] = std::move(sets);
  }
  std::lock_guard lock(mutex_);
  details["coreMasks"] = masks_;
  if (!warnings_.empty()) details["warnings"] = Value::List(warnings_.begin(), warnings_.end());
  return details;
}

Value RknnModel::Memory() const {
  std::lock_guard lock(mutex_);
  LaneMemory all;
  Value::Map memory;
  for (size_t lane = 0; lane < memory_.size(); ++lane) {
    const LaneMemory& each = memory_[lane];
    const uint64_t weights = each.shares_weights ? 0 : each.weights;
    all.weights += weights;
    all.internal += each.internal;
    all.sram += each.sram;
    memory["lane" + std::to_string(lane)] = weights + each.internal;
  }
  if (all.weights + all.internal == 0) return Value::Map{};
  memory["device"] = all.weights + all.internal;
  memory["weights"] = all.weights;
  memory["internal"] = all.internal;
  memory["sram"] = all.sram;
  return memory;
}

}  // namespace

std::unique_ptr<Model> LoadModel(const LoadRequest& request) {
  Board board = RequireDevice(request.device);
  request.monitor->Progress("load", 0, 1);
  auto model = std::make_unique<RknnModel>(request, std::move(board));
  request.monitor->Progress("load", 1, 1);
  return model;
}

}  // namespace accelnode::rknn
