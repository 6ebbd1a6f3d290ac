#include "rocm_model.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "../temporary_file.h"
#include "hip_check.h"
#include "rocm_context.h"
#include "rocm_device_context.h"

namespace accelnode::rocm {
namespace {

constexpr double kDefaultPrograms = 8;

class RocmModel final : public Model {
 public:
  // `first`: the program for ports.chosen; null when none was compiled.
  RocmModel(Recipe recipe, Ports ports, ModelSource source, std::unique_ptr<CompiledProgram> first,
            const Value& options, Value::Map details)
      : source_(std::move(source)),
        has_first_(first != nullptr),
        facts_(
            std::move(recipe), std::move(ports),
            [this](const ShapeSet& shapes) {
              return Compile(source_, facts_.recipe, shapes, nullptr);
            },
            static_cast<size_t>(options["rocm"].Number("maxPrograms", kDefaultPrograms))),
        details_(std::move(details)) {
    if (first) facts_.programs.Put(facts_.ports.chosen, std::move(first));
  }

  // For what frees itself on this thread.
  ~RocmModel() override {
    if (facts_.recipe.device >= 0) TryUseDevice(facts_.recipe.device);
  }

  const std::vector<TensorInfo>& Inputs() const override { return facts_.ports.inputs; }
  const std::vector<TensorInfo>& Outputs() const override { return facts_.ports.outputs; }

  std::unique_ptr<Context> NewContext(int) override {
    if (facts_.recipe.OnHost()) return std::make_unique<HostContext>(facts_);
    return std::make_unique<DeviceContext>(facts_);
  }

  // One computes while another copies; those of one program compute in turn.
  int PreferredLanes() const override { return facts_.recipe.device >= 0 ? 2 : 1; }

  MemoryKind PreferredMemory() const override {
    return facts_.recipe.OnHost() ? MemoryKind::kHost : MemoryKind::kPinned;
  }

  Value Details() const override { return details_; }

  // MIGraphX does not tell what its programs take.
  Value Memory() const override {
    if (facts_.recipe.device < 0) return Value::Map{};
    return Value::Map{{"device", static_cast<double>(facts_.own_bytes.load())}};
  }

  void Export(const std::string& path) override {
    if (!has_first_) {
      throw Error(
          ErrorCode::UNSUPPORTED,
          "Nothing was compiled yet: the model leaves shapes open that the load did not fix.")
          .WithHint("Load it with the option shapes.");
    }
    if (facts_.recipe.device >= 0) UseDevice(facts_.recipe.device);
    const std::shared_ptr<ProgramPool> pool = facts_.programs.For(facts_.ports.chosen);
    if (facts_.recipe.target == "ref") return pool->program().Save(path);  // only copies of it run
    const ProgramPool::Lease program(*pool);
    (*program).Save(path);
  }

 private:
  const ModelSource source_;
  const bool has_first_;
  ModelFacts facts_;
  const Value details_;
};

Value::Map DetailsOf(const Recipe& recipe) {
  return {{"migraphx", MigraphxVersion()},
          {"target", recipe.target},
          {"precision", recipe.precision},
          {"offloadCopy", recipe.OnHost() && recipe.device >= 0}};
}

// A .mxr that the caller gave was compiled with device memory for its outputs, or without.
void FollowCopies(Recipe& recipe, const CompiledProgram& program) {
  CheckCopies(program, recipe);
  recipe.offload_copy =
      recipe.device >= 0 && program.parameters().output_memory().empty() && recipe.offload_copy;
}

// A .mxr as the caller gave it.
std::unique_ptr<Model> LoadMxr(const LoadRequest& request, Recipe recipe) {
  const ModelSource& source = request.source;
  std::optional<TemporaryFile> file;
  if (source.bytes) file.emplace(std::string(source.bytes->begin(), source.bytes->end()));
  request.monitor->Progress("load", 0, 1);
  auto program = LoadCompiled(file ? file->path() : source.path, recipe, source.input_names);
  request.monitor->Progress("load", 1, 1);
  FollowCopies(recipe, *program);
  Ports ports = PortsOfProgram(*program, source.output_names);
  Complete(ports, *program);
  Value::Map details = DetailsOf(recipe);
  details.erase("precision");
  details["loadedFrom"] = "mxr";
  return std::make_unique<RocmModel>(std::move(recipe), std::move(ports), ModelSource{},
                                     std::move(program), request.options, std::move(details));
}

// Runs decide what is compiled; but a model that MIGraphX can't read at all is refused now.
void CheckOpen(const ModelSource& source, const Recipe& recipe, const Ports& ports) {
  try {
    ParseOnnx(source, recipe, ports.chosen);
  } catch (Error& error) {
    if (error.code == ErrorCode::MODEL_UNSUPPORTED) {
      error.hint =
          "Dimensions that the model leaves open were taken as 1: say what they are, with the "
          "option shapes.";
    }
    throw;
  }
}

// MIGraphX reserves memory for so many iterations, and writes beyond it when there are more.
void CheckLoops(const ModelSource& source, const Recipe& recipe) {
  const Value::List& operators = source.spec.Items("operators");
  const bool loops = std::any_of(operators.begin(), operators.end(), [](const Value& each) {
    return each.AsString() != nullptr && *each.AsString() == "Loop";
  });
  if (!loops || recipe.loop_iterations > 0) return;
  throw Error(ErrorCode::MODEL_UNSUPPORTED,
              "The model has loops, and MIGraphX must know how many iterations they have at most.")
      .WithHint("Say so with rocm.loopIterations; no run may then have more.");
}

std::unique_ptr<Model> LoadOnnx(const LoadRequest& request, Recipe recipe) {
  const ModelSource& source = request.source;
  CheckLoops(source, recipe);
  Ports ports = PortsOfOnnx(source, request.options);
  Value::Map details = DetailsOf(recipe);
  std::unique_ptr<CompiledProgram> first;
  const std::string compiled = request.options["rocm"].String("compiled");
  if (!compiled.empty()) {
    request.monitor->Progress("load", 0, 1);
    first = LoadCompiled(compiled, recipe, source.input_names);
    Adopt(ports, *first);
    if (request.options["rocm"].Bool("compiledGiven", false)) {
      FollowCopies(recipe, *first);
      details = DetailsOf(recipe);
      details.erase("precision");
    }
    request.monitor->Progress("load", 1, 1);
    details["loadedFrom"] = "mxr";
  } else if (!ports.open) {
    const auto began = std::chrono::steady_clock::now();
    first = Compile(source, recipe, ports.chosen, request.monitor);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    details["builtIn"] = took.count();
  } else {
    CheckOpen(source, recipe, ports);
  }
  if (first) Complete(ports, *first);
  return std::make_unique<RocmModel>(std::move(recipe), std::move(ports), source, std::move(first),
                                     request.options, std::move(details));
}

}  // namespace

std::unique_ptr<Model> LoadModel(const LoadRequest& request) {
  Recipe recipe(request.device, request.options);
  if (recipe.device >= 0) UseDevice(recipe.device);
  return request.source.format == "mxr" ? LoadMxr(request, std::move(recipe))
                                        : LoadOnnx(request, std::move(recipe));
}

}  // namespace accelnode::rocm
