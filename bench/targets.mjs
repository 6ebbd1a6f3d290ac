// What accelnode promises to reach, by model and mode; and whether it does.

const figures = {
  floorRatio: '× C',
  differenceUs: 'µs more than C',
  onnxruntimeRatio: '× onnxruntime-node',
  benchmarkAppRatio: '× benchmark_app',
};

const ofImages = {
  'runSync latency': { floorRatio: { atMost: 1.05 }, onnxruntimeRatio: { atMost: 0.8 } },
  'run latency': { floorRatio: { atMost: 1.05 }, onnxruntimeRatio: { atMost: 0.8 } },
  '8 in flight throughput': { floorRatio: { atLeast: 0.95 }, benchmarkAppRatio: { atLeast: 1 } },
};

const targets = {
  mlp: {
    'runSync latency': { differenceUs: { atMost: 1 } },
    'run latency': { differenceUs: { atMost: 10 } },
    '8 in flight throughput': { floorRatio: { atLeast: 0.8 }, benchmarkAppRatio: { atLeast: 1 } },
  },
  minilm: {
    'runSync latency': ofImages['runSync latency'],
    'run latency': ofImages['run latency'],
  },
  resnet18: ofImages,
  resnet50: ofImages,
};

/** What the layer itself may take: the null backend. */
export const layerTargets = {
  sequentialUs: { atMost: 3 },
  inflight64Us: { atMost: 1.5 },
  bytesCopiedPerCall: { atMost: 0 },
  // None, that is: nothing beyond what V8's heap varies by from one collection to the next.
  rssGrowthMB: { atMost: 1 },
};

/** What a run may take of the host's time with TensorRT, by the memory that its tensors lie in, in microseconds. */
export const cudaTargets = { device: { atMost: 10 } };

/**
 * What several cores of a Rockchip NPU make of one core's runs, by their number; and what a run may take of the host's
 * time, in microseconds.
 */
export const rknnTargets = { 3: { atLeast: 2.8 }, call: { atMost: 10 } };

/** `row` with what is asked of it: `target` in words, and `holds`. Both are null where nothing is asked. */
export function judged(row) {
  const wanted = targets[row.model]?.[row.mode];
  if (wanted === undefined) return { ...row, target: null, holds: null };
  return {
    ...row,
    target: Object.entries(wanted)
      .map(([figure, limit]) => `${limitText(limit)} ${figures[figure]}`)
      .join(', '),
    holds: holds(Object.entries(wanted).map(([figure, limit]) => within(row[figure], limit))),
  };
}

export function limitText({ atMost, atLeast }) {
  return atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
}

/** Null for a figure that was not measured. */
export function within(value, { atMost = Infinity, atLeast = -Infinity }) {
  return value === null ? null : value <= atMost && value >= atLeast;
}

/** One that fails decides; else one that is unknown. */
function holds(each) {
  if (each.includes(false)) return false;
  return each.includes(null) ? null : true;
}
