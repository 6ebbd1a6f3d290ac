#include "tensorrt_timing_cache.h"

#include <utility>

#include "tensorrt_files.h"
#include "tensorrt_logger.h"

namespace accelnode::cuda {

TimingCache::TimingCache(const void* config, std::string path, bool own)
    : config_(config), path_(std::move(path)), own_(own) {
  if (path_.empty()) return;
  // One of another device or release is refused, in words that must not become those of the build.
  LogScope aside;
  Found found = Read();
  cache_ = std::move(found.cache);
  if (cache_ && Call(config_, method::config::kSetTimingCache, cache_.get(), false)) return;
  if (!found.empty && !own_) {
    Error error = TensorRtError(
        aside, cache_ ? "IBuilderConfig::setTimingCache" : "IBuilderConfig::createTimingCache",
        path_ + " is no timing cache for this release of TensorRT and this GPU.",
        ErrorCode::INVALID_ARGUMENT);
    if (error.code == ErrorCode::INVALID_ARGUMENT) {
      error.hint = "Name another file (cuda.timingCache), or remove this if it is of no use.";
    }
    throw error;
  }
  cache_ = TrtObject(Call(config_, method::config::kCreateTimingCache,
                          static_cast<const void*>(nullptr), size_t{0}));
  if (!cache_ || !Call(config_, method::config::kSetTimingCache, cache_.get(), false)) {
    throw TensorRtError(aside, "IBuilderConfig::setTimingCache", "TensorRT takes no timing cache.",
                        ErrorCode::VENDOR_FAILURE);
  }
}

TimingCache::Found TimingCache::Read() const {
  const std::optional<Bytes> bytes = ReadCache(path_);
  if (!bytes || bytes->empty()) return {{}, true};
  return {TrtObject(Call(config_, method::config::kCreateTimingCache,
                         static_cast<const void*>(bytes->data()), bytes->size())),
          false};
}

void TimingCache::Save() {
  if (!cache_) return;
  LogScope aside;
  const Found others = Read();
  if (!others.cache && !others.empty && !own_) return;  // somebody has put something else there
  if (others.cache) {
    Call(cache_.get(), method::timing_cache::kCombine, others.cache.get(), false);
  }
  const TrtObject bytes(Call(cache_.get(), method::timing_cache::kSerialize));
  // The engine is there; that the next build takes longer is no reason to fail.
  if (bytes) {
    ReplaceFile(path_, Call(bytes.get(), method::host_memory::kData),
                Call(bytes.get(), method::host_memory::kSize));
  }
}

}  // namespace accelnode::cuda
