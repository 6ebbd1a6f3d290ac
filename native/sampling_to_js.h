// Samples between lib/measure/ and the sampler.
#pragma once

#include <napi.h>

namespace accelnode {

// sample({ id, backend, device, interval }): { begun: Promise<void>, ended: Promise<report> }.
// `begun` settles with the first sample, `ended` some time after stopSampling(id). The report is
// { samples, utilization?, power?, temperature?, memory?, rss?, cpu?, overhead?, took, problems },
// with `interval` and `took` in milliseconds.
Napi::Value Sample(const Napi::CallbackInfo& info);

// stopSampling(id)
Napi::Value StopSampling(const Napi::CallbackInfo& info);

}  // namespace accelnode
