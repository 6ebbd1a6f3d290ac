#include "migraphx_program.h"

#include <algorithm>
#include <utility>

#include "migraphx_words.h"

namespace accelnode::rocm {
namespace {

bool IsOutputMemory(const std::string& name) { return name.rfind("main:#output_", 0) == 0; }

std::vector<std::string> NamesOf(migraphx_program_parameter_shapes* shapes) {
  size_t count = 0;
  Call(MIGRAPHX(program_parameter_shapes_size), &count, shapes);
  if (count == 0) return {};
  std::vector<const char*> names(count);
  Call(MIGRAPHX(program_parameter_shapes_names), names.data(), shapes);
  std::vector<std::string> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());  // MIGraphX has no order
  return sorted;
}

Parameter ParameterOf(migraphx_program_parameter_shapes* shapes, const std::string& name) {
  Parameter parameter;
  parameter.name = name;
  Call(MIGRAPHX(program_parameter_shapes_get), &parameter.shape, shapes, name.c_str());
  parameter.layout = LayoutOf(parameter.shape);
  if (parameter.layout.dynamic) {
    throw Error(ErrorCode::MODEL_UNSUPPORTED,
                "The program was compiled for a range of shapes of \"" + name + "\".")
        .WithHint("Compile it for one shape, or give the ONNX model.");
  }
  return parameter;
}

}  // namespace

ParameterList::ParameterList(migraphx_program* program, const std::vector<std::string>& input_names)
    : shapes_(Make<ParameterShapes>(MIGRAPHX(program_get_parameter_shapes), program)) {
  const std::vector<std::string> names = NamesOf(shapes_.get());
  for (const std::string& name : input_names) {
    const bool known = std::binary_search(names.begin(), names.end(), name);
    inputs_.push_back(known ? ParameterOf(shapes_.get(), name) : Parameter{name, nullptr, {}});
  }
  for (const std::string& name : names) {
    if (IsOutputMemory(name)) {
      output_memory_.push_back(ParameterOf(shapes_.get(), name));
    } else if (input_names.empty()) {
      inputs_.push_back(ParameterOf(shapes_.get(), name));
    } else if (std::find(input_names.begin(), input_names.end(), name) == input_names.end()) {
      throw Error(ErrorCode::MODEL_INVALID,
                  "The program wants \"" + name + "\", which is no input of the model.");
    }
  }
}

CompiledProgram::CompiledProgram(Program program, const std::vector<std::string>& input_names)
    : program_(std::move(program)), parameters_(program_.get(), input_names) {
  const auto outputs = Make<ShapeList>(MIGRAPHX(program_get_output_shapes), program_.get());
  size_t count = 0;
  Call(MIGRAPHX(shapes_size), &count, outputs.get());
  for (size_t i = 0; i < count; ++i) {
    const migraphx_shape* shape = nullptr;
    Call(MIGRAPHX(shapes_get), &shape, outputs.get(), i);
    outputs_.push_back(LayoutOf(shape));
  }
}

std::unique_ptr<CompiledProgram> CompiledProgram::Clone() const {
  auto copy = Make<Program>(MIGRAPHX(program_create));
  Call(MIGRAPHX(program_assign_to), copy.get(),
       static_cast<const migraphx_program*>(program_.get()));
  std::vector<std::string> names;
  for (const Parameter& input : parameters_.inputs()) names.push_back(input.name);
  return std::make_unique<CompiledProgram>(std::move(copy), names);
}

void CompiledProgram::Save(const std::string& path) const {
  const auto options = Make<FileOptions>(MIGRAPHX(file_options_create));
  Call(MIGRAPHX(save), program_.get(), path.c_str(), options.get());
}

ProgramPool::Lease::Lease(ProgramPool& pool) : pool_(pool), turn_(pool.turn_) {
  if (!pool.can_clone_) return;
  if (!pool.idle_.empty()) {
    copy_ = std::move(pool.idle_.back());
    pool.idle_.pop_back();
  }
  turn_.unlock();
  if (!copy_) copy_ = pool.program_->Clone();
}

ProgramPool::Lease::~Lease() {
  if (!copy_) return;
  try {
    turn_.lock();
    pool_.idle_.push_back(std::move(copy_));
  } catch (...) {
    // No memory to keep it: the next run makes another.
  }
}

}  // namespace accelnode::rocm
