#include "tensorrt_timing_cache.h"

#include <utility>

#include "tensorrt_files.h"
#include "tensorrt_logger.h"

namespace accelnode::cuda {

TimingCache::TimingCache(const void* config, std::string path)
    : config_(config), path_(std::move(path)) {
  if (path_.empty()) return;
  // One of another device or release is refused, in words that must not become those of the build.
  LogScope aside;
  cache_ = Read();
  if (cache_ && Call(config_, method::config::kSetTimingCache, cache_.get(), false)) return;
  cache_ = TrtObject(Call(config_, method::config::kCreateTimingCache,
                          static_cast<const void*>(nullptr), size_t{0}));
  if (!cache_ || !Call(config_, method::config::kSetTimingCache, cache_.get(), false)) {
    throw TensorRtError(aside, "IBuilderConfig::setTimingCache", "TensorRT takes no timing cache.",
                        ErrorCode::VENDOR_FAILURE);
  }
}

TrtObject TimingCache::Read() const {
  const std::optional<Bytes> bytes = ReadCache(path_);
  if (!bytes || bytes->empty()) return {};
  return TrtObject(Call(config_, method::config::kCreateTimingCache,
                        static_cast<const void*>(bytes->data()), bytes->size()));
}

void TimingCache::Save() {
  if (!cache_) return;
  LogScope aside;
  if (const TrtObject others = Read()) {
    Call(cache_.get(), method::timing_cache::kCombine, others.get(), false);
  }
  const TrtObject bytes(Call(cache_.get(), method::timing_cache::kSerialize));
  // The engine is there; that the next build takes longer is no reason to fail.
  if (bytes) {
    ReplaceFile(path_, Call(bytes.get(), method::host_memory::kData),
                Call(bytes.get(), method::host_memory::kSize));
  }
}

}  // namespace accelnode::cuda
