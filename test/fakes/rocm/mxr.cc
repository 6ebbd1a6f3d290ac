// .mxr files: programs as they were compiled, with the refusals of the real ones. What is in them
// is the model and how it was compiled, which loading does again.
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <numeric>

#include "device.h"
#include "hip_facts.h"
#include "program.h"

using namespace fake;

namespace {

constexpr int64_t kFileVersion = 7;

int64_t FileVersion() { return Block().file_version == 0 ? kFileVersion : Block().file_version; }

class Writer {
 public:
  void Number(int64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Text(const std::string& text) {
    Number(static_cast<int64_t>(text.size()));
    bytes_ += text;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads from bytes that somebody keeps.
class Reader {
 public:
  explicit Reader(const std::string& bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  int64_t Number() {
    int64_t value = 0;
    std::memcpy(&value, Take(sizeof(value)), sizeof(value));
    return value;
  }
  std::string Text() {
    const auto size = static_cast<size_t>(Number());
    return {Take(size), size};
  }
  std::string Rest() const { return {at_, end_}; }

 private:
  const char* Take(size_t size) {
    if (size > static_cast<size_t>(end_ - at_)) throw Error{kUnknownError, "insufficient bytes"};
    at_ += size;
    return at_ - size;
  }
  const char *at_, *end_;
};

int64_t Checksum(const std::string& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), int64_t{17},
                         [](int64_t sum, char byte) { return (sum * 31 + byte) & 0xffffffff; });
}

void Write(Writer& to, const OnnxOptions& options) {
  to.Number(static_cast<int64_t>(options.default_size));
  to.Number(static_cast<int64_t>(options.shapes.size()));
  for (const auto& [name, shape] : options.shapes) {
    to.Text(name);
    to.Number(static_cast<int64_t>(shape.size()));
    for (const size_t size : shape) to.Number(static_cast<int64_t>(size));
  }
  to.Number(static_cast<int64_t>(options.dynamic.size()));
  for (const auto& [name, dimensions] : options.dynamic) {
    to.Text(name);
    to.Number(static_cast<int64_t>(dimensions.size()));
    for (const DynamicDimension& dimension : dimensions) {
      to.Number(static_cast<int64_t>(dimension.min));
      to.Number(static_cast<int64_t>(dimension.max));
    }
  }
}

OnnxOptions ReadOptions(Reader& from) {
  OnnxOptions options;
  options.default_size = static_cast<size_t>(from.Number());
  for (int64_t count = from.Number(); count > 0; --count) {
    auto& shape = options.shapes[from.Text()];
    for (int64_t rank = from.Number(); rank > 0; --rank)
      shape.push_back(static_cast<size_t>(from.Number()));
  }
  for (int64_t count = from.Number(); count > 0; --count) {
    auto& dimensions = options.dynamic[from.Text()];
    for (int64_t rank = from.Number(); rank > 0; --rank) {
      const auto min = static_cast<size_t>(from.Number());
      dimensions.push_back({min, static_cast<size_t>(from.Number()), {}});
    }
  }
  return options;
}

// A string or map of MessagePack of up to 31 bytes, or 15 entries.
std::string Packed(const std::string& text) { return static_cast<char>(0xA0 | text.size()) + text; }
char MapOf(int entries) { return static_cast<char>(0x80 | entries); }
char ListOf(int entries) { return static_cast<char>(0x90 | entries); }

std::string Header(const Program& program) {
  const std::string targets = program.compiled
                                  ? ListOf(1) + (MapOf(1) + Packed("name") + Packed(program.target))
                                  : std::string(1, ListOf(0));
  return MapOf(4) + Packed("version") + static_cast<char>(FileVersion()) +
         Packed("migraphx_version") + Packed(MIGRAPHX_VERSION) + Packed("targets") + targets +
         Packed("modules");
}

std::string Save(const Program& program) {
  Writer to;
  to.Text(MIGRAPHX_VERSION);
  to.Number(program.compiled);
  to.Text(program.target);
  to.Number(Gfx());
  to.Number(program.options.offload_copy);
  to.Number(program.options.fast_math);
  to.Number(program.options.exhaustive_tune);
  to.Text(program.precision);
  Write(to, program.parse);
  to.Text(program.onnx);
  Writer sum;
  sum.Number(Checksum(to.bytes()));
  return Header(program) + sum.bytes() + to.bytes();
}

// Behind the header, which says the version of the file.
std::string Body(const std::string& file) {
  const std::string begin = MapOf(4) + Packed("version"), end = Packed("modules");
  const size_t modules = file.find(end);
  if (file.compare(0, begin.size(), begin) != 0 || modules == std::string::npos)
    throw Error{kUnknownError, "parse error"};
  const int version = file[begin.size()];
  if (version != FileVersion())
    throw Error{
        kUnknownError,
        "Error: Program version mismatch. MXR file was created using program file version: " +
            std::to_string(version) + ", while installed MIGraphX is using program file version: " +
            std::to_string(FileVersion()) +
            ", Try regenerating MXR file using installed MIGraphX and running again."};
  return file.substr(modules + end.size());
}

Program Load(const std::string& file) {
  const std::string body = Body(file);
  Reader from(body);
  if (from.Number() != Checksum(from.Rest())) throw Error{kUnknownError, "parse error"};
  const std::string version = from.Text();
  if (version != MIGRAPHX_VERSION) {
    std::cerr << "[WARNING]: MXR File was created using MIGraphX version: " + version +
                     ", while installed MIGraphX is at version: " MIGRAPHX_VERSION
                     ", operators implementation could be mismatched.\n";
  }
  const bool compiled = from.Number() != 0;
  const std::string target = from.Text();
  const int64_t gfx = from.Number();
  CompileOptions options;
  options.offload_copy = from.Number() != 0;
  options.fast_math = from.Number() != 0;
  options.exhaustive_tune = from.Number() != 0;
  std::string precision = from.Text();
  const OnnxOptions parse = ReadOptions(from);
  Program program = Parse(from.Text(), parse, "parse error");
  program.precision = std::move(precision);
  if (!compiled) return program;
  if (target == "gpu") {
    NeedDevice("Failed to load module");
    if (gfx != Gfx())
      throw Error{kUnknownError, std::string("Failed to load module: ") + WordsOf(209).text};
  }
  Compile(program, target, options);
  Add(Block().compiles, -1);  // that was none
  return program;
}

void CheckFormat(const std::string& format) {
  if (format != "msgpack") throw Error{kUnknownError, "Unknown format: " + format};
}

}  // namespace

EXPORT int migraphx_save(void* program, const char* path, void* options) {
  return Call("migraphx_save")([&] {
    CheckFormat(Of<FileOptionsHandle>(options));
    const std::string bytes = Save(Of<ProgramHandle>(program));
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw Error{kUnknownError, std::string("Failure opening file: ") + path};
  });
}

EXPORT int migraphx_load(void** out, const char* path, void* options) {
  return Call("migraphx_load")([&] {
    CheckFormat(Of<FileOptionsHandle>(options));
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error{kUnknownError, std::string("Failure opening file: ") + path};
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    *out = Make<ProgramHandle>(Load(bytes));
    Add(Block().loads);
  });
}
