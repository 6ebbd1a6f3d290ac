/** Models from what `accelnode bench` and `accelnode analyze` wrote: each row that is fit for use is a configuration. */
import * as z from '../third-party/zod.js';

import { readAnalysis } from '../analyze/analysis-file.js';
import { precisions } from '../analyze/configuration.js';
import type { Configuration } from '../analyze/configuration.js';
import { invalidArgument } from '../errors.js';
import { parse } from '../options/load.js';
import { RESULTS_FORMAT, RESULTS_VERSION } from '../results/results.js';
import { resultRow } from '../results/row.js';
import type { ResultRow } from '../results/row.js';
import type { ModelConfiguration, PlacementModel } from './types.js';

const MB = 2 ** 20;

/** A model of a table. */
export interface ReadModel extends PlacementModel {
  /** The table that it is from. */
  table: string;
  /** The file that it is named after, where nobody has given it a name. */
  file?: string;
}

export interface ReadTable {
  models: ReadModel[];
  notes: string[];
  /** What the devices' processors had to do before any model was loaded, the most of it. Unset where nobody knows. */
  idleUtilizationPercent?: number;
}

/** What was measured, and what was asked for, where that is known. */
interface Measured {
  row: ResultRow;
  asked?: Configuration;
  /** Nobody knows whether its outputs are right: the reference failed. */
  unverified?: boolean;
}

/** Why a row is left out, and what to do. */
interface Unfit {
  is: (measured: Measured, judged: boolean) => boolean;
  why: string;
  remedy: string;
}

const other = 'Analyze it again, with other configurations or other limits.';
const UNFIT: readonly Unfit[] = [
  {
    is: ({ row }) => row.verified === false,
    why: 'for the outputs, which failed the verification',
    remedy: other,
  },
  {
    is: ({ unverified }) => unverified === true,
    why: 'for outputs that could not be compared with the reference',
    remedy: 'Analyze it again with a reference that can run the model, or without --verify.',
  },
  { is: ({ row }) => row.satisfies === false, why: 'for the limits of the analysis', remedy: other },
  {
    is: ({ row }, judged) => judged && row.satisfies === undefined,
    why: 'for limits of the analysis that nobody could check',
    remedy: 'Analyze it again without the limits on what the device does not tell.',
  },
  // A plan adds models up by itself.
  {
    is: ({ row }) => row.beside !== undefined,
    why: 'for other models that ran beside it',
    remedy: 'Measure it alone: bench without --with.',
  },
  // The throughput is the rate that was asked for, and the utilization is that rate's.
  {
    is: ({ row }) => row.load.kind === 'open',
    why: 'for a rate of requests that was set, which does not tell what the model can do',
    remedy: 'Measure it with requests in flight: bench with --concurrency, not with --request-rate.',
  },
];

export function isResults(content: unknown): content is { version: unknown; rows: unknown; interrupted?: unknown } {
  return typeof content === 'object' && content !== null && 'format' in content && content.format === RESULTS_FORMAT;
}

/** @throws `INVALID_ARGUMENT` for results of another version, damaged ones, and a model that has no row to use */
export function fromResults(
  path: string,
  { version, rows, interrupted }: { version: unknown; rows: unknown; interrupted?: unknown },
): ReadTable {
  if (version !== RESULTS_VERSION) {
    const its = version === undefined ? 'has no version' : `is of version ${JSON.stringify(version)}`;
    throw invalidArgument(
      `${path} was written by another version of accelnode: it ${its}, this one reads ${RESULTS_VERSION}.`,
      'Measure again with this version, or plan with that one.',
    );
  }
  const all = parse(z.array(resultRow), rows, `${path}: rows`).map((row) => ({ row }));
  // Limits are those of all rows.
  const judged = all.some(({ row }) => row.satisfies !== undefined);
  const notes = interrupted === true ? [`${path} is of a measurement that was interrupted: rows may be missing.`] : [];
  return fromMeasured(path, all, judged, notes);
}

/** @throws `INVALID_ARGUMENT` for an analysis that is of another version, or damaged, and a model that has no row to use */
export function fromAnalysis(path: string): ReadTable {
  const { question, complete, measurements } = readAnalysis(path);
  const all = measurements.flatMap((each): Measured[] => {
    if (each.outcome !== 'measured') return [];
    const { row, satisfies, verification, verificationFailure, configuration: asked } = each;
    const unverified = verificationFailure !== undefined;
    return [{ row: { ...row, satisfies, verified: verification?.passed }, asked, unverified }];
  });
  const judged = Object.values(question.limits).some((limit) => limit !== undefined);
  const notes = complete ? [] : [`${path} is of an analysis that was interrupted: rows may be missing.`];
  return fromMeasured(path, all, judged, notes);
}

