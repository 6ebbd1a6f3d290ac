// The methods of TensorRT's objects: where each is in the vtables of 10 and of 11. Besides the
// interfaces in tensorrt_abi.h this is the only place that knows of versions' layouts.
//
// A public object is { vtable, implementation }. Its own vtable has a destructor pair and nothing
// else; the methods are in the vtable of the implementation. The parser, its errors and the plugin
// registry are plain: they are their own implementation.
//
// All methods here exist since 10.0 (slots are only appended within a major version), unless a
// comment says otherwise. On 11 a newer method may do what an older one did on 10, where the
// machine code of the call is the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensorrt_abi.h"

namespace accelnode::cuda {

constexpr int kNone = -1;

// A number that is one thing in 10 and another in 11; kNone: not there.
struct ByMajor {
  int in10, in11;
};

template <typename Signature>
struct Method {
  int in10, in11;
};

// What Call and Pick go by; set once, when the library is opened.
extern int g_major;

inline int Pick(ByMajor number) { return g_major == 10 ? number.in10 : number.in11; }

namespace plain {
template <typename Result, typename... Parameters, typename... Arguments>
Result Call(const void* object, const Method<Result(Parameters...)>& method,
            Arguments... arguments) {
  // A large result goes through a hidden pointer before `this` on x86-64, and in a register of its
  // own on arm64; so it does for a plain function whose first parameter is the object.
  using Function = Result (*)(const void*, Parameters...);
  const auto* vtable = *static_cast<Function* const*>(object);
  return vtable[Pick({method.in10, method.in11})](object, arguments...);
}
}  // namespace plain

template <typename Result, typename... Parameters, typename... Arguments>
Result Call(const void* object, const Method<Result(Parameters...)>& method,
            Arguments... arguments) {
  return plain::Call(static_cast<const void* const*>(object)[1], method, arguments...);
}

// References are passed as pointers: the same to the callee.
namespace method {

namespace runtime {
inline constexpr Method<void*(const void*, size_t)> kDeserializeCudaEngine{3, 3};
inline constexpr Method<void(IGpuAllocator*)> kSetGpuAllocator{8, 7};
inline constexpr Method<void(IErrorRecorder*)> kSetErrorRecorder{9, 8};
inline constexpr Method<void(bool)> kSetEngineHostCodeAllowed{21, 20};
}  // namespace runtime

namespace host_memory {
inline constexpr Method<void*()> kData{2, 2};
inline constexpr Method<size_t()> kSize{3, 3};
}  // namespace host_memory

namespace engine {
inline constexpr Method<int32_t()> kGetNbLayers{3, 3};
inline constexpr Method<void*()> kSerialize{4, 4};
inline constexpr Method<void*(int32_t)> kCreateExecutionContext{5, 5};
inline constexpr Method<size_t()> kGetDeviceMemorySize{7, 44};  // 11: …V2
inline constexpr Method<int32_t()> kGetNbOptimizationProfiles{10, 8};
// The second since 10.11; 11 has it alone.
inline constexpr Method<const int32_t*(const char*, int32_t, int32_t)> kGetProfileTensorValues{
    11, kNone};
inline constexpr Method<const int64_t*(const char*, int32_t, int32_t)> kGetProfileTensorValuesV2{
    54, 46};
inline constexpr Method<void(IErrorRecorder*)> kSetErrorRecorder{13, 10};
inline constexpr Method<void*()> kCreateEngineInspector{18, 14};
inline constexpr Method<Dims(const char*)> kGetTensorShape{19, 15};
inline constexpr Method<int32_t(const char*)> kGetTensorDataType{20, 16};
inline constexpr Method<int32_t(const char*)> kGetTensorLocation{21, 17};
inline constexpr Method<int32_t(const char*)> kGetTensorIOMode{23, 19};
inline constexpr Method<int32_t(const char*)> kGetTensorFormat{26, 22};
inline constexpr Method<Dims(const char*, int32_t, int32_t)> kGetProfileShape{29, 25};
inline constexpr Method<int32_t()> kGetNbIOTensors{30, 26};
inline constexpr Method<const char*(int32_t)> kGetIOTensorName{31, 27};
inline constexpr Method<int32_t()> kGetNbAuxStreams{33, 29};
}  // namespace engine

namespace context {
inline constexpr Method<void(void*)> kSetProfiler{5, 5};
inline constexpr Method<void(void*)> kSetDeviceMemory{10, 10};
inline constexpr Method<int32_t()> kGetOptimizationProfile{11, 11};
inline constexpr Method<void(IErrorRecorder*)> kSetErrorRecorder{14, 13};
inline constexpr Method<bool(int32_t, cudaStream_t)> kSetOptimizationProfileAsync{17, 16};
inline constexpr Method<void(bool)> kSetEnqueueEmitsProfile{18, 17};
inline constexpr Method<bool()> kReportToProfiler{20, 19};
inline constexpr Method<bool(const char*, const Dims*)> kSetInputShape{21, 20};
inline constexpr Method<Dims(const char*)> kGetTensorShape{22, 21};
inline constexpr Method<bool(const char*, void*)> kSetTensorAddress{24, 23};
inline constexpr Method<bool(const char*, IOutputAllocator*)> kSetOutputAllocator{32, 31};
inline constexpr Method<bool(cudaStream_t)> kEnqueueV3{37, 36};
}  // namespace context

namespace inspector {
inline constexpr Method<const char*(int32_t)> kGetEngineInformation{6, 6};
}

namespace builder {
inline constexpr Method<void(IGpuAllocator*)> kSetGpuAllocator{6, 4};
inline constexpr Method<void*()> kCreateBuilderConfig{7, 5};
inline constexpr Method<void*(uint32_t)> kCreateNetworkV2{8, 6};
inline constexpr Method<void*()> kCreateOptimizationProfile{9, 7};
inline constexpr Method<void(IErrorRecorder*)> kSetErrorRecorder{10, 8};
inline constexpr Method<void*(void*, void*)> kBuildSerializedNetwork{14, 11};
}  // namespace builder

namespace config {
inline constexpr Method<void(IInt8Calibrator*)> kSetInt8Calibrator{6, kNone};
inline constexpr Method<void(int32_t)> kClearFlag{10, 8};
inline constexpr Method<void(int32_t)> kSetFlag{11, 9};
inline constexpr Method<int32_t(const void*)> kAddOptimizationProfile{25, 23};
inline constexpr Method<void(int32_t)> kSetProfilingVerbosity{27, 25};
inline constexpr Method<bool(const void*)> kSetCalibrationProfile{31, kNone};
inline constexpr Method<bool(uint32_t)> kSetTacticSources{38, 27};
inline constexpr Method<void*(const void*, size_t)> kCreateTimingCache{40, 29};
inline constexpr Method<bool(const void*, bool)> kSetTimingCache{41, 30};
inline constexpr Method<void(int32_t, size_t)> kSetMemoryPoolLimit{43, 32};
inline constexpr Method<void(int32_t)> kSetBuilderOptimizationLevel{47, 36};
inline constexpr Method<void(int32_t)> kSetHardwareCompatibilityLevel{49, 38};
inline constexpr Method<void(const char* const*, int32_t)> kSetPluginsToSerialize{51, 40};
inline constexpr Method<void(int32_t)> kSetMaxAuxStreams{54, 43};  // 11 returns a bool
inline constexpr Method<void(IProgressMonitor*)> kSetProgressMonitor{56, 45};
}  // namespace config

namespace profile {
inline constexpr Method<bool(const char*, int32_t, const Dims*)> kSetDimensions{2, 2};
inline constexpr Method<bool(const char*, int32_t, const int32_t*, int32_t)> kSetShapeValues{4,
                                                                                             kNone};
inline constexpr Method<bool()> kIsValid{9, 7};
// Since 10.11; 11 has it alone.
inline constexpr Method<bool(const char*, int32_t, const int64_t*, int32_t)> kSetShapeValuesV2{10,
                                                                                               8};
}  // namespace profile

namespace timing_cache {
inline constexpr Method<void*()> kSerialize{2, 2};
inline constexpr Method<bool(const void*, bool)> kCombine{3, 3};
}  // namespace timing_cache

namespace network {
inline constexpr Method<int32_t()> kGetNbInputs{14, 14};
inline constexpr Method<void*(int32_t)> kGetInput{15, 15};
inline constexpr Method<int32_t()> kGetNbOutputs{16, 16};
}  // namespace network

namespace tensor {
inline constexpr Method<const char*()> kGetName{3, 3};
inline constexpr Method<Dims()> kGetDimensions{5, 5};
inline constexpr Method<int32_t()> kGetType{7, 6};
inline constexpr Method<bool()> kIsShapeTensor{21, 15};
}  // namespace tensor

// The rest is plain.

namespace parser {
inline constexpr Method<bool(const void*, size_t, const char*)> kParse{0, 0};
inline constexpr Method<bool(const char*, int32_t)> kParseFromFile{1, 1};
inline constexpr Method<int32_t()> kGetNbErrors{5, 3};
inline constexpr Method<const void*(int32_t)> kGetError{6, 4};
inline constexpr Method<void()> kDelete{9, 7};  // the second of the destructor pair
}  // namespace parser

namespace parser_error {
inline constexpr Method<int32_t()> kCode{0, 0};
inline constexpr Method<const char*()> kDesc{1, 1};
inline constexpr Method<const char*()> kNodeName{6, 6};
inline constexpr Method<const char*()> kNodeOperator{7, 7};
}  // namespace parser_error

namespace plugin_registry {
inline constexpr Method<void*(const char*)> kLoadLibrary{10, 6};
}

}  // namespace method

namespace builder_flag {
inline constexpr ByMajor kFp16{0, kNone}, kInt8{1, kNone}, kRefit{4, 4}, kTf32{6, 6},
    kSparseWeights{7, 7}, kVersionCompatible{13, 12}, kExcludeLeanRuntime{14, 13}, kBf16{17, kNone};
}

namespace network_flag {
inline constexpr ByMajor kStronglyTyped{1, 0};
}

namespace tactic_source {
inline constexpr ByMajor kCublas{0, kNone}, kCublasLt{1, kNone}, kCudnn{2, kNone},
    kEdgeMaskConvolutions{3, 0}, kJitConvolutions{4, 1};
}

}  // namespace accelnode::cuda
