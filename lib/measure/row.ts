/** A measurement as a row of results. */
import { basename } from 'node:path';

import type { MemoryKind } from '../memory.js';
import type { ResultRow } from '../results/row.js';
import type { Session } from '../session.js';
import type { LayerProfile } from '../session-stats.js';
import type { MeasuredLoad } from './measured-load.js';
import type { MeasureApi, Measurement } from './options.js';

/** What was measured, as far as the session does not tell. */
export interface Measured extends MeasuredLoad {
  /** The model's file. */
  model: string;
  batch: number;
  shapes: Record<string, number[]>;
  load: ResultRow['load'];
  beside?: ResultRow['beside'];
  api: MeasureApi;
  memory: MemoryKind;
  hint?: string | undefined;
  /** Milliseconds. */
  firstInference: number;
  resources: ResultRow['resources'];
  layers?: readonly LayerProfile[] | undefined;
}

export function toResultRow(session: Session, measured: Measured, measurement: Measurement): ResultRow {
  const { model, layers, ...rest } = measured;
  const { runs, duration, throughput, latency, queued, h2d, compute, d2h, parts, stable, windows, unsent, warnings } =
    measurement;
  const { backend, device, precision, lanes, details } = session;
  return {
    model: basename(model),
    backend,
    device,
    precision,
    lanes,
    ...rest,
    graphs: typeof details['graphs'] === 'boolean' ? details['graphs'] : undefined,
    requests: runs,
    duration,
    throughput,
    samplesPerSecond: throughput * rest.batch,
    latency,
    breakdown: { queue: queued, h2d, compute, d2h },
    parts: parts && { queue: parts.queued, h2d: parts.h2d, compute: parts.compute, d2h: parts.d2h },
    stable,
    windows,
    unsent,
    layers: layers && [...layers],
    warnings,
  };
}