function fromMeasured(path: string, all: readonly Measured[], judged: boolean, notes: string[]): ReadTable {
  if (all.length === 0) throw invalidArgument(`${path} is empty: there is no row in it.`);
  const byProcess = new Set<string>();
  const idle: number[] = [];
  const files = [...new Set(all.map(fileOf))];
  const models = files.map((file): ReadModel => {
    const own = all.filter((each) => fileOf(each) === file);
    const { model } = own[0]!.row;
    const fit = own.filter((each) => reasonAgainst(each, judged) === undefined);
    notes.push(...notesOnUnfit(path, model, own, fit.length, judged));
    const configurations = fit.map((measured) => {
      const { resources } = measured.row;
      if (resources.deviceMemory === undefined) byProcess.add(model);
      if (resources.idle?.deviceUtilization !== undefined) idle.push(resources.idle.deviceUtilization);
      return configurationOf(measured, `${path}, row ${all.indexOf(measured) + 1}`);
    });
    return { name: model, configurations, table: path, ...(own[0]!.asked === undefined ? {} : { file }) };
  });
  if (byProcess.size > 0) {
    notes.push(
      `${path}: the device told no memory, so that it is the process's (RSS) for: ${[...byProcess].join(', ')}.`,
    );
  }
  return { models, notes, ...(idle.length === 0 ? {} : { idleUtilizationPercent: Math.max(...idle) }) };
}

/** An analysis tells the whole path. */
function fileOf({ row, asked }: Measured): string {
  return asked?.model ?? row.model;
}

function configurationOf(measured: Measured, where: string): ModelConfiguration {
  const { row, asked } = measured;
  const { deviceMemory, rss, deviceUtilization, idle } = row.resources;
  const memory = deviceMemory ?? rss;
  if (memory === undefined) throw invalidArgument(`${where}: it is not known how much memory "${row.model}" takes.`);
  const precision = asked?.precision ?? askedFor(row);
  return {
    name: nameOf(measured),
    memoryMB: memory / MB,
    ...(deviceUtilization === undefined
      ? {}
      : { utilizationPercent: Math.max(0, deviceUtilization - (idle?.deviceUtilization ?? 0)) }),
    throughput: row.samplesPerSecond,
    ...(row.latency.p99 > 0 ? { latency: row.latency.p99 } : {}),
    batch: row.batch,
    lanes: row.lanes,
    ...(precision === undefined ? {} : { precision }),
    ...(Object.keys(row.shapes).length === 0 ? {} : { shapes: row.shapes }),
    ...(row.load.concurrency === undefined ? {} : { concurrency: row.load.concurrency }),
    ...(asked === undefined ? {} : { path: asked.model }),
    device: row.device,
  };
}

/** `Session.load`'s word for what a row was computed in. A .rknn has its precision already, and takes no other. */
function askedFor({ backend, precision }: ResultRow): Configuration['precision'] | undefined {
  return backend === 'rknn' || precision === undefined ? undefined : precisionNamed(precision);
}

/** `Session.load`'s word for a vendor's. */
export function precisionNamed(word: string): Configuration['precision'] | undefined {
  const plain = word.toLowerCase().replace(/^f(?=\d)/, 'fp');
  return precisions.find((each) => each === plain);
}

function reasonAgainst(measured: Measured, judged: boolean): Unfit | undefined {
  return UNFIT.find(({ is }) => is(measured, judged));
}

/** @throws `INVALID_ARGUMENT` for a model of which no row is left */
function notesOnUnfit(path: string, model: string, own: readonly Measured[], fit: number, judged: boolean): string[] {
  if (fit === own.length) return [];
  const against = own.map((each) => reasonAgainst(each, judged));
  const counted = UNFIT.map((reason) => ({ reason, count: against.filter((each) => each === reason).length }));
  const there = counted.filter(({ count }) => count > 0);
  const reasons = there.map(({ reason: { why }, count }) => `${count} ${why}`).join(', ');
  const remedies = [...new Set(there.map(({ reason: { remedy } }) => remedy))].join(' ');
  if (fit > 0) return [`${path}: left out of the ${own.length} configurations of "${model}": ${reasons}.`];
  throw invalidArgument(`${path}: no configuration of "${model}" is fit for use: ${reasons}.`, remedies);
}

function nameOf({ row: { batch, lanes, load, device, precision }, asked }: Measured): string {
  const requests = load.kind === 'closed' ? `${load.concurrency} at once` : `${load.rate}/s`;
  return [
    `batch ${batch}`,
    `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
    requests,
    asked?.precision ?? precision,
    device,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
