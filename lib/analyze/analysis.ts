/**
 * What an analysis is: the question, where it was asked, and what came of each configuration. It is kept in a file that
 * grows by one measurement at a time; `docs/analysis.schema.json` is this as a JSON Schema.
 */
import * as z from '../third-party/zod.js';
import { environment } from '../results/environment.js';
import { resultRow } from '../results/row.js';
import { verification } from '../verify/verification.js';
import { configuration, precisions } from './configuration.js';
import { limits, objectives } from './objective.js';

const axis = z
  .strictObject({ values: z.array(z.int().positive()).min(1), searched: z.boolean() })
  .meta({ description: 'Values of a setting; `searched`: a range, which a search may leave early.' });

/** What changes a load, besides what is searched; of each backend that it is of use to. */
export const loadSettings = z.strictObject({
  /** OpenVINO's performance hint. */
  hint: z.enum(['latency', 'throughput', 'cumulative_throughput', 'none']).optional(),
  /** TensorRT replays each run as a CUDA graph. */
  graphs: z.literal(true).optional(),
  /** Compiled models are kept: in this folder, or in the user's. */
  cache: z.union([z.literal(true), z.string().min(1)]).optional(),
});

const amount = z.number().nonnegative();

/** What was asked. Two analyses with the same question may share measurements. */
export const question = z.strictObject({
  models: z.array(z.string().min(1)).min(1),
  /** SHA-256 of each model's files, its weights' too, by the model: a path says nothing of what lies there. */
  contents: z.record(z.string(), z.string()),
  devices: z.array(z.string().min(1)).min(1),
  precisions: z.array(z.enum(precisions)).min(1),
  batch: axis,
  lanes: axis,
  concurrency: axis,
  /** Shapes of inputs that the models leave open, by name; the batch takes the place of the first dimension. */
  shapes: z.record(z.string(), z.array(z.int().nonnegative())),
  /** Absent: as `Session.load` does by itself. */
  load: loadSettings.optional(),
  search: z.enum(['brute', 'quick']),
  objectives,
  limits,
  /** Milliseconds that each configuration is measured for, and warmed up before. */
  duration: amount,
  warmup: amount,
  /** At least so many requests are counted. */
  minRuns: z.int().positive(),
  /** Milliseconds between two samples of the device. Default: 100. */
  sampleInterval: z.number().positive().optional(),
  /** Milliseconds that a configuration may take in all, loading included. */
  timeout: z.number().positive(),
  /** The device whose outputs those of each configuration are compared with. */
  reference: z.string().min(1).optional(),
});

/** What came of one configuration. */
export const measurement = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('measured'),
    configuration,
    row: resultRow,
    /** Does it keep all limits? Absent where nobody could measure what a limit is about. */
    satisfies: z.boolean().optional(),
    /** Dimensions, counted from 0, that the model leaves open and nobody has given, by input: they were 1. */
    openAsOne: z.record(z.string(), z.array(z.int().positive())).optional(),
    verification: verification.optional(),
    /** Why the outputs could not be compared: the reference can't be loaded, say. Then nobody knows whether they are right. */
    verificationFailure: z.string().min(1).optional(),
  }),
  z.strictObject({
    outcome: z.enum(['out of memory', 'failed', 'crashed', 'timed out']),
    configuration,
    /** A sentence, in the vendor's own words where there are any. */
    reason: z.string().min(1),
    /** Of the `AccelError`, where there was one. */
    code: z.string().optional(),
    /** What to do about it. */
    hint: z.string().optional(),
  }),
]);

export const FORMAT = 'accelnode-analysis';
export const VERSION = 1;

export const analysis = z
  .strictObject({
    format: z.literal(FORMAT),
    version: z.literal(VERSION),
    question,
    environment,
    /** Has the search come to its end? */
    complete: z.boolean(),
    /** In the order in which they were made. */
    measurements: z.array(measurement),
  })
  .meta({ title: 'accelnode analysis', description: 'What `accelnode analyze` writes to analysis.json.' });

export type LoadSettings = z.output<typeof loadSettings>;
export type Question = z.output<typeof question>;
export type Measurement = z.output<typeof measurement>;
export type Measured = Extract<Measurement, { outcome: 'measured' }>;
export type Failed = Exclude<Measurement, Measured>;
export type Analysis = z.output<typeof analysis>;

/** Has somebody named each value? Then every combination is wanted, and there is nothing to search. */
export function areLists({ batch, lanes, concurrency }: Question): boolean {
  return ![batch, lanes, concurrency].some(({ searched }) => searched);
}
