// IBuilderConfig, IOptimizationProfile and ITimingCache.
#include <algorithm>
#include <cstring>

#include "build.h"

namespace fake {
namespace {

#define CONFIG(call, otherwise)                       \
  const Using use(self, Kind::kBuilderConfig, call);  \
  if (use.object() == nullptr) return otherwise;      \
  [[maybe_unused]] Config& config = *As<Config>(use); \
  [[maybe_unused]] const Logger& logger = config.builder.logger

// The builder flags of a release, as measured: nvinfer1::BuilderFlag.
bool IsFlag(int flag, int release) {
  if (release >= 110000) {
    constexpr int valid[] = {2,  3,  4,  5,  6,  7,  8,  11, 12, 13,
                             15, 17, 18, 19, 20, 22, 23, 24, 26, 27};
    return std::count(std::begin(valid), std::end(valid), flag) != 0;
  }
  const int since = flag <= 21   ? 100000
                    : flag == 22 ? 100100
                    : flag == 23 ? 100200
                    : flag <= 25 ? 100600
                    : flag <= 27 ? 100800
                                 : 101200;
  return flag >= 0 && flag <= 28 && release >= since;
}

void CheckFlag(Config& config, int flag) {
  if (!IsFlag(flag, config.release))
    Violation(Format("builder flag %d is none of release %d", flag, config.release));
}

void SetFlag(Inner* self, int flag) {
  CONFIG("setFlag", );
  CheckFlag(config, flag);
  config.flags |= 1U << flag;
}

void ClearFlag(Inner* self, int flag) {
  CONFIG("clearFlag", );
  CheckFlag(config, flag);
  config.flags &= ~(1U << flag);
}

bool GetFlag(Inner* self, int flag) {
  CONFIG("getFlag", false);
  CheckFlag(config, flag);
  return (config.flags >> flag & 1) != 0;
}

void SetFlags(Inner* self, uint32_t flags) {
  CONFIG("setFlags", );
  for (int flag = 0; flag < 32; ++flag) {
    if ((flags >> flag & 1) != 0) CheckFlag(config, flag);
  }
  config.flags = flags;
}

uint32_t GetFlags(Inner* self) {
  CONFIG("getFlags", 0);
  return config.flags;
}

void SetPoolLimit(Inner* self, int pool, size_t bytes) {
  CONFIG("setMemoryPoolLimit", );
  if (pool < 0 || pool > 5) Violation("setMemoryPoolLimit of an unknown pool");
  config.Note(Format("pool %d: %zu", pool, bytes));
}

void SetLevel(Inner* self, int level) {
  CONFIG("setBuilderOptimizationLevel", );
  if (level < 0 || level > 5) Violation("setBuilderOptimizationLevel beyond 0 to 5");
  config.Note(Format("level: %d", level));
}

void SetVerbosity(Inner* self, int verbosity) {
  CONFIG("setProfilingVerbosity", );
  if (verbosity < 0 || verbosity > 2) Violation("setProfilingVerbosity with an unknown one");
  config.verbosity = verbosity;
}

void SetHardware(Inner* self, int level) {
  CONFIG("setHardwareCompatibilityLevel", );
  if (level < 0 || level > (config.release >= 100900 ? 2 : 1))
    Violation("setHardwareCompatibilityLevel with an unknown one");
  config.hardware = level;
}

bool SetAuxStreams(Inner* self, int streams) {
  CONFIG("setMaxAuxStreams", false);
  if (streams < 0) Violation("setMaxAuxStreams below 0");
  config.aux_streams = streams;
  config.Note(Format("aux streams: %d", streams));
  return true;
}

bool SetTacticSources(Inner* self, uint32_t sources) {
  CONFIG("setTacticSources", false);
  if (Fails("setTacticSources", logger)) return false;
  if (sources >> (config.release >= 110000 ? 2 : 5) != 0) {
    Violation(Format("tactic sources %x are not all of release %d", sources, config.release));
  }
  config.Note(Format("tactics: %u", sources));
  return true;
}

int AddProfile(Inner* self, void* given) {
  CONFIG("addOptimizationProfile", -1);
  Object* const profile = FromPublic(given, Kind::kProfile, "addOptimizationProfile");
  if (profile == nullptr || Fails("addOptimizationProfile", logger)) return -1;
  config.profiles.push_back(static_cast<OptimizationProfile*>(profile));
  return static_cast<int>(config.profiles.size()) - 1;
}

int NbProfiles(Inner* self) {
  CONFIG("getNbOptimizationProfiles", 0);
  return static_cast<int>(config.profiles.size());
}

bool SetCalibrationProfile(Inner* self, void* given) {
  CONFIG("setCalibrationProfile", false);
  Object* const profile = FromPublic(given, Kind::kProfile, "setCalibrationProfile");
  if (profile == nullptr || Fails("setCalibrationProfile", logger)) return false;
  config.calibration_profile = static_cast<OptimizationProfile*>(profile);
  return true;
}

void SetCalibrator(Inner* self, void* calibrator) {
  CONFIG("setInt8Calibrator", );
  config.calibrator = calibrator;
}

void SetMonitor(Inner* self, void* monitor) {
  CONFIG("setProgressMonitor", );
  if (monitor != nullptr) CheckInterface(monitor, "IProgressMonitor");
  config.monitor = monitor;
}

void SetPlugins(Inner* self, const char* const* paths, int count) {
  CONFIG("setPluginsToSerialize", );
  for (int i = 0; i < count; ++i) config.Note(std::string("plugin: ") + paths[i]);
}

void SetPreview(Inner* self, int feature, bool enable) {
  CONFIG("setPreviewFeature", );
  config.Note(Format("preview %d: %d", feature, enable));
}

void SetTimingIterations(Inner*, int) {}
void SetProfileStream(Inner*, void*) {}

// ---- Timing caches: lines of text after a magic word and the release

constexpr char kCacheMagic[] = "timing cache ";

Bytes WriteCache(const TimingCache& cache) {
  std::string text = kCacheMagic + std::to_string(cache.release) + "\n";
  for (const std::string& entry : cache.entries) text += entry + "\n";
  return {text.begin(), text.end()};
}

void* CreateCache(Inner* self, const void* data, size_t size) {
  CONFIG("createTimingCache", nullptr);
  if (Fails("createTimingCache", logger)) return nullptr;
  std::vector<std::string> entries;
  const std::string text(static_cast<const char*>(size == 0 ? "" : data), size);
  if (size > 0) {
    const std::string head = kCacheMagic + std::to_string(config.release) + "\n";
    if (text.compare(0, head.size(), head) != 0) {
      logger.Error(
          "createTimingCache: Error Code 6: API Usage Error (The timing cache is corrupt or of "
          "another version)");
      return nullptr;
    }
    for (size_t at = head.size(); at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      entries.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  return Public(new TimingCache(config.release, std::move(entries)));
}

bool SetCache(Inner* self, void* given, bool) {
  CONFIG("setTimingCache", false);
  Object* const cache = FromPublic(given, Kind::kTimingCache, "setTimingCache");
  if (cache == nullptr || Fails("setTimingCache", logger)) return false;
  config.timing_cache = static_cast<TimingCache*>(cache);
  return true;
}

void* GetCache(Inner* self) {
  CONFIG("getTimingCache", nullptr);
  return Public(config.timing_cache);
}

void* SerializeCache(Inner* self) {
  const Using use(self, Kind::kTimingCache, "ITimingCache::serialize");
  if (use.object() == nullptr || Fails("ITimingCache::serialize", Logger())) return nullptr;
  return Public(new HostMemory(use.object()->release, WriteCache(*As<TimingCache>(use))));
}

bool CombineCache(Inner* self, void* given, bool) {
  const Using use(self, Kind::kTimingCache, "ITimingCache::combine");
  Object* const other = FromPublic(given, Kind::kTimingCache, "ITimingCache::combine");
  if (use.object() == nullptr || other == nullptr || Fails("ITimingCache::combine", Logger()))
    return false;
  auto& entries = As<TimingCache>(use)->entries;
  for (const std::string& entry : static_cast<TimingCache*>(other)->entries) {
    if (std::count(entries.begin(), entries.end(), entry) == 0) entries.push_back(entry);
  }
  return true;
}

bool ResetCache(Inner* self) {
  const Using use(self, Kind::kTimingCache, "ITimingCache::reset");
  if (use.object() != nullptr) As<TimingCache>(use)->entries.clear();
  return use.object() != nullptr;
}

// ---- Profiles

bool SetDimensions(Inner* self, const char* name, int which, const Dims& dims) {
  const Using use(self, Kind::kProfile, "setDimensions");
  if (use.object() == nullptr) return false;
  auto& profile = *As<OptimizationProfile>(use);
  if (Fails("setDimensions", profile.builder.logger)) return false;
  if (which < 0 || which > 2 || dims.rank < 0 || dims.rank > 8) {
    Violation("IOptimizationProfile::setDimensions with what can't be meant");
    return false;
  }
  Range& range = profile.ranges[name];
  (which == 0 ? range.min : which == 1 ? range.opt : range.max) = FromDims(dims);
  return true;
}

template <typename Number>
bool SetValues(Inner* self, const char* name, int which, const Number* values, int count) {
  const Using use(self, Kind::kProfile, "setShapeValues");
  if (use.object() == nullptr) return false;
  auto& profile = *As<OptimizationProfile>(use);
  if (Fails("setShapeValues", profile.builder.logger)) return false;
  if (which < 0 || which > 2 || count < 0 || values == nullptr) {
    Violation("IOptimizationProfile::setShapeValues with what can't be meant");
    return false;
  }
  profile.ranges[name].values[which].assign(values, values + count);
  return true;
}

bool Ordered(const Range& range) {
  const size_t rank = range.min.size();
  if (range.opt.size() != rank || range.max.size() != rank) return false;
  for (size_t i = 0; i < rank; ++i) {
    if (range.min[i] < 0 || range.min[i] > range.opt[i] || range.opt[i] > range.max[i])
      return false;
  }
  return true;
}

bool IsValid(Inner* self) {
  const Using use(self, Kind::kProfile, "IOptimizationProfile::isValid");
  if (use.object() == nullptr) return false;
  const Profile& ranges = As<OptimizationProfile>(use)->ranges;
  return std::all_of(ranges.begin(), ranges.end(),
                     [](const auto& range) { return Ordered(range.second); });
}

Dims GetDimensions(Inner* self, const char* name, int which) {
  const Using use(self, Kind::kProfile, "IOptimizationProfile::getDimensions");
  if (use.object() == nullptr) return {-1, {}};
  const auto& ranges = As<OptimizationProfile>(use)->ranges;
  const auto found = ranges.find(name);
  if (found == ranges.end()) return {-1, {}};
  return ToDims(which == 0   ? found->second.min
                : which == 1 ? found->second.opt
                             : found->second.max);
}

const std::vector<Implementation>& ConfigMethods() {
  static const std::vector<Implementation> methods = {
      {"setFlag", AsMethod(&SetFlag)},
      {"clearFlag", AsMethod(&ClearFlag)},
      {"getFlag", AsMethod(&GetFlag)},
      {"setFlags", AsMethod(&SetFlags)},
      {"getFlags", AsMethod(&GetFlags)},
      {"setMemoryPoolLimit", AsMethod(&SetPoolLimit)},
      {"setBuilderOptimizationLevel", AsMethod(&SetLevel)},
      {"setProfilingVerbosity", AsMethod(&SetVerbosity)},
      {"setHardwareCompatibilityLevel", AsMethod(&SetHardware)},
      {"setMaxAuxStreams", AsMethod(&SetAuxStreams)},
      {"setTacticSources", AsMethod(&SetTacticSources)},
      {"addOptimizationProfile", AsMethod(&AddProfile)},
      {"getNbOptimizationProfiles", AsMethod(&NbProfiles)},
      {"setCalibrationProfile", AsMethod(&SetCalibrationProfile)},
      {"setInt8Calibrator", AsMethod(&SetCalibrator)},
      {"setProgressMonitor", AsMethod(&SetMonitor)},
      {"setPluginsToSerialize", AsMethod(&SetPlugins)},
      {"setPreviewFeature", AsMethod(&SetPreview)},
      {"setAvgTimingIterations", AsMethod(&SetTimingIterations)},
      {"setProfileStream", AsMethod(&SetProfileStream)},
      {"createTimingCache", AsMethod(&CreateCache)},
      {"setTimingCache", AsMethod(&SetCache)},
      {"getTimingCache", AsMethod(&GetCache)},
  };
  return methods;
}

}  // namespace

Config::Config(Builder& builder)
    : Object(Kind::kBuilderConfig, builder.release, "VBuilderConfig", ConfigMethods()),
      builder(builder),
      flags(1U << 6) {
  ++builder.children;  // TF32 is on, unless somebody clears it
}

void Config::End() { --builder.children; }

void Config::Note(const std::string& text) { noted += text + "\n"; }

OptimizationProfile::OptimizationProfile(Builder& builder)
    : Object(Kind::kProfile, builder.release, "VOptimizationProfile",
             {{"setDimensions", AsMethod(&SetDimensions)},
              {"getDimensions", AsMethod(&GetDimensions)},
              {"setShapeValues", AsMethod(&SetValues<int32_t>)},
              {"setShapeValuesV2", AsMethod(&SetValues<int64_t>)},
              {"isValid", AsMethod(&IsValid)}}),
      builder(builder) {}

TimingCache::TimingCache(int release, std::vector<std::string> entries)
    : Object(Kind::kTimingCache, release, "VTimingCache",
             {{"serialize", AsMethod(&SerializeCache)},
              {"combine", AsMethod(&CombineCache)},
              {"reset", AsMethod(&ResetCache)}}),
      entries(std::move(entries)) {}

void* NewConfig(Builder& builder) { return Public(new Config(builder)); }

}  // namespace fake
