// A load between lib/measure/ and the generator.
#pragma once

#include <napi.h>

#include "load_generator.h"

namespace accelnode {

LoadPlan LoadPlanFromJs(Napi::Object object);

// { error?, due, sent, started, ended, duration, counted, all, late, unsent }: times in
// milliseconds since what counts began; sums as numbers of Mailbox::kRecordSize, with runs and
// failed ones at the front.
Napi::Value ToJs(Napi::Env env, LoadReport& report);

}  // namespace accelnode
