// IParser and IParserError: plain vtables.
#include "parser.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>

#include "build.h"

namespace fake {
namespace {

struct Parser;

struct ParserError {
  const Method* vptr;
  Parser* owner;
  ParseError error;
};

struct Parser {
  const Method* vptr = nullptr;
  Network* network = nullptr;
  Logger logger;
  int release = 0;
  bool used = false;
  std::vector<std::unique_ptr<ParserError>> errors;
};

std::set<void*>& Parsers() {
  static auto& parsers = *new std::set<void*>;
  return parsers;
}

// Null, and a violation, when there is none alive.
Parser* Known(void* self, const char* call) {
  const Lock lock(Mutex());
  if (Parsers().count(self) != 0) return static_cast<Parser*>(self);
  Violation(Format("%s of what is no living parser", call));
  return nullptr;
}

int Code(ParserError* self) { return self->error.code; }
const char* Description(ParserError* self) { return self->error.text.c_str(); }
const char* File(ParserError*) { return "ModelImporter.cpp"; }
int Line(ParserError*) { return 1; }
const char* Function(ParserError*) { return "parseNode"; }
int NodeIndex(ParserError* self) { return self->error.index; }
const char* NodeName(ParserError* self) { return self->error.node.c_str(); }
const char* NodeOperator(ParserError* self) { return self->error.op.c_str(); }
int NoStack(ParserError*) { return 0; }
void EndError(void*) { Violation("an IParserError was destroyed, which the parser owns"); }

void AddError(Parser& parser, ParseError error) {
  const Method* const vtable = PlainVtableOf("IParserError", parser.release,
                                             {{"code", AsMethod(&Code)},
                                              {"desc", AsMethod(&Description)},
                                              {"file", AsMethod(&File)},
                                              {"line", AsMethod(&Line)},
                                              {"func", AsMethod(&Function)},
                                              {"node", AsMethod(&NodeIndex)},
                                              {"nodeName", AsMethod(&NodeName)},
                                              {"nodeOperator", AsMethod(&NodeOperator)},
                                              {"localFunctionStackSize", AsMethod(&NoStack)}},
                                             AsMethod(&EndError));
  parser.logger.Error("ModelImporter: " + error.text);
  parser.errors.push_back(
      std::make_unique<ParserError>(ParserError{vtable, &parser, std::move(error)}));
}

void Fill(Network& network, Model model) {
  const auto types = InferTypes(model);
  std::map<std::string, Shape> given;
  for (const Tensor& input : model.inputs) given[input.name] = input.shape;
  const auto shapes = InferShapes(model, std::move(given));
  // What the graph says of its outputs is only a hint; what the nodes make counts.
  for (Tensor& output : model.outputs) {
    output.type = types.at(output.name);
    if (shapes.count(output.name) != 0) output.shape = shapes.at(output.name);
  }
  network.model = std::move(model);
  for (const Tensor& input : network.model.inputs)
    network.inputs.push_back(new NetworkTensor(network, input, true));
  for (const Tensor& output : network.model.outputs)
    network.outputs.push_back(new NetworkTensor(network, output, false));
}

bool ParseBytes(Parser& parser, const std::string& bytes) {
  if (parser.used) {
    AddError(parser, {2, "a parser takes one model only", "", "", -1});
    return false;
  }
  parser.used = true;
  Model model;
  std::vector<ParseError> errors;
  // The real parser falls back to protobuf's text format, and finds nothing in it.
  const bool text = std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) {
    return std::isprint(byte) || std::isspace(byte);
  });
  const bool read =
      text || ReadOnnx(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), model, errors);
  if (!read)
    errors.push_back({3, "Failed to parse the ONNX model: it is no valid protobuf", "", "", -1});
  for (const Tensor& input : model.inputs) {
    if (input.type == kNoType || input.type >= kDouble)
      errors.push_back({11, "Unsupported data type of input " + input.name, "", "", -1});
  }
  const bool ok = errors.empty();
  for (ParseError& error : errors) AddError(parser, std::move(error));
  if (ok) Fill(*parser.network, std::move(model));
  return ok;
}

bool Parse(void* self, const void* data, size_t size, const char*) {
  Parser* const parser = Known(self, "parse");
  if (parser == nullptr) return false;
  if (Fails("parse", parser->logger)) return false;
  return ParseBytes(*parser, std::string(static_cast<const char*>(data), size));
}

bool ParseFromFile(void* self, const char* path, int) {
  Parser* const parser = Known(self, "parseFromFile");
  if (parser == nullptr) return false;
  if (Fails("parseFromFile", parser->logger)) return false;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    AddError(*parser, {3, std::string("Failed to open file: ") + path, "", "", -1});
    return false;
  }
  return ParseBytes(*parser, std::string(std::istreambuf_iterator<char>(file), {}));
}

int NbErrors(void* self) {
  const Parser* const parser = Known(self, "getNbErrors");
  return parser == nullptr ? 0 : static_cast<int>(parser->errors.size());
}

void* GetError(void* self, int index) {
  const Parser* const parser = Known(self, "IParser::getError");
  const bool there =
      parser != nullptr && index >= 0 && static_cast<size_t>(index) < parser->errors.size();
  return there ? parser->errors[static_cast<size_t>(index)].get() : nullptr;
}

void ClearErrors(void* self) {
  if (Parser* const parser = Known(self, "clearErrors")) parser->errors.clear();
}

// nvonnxparser::OnnxParserFlag: kNATIVE_INSTANCENORM and what came after.
void SetFlag(void* self, int flag) {
  Known(self, "IParser::setFlag");
  if (flag < 0 || flag > 3) Violation("IParser::setFlag with an unknown flag");
}

void SetFlags(void* self, uint32_t flags) {
  Known(self, "IParser::setFlags");
  if (flags > 15) Violation("IParser::setFlags with unknown flags");
}

const char* const* PluginLibraries(void* self, int64_t& count) {
  Known(self, "getUsedVCPluginLibraries");
  count = 0;
  return nullptr;
}

void Destroy(void* self) {
  const Lock lock(Mutex());
  Parser* const parser = Known(self, "the destructor");
  if (parser == nullptr) return;
  if (!parser->network->alive) Violation("a parser was destroyed after its network");
  --parser->network->parsers;
  parser->network->parser_is_gone = true;
  Parsers().erase(parser);
  parser->errors.clear();
  Alive(Kind::kParser, -1);
}

}  // namespace

void* NewParser(void* given, Logger logger, int release) {
  Object* const network = FromPublic(given, Kind::kNetwork, "createNvOnnxParser_INTERNAL");
  if (network == nullptr || Fails("createNvOnnxParser_INTERNAL", logger)) return nullptr;
  const Lock lock(Mutex());
  auto* const parser = new Parser;
  parser->vptr = PlainVtableOf("IParser", release,
                               {{"parse", AsMethod(&Parse)},
                                {"parseFromFile", AsMethod(&ParseFromFile)},
                                {"getNbErrors", AsMethod(&NbErrors)},
                                {"getError", AsMethod(&GetError)},
                                {"clearErrors", AsMethod(&ClearErrors)},
                                {"setFlag", AsMethod(&SetFlag)},
                                {"setFlags", AsMethod(&SetFlags)},
                                {"getUsedVCPluginLibraries", AsMethod(&PluginLibraries)}},
                               AsMethod(&Destroy));
  parser->network = static_cast<Network*>(network);
  parser->logger = logger;
  parser->release = release;
  ++parser->network->parsers;
  Parsers().insert(parser);
  Alive(Kind::kParser);
  return parser;
}

}  // namespace fake
