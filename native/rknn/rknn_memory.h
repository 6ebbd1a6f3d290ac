// Memory that the NPU reads and writes by itself, and contexts that free themselves.
#pragma once

#include <memory>
#include <string>

#include "../tensor.h"
#include "rknn_abi.h"

namespace accelnode::rknn {

// A context of librknnrt's, destroyed once. The one that it was duplicated from goes after it:
// their weights are the same.
class NpuContext {
 public:
  explicit NpuContext(rknn_context raw, std::shared_ptr<const NpuContext> source = nullptr)
      : raw_(raw), source_(std::move(source)) {}
  ~NpuContext();
  NpuContext(const NpuContext&) = delete;
  NpuContext& operator=(const NpuContext&) = delete;

  rknn_context get() const { return raw_; }

 private:
  const rknn_context raw_;
  const std::shared_ptr<const NpuContext> source_;
};

struct DestroyMemory {
  rknn_context context;
  void operator()(rknn_tensor_mem* memory) const;
};
// Of one context; it must go before that.
using Memory = std::unique_ptr<rknn_tensor_mem, DestroyMemory>;

Memory MakeMemory(const NpuContext& context, size_t bytes);

// What AllocateShared has made, as one context is to see it.
Memory ImportMemory(const NpuContext& context, const Buffer& buffer);

// Of no context: any can import it. Buffer.handle is the rknn_tensor_mem.
Buffer AllocateShared(size_t bytes);

// Can AllocateShared do it? Learnt by trying: releases differ, and do not say.
bool HasSharedMemory();

// Why a context can't use what AllocateShared makes, learnt by trying; empty when it can.
std::string WhyNotShared(const NpuContext& context);

// The memory behind a buffer, as what tells it from others.
inline const rknn_tensor_mem* SharedMemory(const Buffer& buffer) {
  return static_cast<const rknn_tensor_mem*>(buffer.handle);
}

}  // namespace accelnode::rknn
