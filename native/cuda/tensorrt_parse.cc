#include "tensorrt_parse.h"

#include <algorithm>
#include <utility>

#include "tensorrt_logger.h"
#include "tensorrt_types.h"

namespace accelnode::cuda {
namespace {

std::string Text(const char* text) { return text ? text : ""; }

// Everything that the parser found wrong, a line each.
Error ParseError(const void* parser, const LogScope& log) {
  const int32_t count = plain::Call(parser, method::parser::kGetNbErrors);
  std::string lines;
  bool unsupported = count > 0;
  for (int32_t i = 0; i < count; ++i) {
    const void* error = plain::Call(parser, method::parser::kGetError, i);
    if (IsNull(error)) continue;
    const int32_t code = plain::Call(error, method::parser_error::kCode);
    const std::string words = Text(plain::Call(error, method::parser_error::kDesc));
    // An operator that it does not have might be a plugin's; its code is that of an invalid node.
    unsupported &= (code >= trt::kFirstUnsupported && code <= trt::kLastUnsupported) ||
                   words.find("Plugin not found") != std::string::npos;
    const std::string node = Text(plain::Call(error, method::parser_error::kNodeName));
    const std::string operation = Text(plain::Call(error, method::parser_error::kNodeOperator));
    lines += "\n  ";
    if (!node.empty()) lines += "node \"" + node + "\"";
    if (!operation.empty()) lines += (node.empty() ? "" : " ") + ("(" + operation + ")");
    if (!node.empty() || !operation.empty()) lines += ": ";
    lines += words;
  }
  if (lines.empty()) {
    return TensorRtError(log, "IParser::parse", "TensorRT can't read the ONNX model.",
                         ErrorCode::MODEL_INVALID);
  }
  return Error(unsupported ? ErrorCode::MODEL_UNSUPPORTED : ErrorCode::MODEL_INVALID,
               "TensorRT can't take the ONNX model:" + lines)
      .WithCall("IParser::parse", count);
}

}  // namespace

TrtParser ParseOnnx(const void* network, const ModelSource& source) {
  LogScope log;
  TrtParser parser(TensorRt().createNvOnnxParser_INTERNAL(const_cast<void*>(network), Logger(),
                                                          TensorRt().getNvOnnxParserVersion()));
  if (!parser) {
    throw TensorRtError(log, "createNvOnnxParser_INTERNAL", "TensorRT gives no ONNX parser.",
                        ErrorCode::VENDOR_FAILURE);
  }
  // A path, where there is one: beside the file lie the weights that are not in it.
  const bool parsed = source.bytes
                          ? plain::Call(parser.get(), method::parser::kParse,
                                        static_cast<const void*>(source.bytes->data()),
                                        source.bytes->size(), static_cast<const char*>(nullptr))
                          : plain::Call(parser.get(), method::parser::kParseFromFile,
                                        source.path.c_str(), trt::kSeverityWarning);
  if (!parsed || plain::Call(parser.get(), method::parser::kGetNbErrors) > 0) {
    throw ParseError(parser.get(), log);
  }
  // It finds nothing wrong with plain text, nor anything in it.
  if (Call(network, method::network::kGetNbOutputs) == 0) {
    throw Error(ErrorCode::MODEL_INVALID, "The model has no outputs: it is no ONNX model.");
  }
  return parser;
}

std::vector<NetworkInput> InputsOf(const void* network) {
  std::vector<NetworkInput> inputs;
  const int32_t count = Call(network, method::network::kGetNbInputs);
  for (int32_t i = 0; i < count; ++i) {
    const void* tensor = Call(network, method::network::kGetInput, i);
    if (IsNull(tensor)) throw Error(ErrorCode::MODEL_INVALID, "The network lacks an input.");
    NetworkInput& input = inputs.emplace_back();
    input.name = Text(Call(tensor, method::tensor::kGetName));
    input.type = FromTensorRt(Call(tensor, method::tensor::kGetType));
    const Dims dims = Call(tensor, method::tensor::kGetDimensions);
    input.dims.assign(dims.d, dims.d + std::clamp(dims.nbDims, 0, kMaxDims));
    input.shape_tensor = Call(tensor, method::tensor::kIsShapeTensor);
  }
  return inputs;
}

}  // namespace accelnode::cuda
