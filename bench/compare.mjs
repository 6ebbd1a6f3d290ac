// A model on accelnode, on the vendor's C API and on its peers, in turns in random order.
import { setTimeout as sleep } from 'node:timers/promises';

import { benchmarkApp } from './benchmark-app.mjs';
import { environment, floorProgram, progress } from './prepare.mjs';
import { Program } from './program.mjs';
import { quartiles, shuffled } from './statistics.mjs';
import { judged } from './targets.mjs';

const IN_FLIGHT = 8;

/** Ways to run a model: accelnode's turn, the turn of the C program that it is divided by, and what they give. */
const modes = {
  'runSync latency': { turn: 'runSync', floor: 'infer', figure: 'medianUs' },
  'run latency': { turn: 'run', floor: 'infer', figure: 'medianUs' },
  [`${IN_FLIGHT} in flight throughput`]: { turn: 'flight', floor: 'async', figure: 'perSecond' },
};

/** The peer that a mode can be compared with, by the figure: accelnode's ratio to it, and that of the C program. */
const peers = {
  medianUs: { turn: 'onnxruntime', column: 'onnxruntimeRatio', floorColumn: 'floorOnnxruntimeRatio' },
  perSecond: { turn: 'benchmarkApp', column: 'benchmarkAppRatio', floorColumn: 'floorBenchmarkAppRatio' },
};

/** Turns that ratios are made of follow each other, so that the machine is the same for both. */
const neighbours = [
  ['infer', 'runSync', 'run', 'onnxruntime'],
  ['async', 'flight', 'benchmarkApp'],
];

/** A turn of benchmark_app is a process that loads the model, which takes longer than all else in a round. */
const ROUNDS_PER_BENCHMARK_APP = 2;

/**
 * @param {import('./models.mjs').modelOf} model
 * @param {object} plan
 * @param {string[]} [plan.turns] Default: all
 * @param {number} plan.processes how many times everything is started anew: memory lies elsewhere each time
 * @param {number} plan.rounds turns of each in a process
 * @param {{ latency: number, throughput: number }} plan.milliseconds of a turn
 * @param {number} plan.seconds after which no round begins, once there are three
 * @returns rows, and facts of the vendor's library
 */
export async function compare(model, plan) {
  const until = performance.now() + plan.seconds * 1000;
  const rounds = [];
  let facts;
  for (let i = 0; i < plan.processes; i++) {
    const contest = await start(model, plan);
    facts = contest.facts;
    const { turns } = contest;
    for (const turn in turns) if (turn !== 'benchmarkApp') await turns[turn](); // compile, warm up
    for (let j = 0; j < plan.rounds; j++) {
      if (rounds.length >= 3 && performance.now() > until) break;
      const round = {};
      for (const turn of shuffled(neighbours).flatMap(shuffled)) {
        if (turns[turn] === undefined) continue;
        if (turn === 'benchmarkApp' && j % ROUNDS_PER_BENCHMARK_APP !== 0) continue;
        await sleep(10); // threads of the last one may still be spinning
        round[turn] = await turns[turn]();
        if (round[turn] === undefined) delete turns[turn]; // it said why
      }
      rounds.push(round);
      progress(`  round ${rounds.length}: ${describe(round)}`);
    }
    contest.stop();
  }
  return { rows: Object.entries(modes).flatMap(([mode, way]) => rowOf(model, mode, way, rounds)), facts };
}

/** Starts the programs; those of peers that are not there are left out, with a reason. */
async function start({ name, file, dims, inputs }, { milliseconds: { latency, throughput }, turns: wanted }) {
  const args = [file, ...dims.map(String)];
  const has = (turn) => wanted === undefined || wanted.includes(turn);
  const absent = (library, error) => {
    progress(`  ${name}: no figure of ${library}: ${error.message.split('\n')[0]}`);
    return undefined;
  };
  const c = await Program.start(floorProgram, args);
  const js = await Program.startNode('accelnode.mjs', args, { env: environment });
  const { lanes, threads } = await js.ask('describe');
  const ort = has('onnxruntime')
    ? await Program.startNode('onnxruntime.mjs', [file, String(threads), ...args.slice(1)]).catch((error) =>
        absent('onnxruntime-node', error),
      )
    : undefined;
  const { openvino } = c.facts;
  const turns = {
    infer: () => c.ask(`infer ${latency}`),
    async: () => c.ask(`async ${lanes} ${throughput}`),
    runSync: () => js.ask(`sync ${latency}`),
    run: () => js.ask(`run ${latency}`),
    flight: () => js.ask(`flight ${IN_FLIGHT} ${throughput}`),
    onnxruntime: ort && (() => ort.ask(`run ${latency}`)),
    benchmarkApp: () =>
      benchmarkApp({ file, dims, inputs }, { lanes, seconds: Math.ceil(throughput / 1000), openvino }).catch((error) =>
        absent('benchmark_app', error),
      ),
  };
  return {
    turns: Object.fromEntries(Object.entries(turns).filter(([turn, take]) => has(turn) && take !== undefined)),
    facts: { openvino },
    stop: () => [c, js, ort].forEach((program) => program?.stop()),
  };
}

function rowOf(model, mode, { turn, floor, figure }, rounds) {
  const of = (key) => rounds.map((round) => round[key]?.[figure]);
  const mine = of(turn);
  if (mine[0] === undefined) return [];
  const isTime = figure === 'medianUs';
  const { column, floorColumn, turn: peer } = peers[figure];
  const divided = (a, b) => over(of(a), of(b), (x, y) => x / y);
  const spread = {
    floorRatio: divided(turn, floor),
    differenceUs: isTime ? over(mine, of(floor), (x, y) => x - y) : null,
    [column]: divided(turn, peer),
    [floorColumn]: divided(floor, peer),
  };
  const middle = (numbers) => quartiles(numbers).median;
  const row = {
    model: model.name,
    shape: model.dims.length > 0 ? model.dims : null,
    mode,
    better: isTime ? 'lower' : 'higher',
    ...{ floorRatio: null, onnxruntimeRatio: null, benchmarkAppRatio: null },
    ...{ floorOnnxruntimeRatio: null, floorBenchmarkAppRatio: null },
    ...mapValues(spread, (seen) => seen?.median ?? null),
    spread: spread.floorRatio.high - spread.floorRatio.low,
    quartiles: mapValues(spread, (seen) => seen && [seen.low, seen.high]),
    medianUs: isTime ? middle(mine) : null,
    floorUs: isTime ? middle(of(floor)) : null,
    perSecond: isTime ? null : middle(mine),
    floorPerSecond: isTime ? null : middle(of(floor)),
    rounds: rounds.length,
    runs: rounds.reduce((sum, round) => sum + round[turn].runs, 0),
  };
  return [judged(row)];
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** Quartiles of what `combine` makes of neighbours, where both have been measured; null when never. */
function over(mine, theirs, combine) {
  const both = mine.flatMap((value, i) =>
    value === undefined || theirs[i] === undefined ? [] : [combine(value, theirs[i])],
  );
  return both.length === 0 ? null : quartiles(both);
}

function describe(round) {
  const numbers = Object.entries(round).map(([turn, seen]) => {
    if (seen === undefined) return `${turn} –`;
    return seen.medianUs === undefined
      ? `${turn} ${seen.perSecond.toPrecision(4)}/s`
      : `${turn} ${seen.medianUs.toPrecision(4)} µs`;
  });
  return numbers.sort().join(', ');
}
