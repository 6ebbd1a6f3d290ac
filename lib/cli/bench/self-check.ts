/** `accelnode bench --self-check`: what measuring itself takes, on a model that takes nothing. */
import { Session, measure } from '../../index.js';
import type { MeasureApi, NullModel } from '../../index.js';
import { EXIT_FAILED, formatTable, print, printJson } from '../output.js';

/** Milliseconds: one percent of a latency of 1 ms. */
const MOST_OVERHEAD = 0.01;

const MODEL: NullModel = { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1, 64] }] };

export async function selfCheck(json: boolean): Promise<void> {
  await using session = await Session.load({ null: MODEL }, { device: 'null:0' });
  const overhead = {
    native: await overheadOf(session, 'native'),
    run: await overheadOf(session, 'run'),
    runSync: await overheadOf(session, 'runSync'),
  };
  const passed = overhead.native <= MOST_OVERHEAD;
  if (!passed) process.exitCode = EXIT_FAILED;
  if (json) {
    printJson({ overhead, limit: MOST_OVERHEAD, passed });
    return;
  }
  const rows = Object.entries(overhead).map(([api, time]) => [
    api,
    (time * 1000).toFixed(2),
    `${(time * 100).toFixed(2)} %`,
  ]);
  print(formatTable(['api', 'µs a request', 'of a latency of 1 ms'], rows));
  print();
  print(
    passed
      ? 'PASS: what the addon measures is at most 1 % too long from 1 ms on.'
      : 'FAIL: what the addon measures may be more than 1 % too long at 1 ms. This machine is slow, or busy.',
  );
}

/** The median latency, in milliseconds. */
async function overheadOf(session: Session, api: MeasureApi): Promise<number> {
  const { latency } = await measure(session, { x: new Float32Array(64) }, { api, duration: 500 });
  return latency.p50;
}
