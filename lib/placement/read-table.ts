/** Reads tables of models and of devices: CSV, JSON, YAML, and both of the files that `accelnode analyze` writes. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

import * as z from '../third-party/zod.js';

import { readAnalysis } from '../analyze/analysis-file.js';
import { FORMAT as ANALYSIS_FORMAT } from '../analyze/analysis.js';
import { toResults } from '../analyze/to-results.js';
import { AccelError, invalidArgument } from '../errors.js';
import { parse } from '../options/load.js';
import { RESULTS_FORMAT, RESULTS_VERSION } from '../results/results.js';
import { resultRow } from '../results/row.js';
import type { ResultRow } from '../results/row.js';
import { reasonOf } from '../runtimes/failures.js';
import { checkColumns } from './columns.js';
import type { RowSchema } from './columns.js';
import type { DeviceKind, ModelConfiguration, PlacementModel } from './types.js';

const MB = 2 ** 20;

/** A row of a table, wherever it is. */
interface Row {
  /** E.g. `models.csv, line 3`. */
  where: string;
  fields: Readonly<Record<string, unknown>>;
}

/** A line of a CSV file. */
interface CsvLine {
  /** From 1 on. */
  number: number;
  cells: string[];
}

/** Told from the lists of other files by its class. */
class CsvLines {
  readonly lines: readonly CsvLine[];

  constructor(lines: readonly CsvLine[]) {
    this.lines = lines;
  }
}

export interface ModelTable {
  models: PlacementModel[];
  notes: string[];
}

const text = z.union([z.string().trim().min(1), z.number().transform(String)]);
/** CSV has only text. An empty field is a figure that is not known. */
const number = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z.number({ error: 'must be a number' }),
);
const amount = number.refine((value) => Number.isFinite(value) && value >= 0, 'must be a number of at least 0');
const positive = number.refine((value) => Number.isFinite(value) && value > 0, 'must be a number above 0');
const count = number.refine(
  (value) => Number.isSafeInteger(value) && value >= 1,
  'must be a whole number of at least 1',
);

const modelRow = z.strictObject({
  model: text,
  configuration: text.optional(),
  memoryMB: amount,
  memoryPercent: amount.optional(),
  utilizationPercent: amount.optional(),
  throughput: positive.optional(),
  latency: positive.optional(),
  rate: positive.optional(),
  batch: count.optional(),
  lanes: count.optional(),
  precision: text.optional(),
  device: text.optional(),
});

const deviceRow = z.strictObject({
  name: text,
  memoryMB: positive,
  price: amount.optional(),
  count: count.optional(),
});

/** @throws `INVALID_ARGUMENT` that says which line is wrong, and how */
export async function readModels(path: string): Promise<ModelTable> {
  const content = await read(path);
  if (isRecord(content) && content['format'] === ANALYSIS_FORMAT) return fromAnalysis(path);
  if (isResults(content)) return fromResults(path, content);
  return { models: fromRows(rowsOf(path, content, 'models', modelRow)), notes: [] };
}

/** @throws `INVALID_ARGUMENT` */
export async function readDevices(path: string): Promise<DeviceKind[]> {
  const rows = rowsOf(path, await read(path), 'devices', deviceRow);
  return rows.map(({ where, fields }) => parse(deviceRow, fields, where));
}

/** What a file has: lines of a CSV file, whatever is in another. */
async function read(path: string): Promise<unknown> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AccelError('INVALID_ARGUMENT', `Can't read ${path}: ${reasonOf(cause)}.`, { cause });
  }
  const type = extname(path).toLowerCase();
  try {
    switch (type) {
      case '.csv':
        return new CsvLines(await parseCsv(content));
      case '.json':
        return JSON.parse(content.replace(/^\uFEFF/, '')) as unknown;
      case '.yaml':
      case '.yml':
        return (await import('../third-party/yaml.js')).parse(content, { maxAliasCount: 100 }) as unknown;
    }
  } catch (cause) {
    const [why] = (cause as Error).message.split('\n');
    throw new AccelError('INVALID_ARGUMENT', `${path} is damaged: ${why!.replace(/[.:]$/, '')}.`, { cause });
  }
  throw invalidArgument(`${path} is no table.`, 'Tables are .csv, .json, .yaml or .yml files.');
}

async function parseCsv(content: string): Promise<CsvLine[]> {
  const { parse: parseText } = await import('../third-party/csv-parse.js');
  const options = { bom: true, skip_empty_lines: true, trim: true, info: true, relax_column_count: true } as const;
  const lines = parseText(content, options) as unknown as { record: string[]; info: { lines: number } }[];
  return lines.map(({ record, info }) => ({ number: info.lines, cells: record }));
}

/** The rows of a table, of a list, or of the list under `key`. */
function rowsOf(path: string, content: unknown, key: string, schema: RowSchema): Row[] {
  if (content instanceof CsvLines) return rowsOfLines(path, content.lines, key, schema);
  const list = isRecord(content) && Array.isArray(content[key]) ? content[key] : content;
  if (!Array.isArray(list)) throw invalidArgument(`${path} is no list of ${key}, and has none under "${key}".`);
  refuseEmpty(path, list, key);
  return list.map((row: unknown, i): Row => {
    const where = `${path}, row ${i + 1}`;
    if (!isRecord(row)) throw invalidArgument(`${where}: must be an object with the columns of the table.`);
    const fields = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    checkColumns(where, Object.keys(fields), schema);
    return { where, fields };
  });
}

function rowsOfLines(path: string, [head, ...lines]: readonly CsvLine[], key: string, schema: RowSchema): Row[] {
  if (head !== undefined) checkHead(`${path}, line ${head.number}`, head.cells, lines, schema);
  refuseEmpty(path, lines, key);
  return lines.map(({ number: line, cells }) => {
    const where = `${path}, line ${line}`;
    const names = head!.cells;
    if (cells.length !== names.length) {
      throw invalidArgument(
        `${where}: it has ${countOf(cells, 'field')}, but line ${head!.number} names ${countOf(names, 'column')}.`,
      );
    }
    const filled = names.flatMap((name, i) => (cells[i] === '' ? [] : [[name, cells[i]] as const]));
    return { where, fields: Object.fromEntries(filled) };
  });
}

function checkHead(where: string, names: readonly string[], lines: readonly CsvLine[], schema: RowSchema): void {
  const separator = names.length === 1 ? /[;\t|]/.exec(names[0]!)?.[0] : undefined;
  if (separator !== undefined) {
    const what = separator === '\t' ? 'tabs' : `"${separator}"`;
    throw invalidArgument(
      `${where}: the columns are separated by ${what}, not by commas.`,
      'Write it as CSV with commas.',
    );
  }
  const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
  if (twice !== undefined) throw invalidArgument(`${where}: two columns are called "${twice}".`);
  // Spreadsheets leave columns of nothing at the end.
  const nameless = names.findIndex((name, i) => name === '' && lines.some(({ cells }) => (cells[i] ?? '') !== ''));
  if (nameless !== -1) throw invalidArgument(`${where}: column ${nameless + 1} has no name.`);
  checkColumns(
    where,
    names.filter((name) => name !== ''),
    schema,
  );
}

function countOf(list: readonly unknown[], what: string): string {
  return `${list.length} ${what}${list.length === 1 ? '' : 's'}`;
}

function refuseEmpty(path: string, rows: readonly unknown[], key: string): void {
  if (rows.length === 0) throw invalidArgument(`${path} is empty: there is no row of ${key} in it.`);
}

/** Rows of one model are its configurations, which must differ in something but their figures. */
function fromRows(rows: readonly Row[]): PlacementModel[] {
  const models = new Map<
    string,
    { rate?: number | undefined; configurations: ModelConfiguration[]; seen: Map<string, string> }
  >();
  for (const { where, fields } of rows) {
    const { model, configuration: name, rate, ...configuration } = parse(modelRow, fields, where);
    const entry = models.get(model) ?? { rate, configurations: [], seen: new Map<string, string>() };
    models.set(model, entry);
    const { batch, lanes, precision, device } = configuration;
    const key = JSON.stringify([name, batch, lanes, precision, device]);
    const before = entry.seen.get(key);
    if (before !== undefined) {
      throw invalidArgument(
        `${where}: the model "${model}" is there already, in ${before}.`,
        'Several configurations of a model must differ in their configuration, batch, lanes, precision or device.',
      );
    }
    if (entry.rate !== undefined && rate !== undefined && entry.rate !== rate) {
      throw invalidArgument(`${where}: the rate of "${model}" is ${entry.rate} in another row.`);
    }
    entry.seen.set(key, where);
    entry.rate ??= rate;
    entry.configurations.push({ ...configuration, ...(name === undefined ? {} : { name }) });
  }
  return [...models].map(([name, { rate, configurations }]) => ({
    name,
    configurations,
    ...(rate === undefined ? {} : { rate }),
  }));
}

function isResults(content: unknown): content is { version: unknown; rows: unknown } {
  return isRecord(content) && content['format'] === RESULTS_FORMAT;
}

function fromResults(path: string, { version, rows }: { version: unknown; rows: unknown }): ModelTable {
  if (version !== RESULTS_VERSION) {
    const its = version === undefined ? 'has no version' : `is of version ${JSON.stringify(version)}`;
    throw invalidArgument(
      `${path} was written by another version of accelnode: it ${its}, this one reads ${RESULTS_VERSION}.`,
      'Measure again with this version, or plan with that one.',
    );
  }
  // What was measured beside other models is no figure of the model alone, and a plan adds models up by itself.
  const alone = parse(z.array(resultRow), rows, `${path}: rows`).filter(({ beside }) => beside === undefined);
  return fromResultRows(path, alone);
}

/** @throws `INVALID_ARGUMENT` for an analysis that is of another version, or damaged */
function fromAnalysis(path: string): ModelTable {
  const analysis = readAnalysis(path);
  const { models, notes } = fromResultRows(path, toResults(analysis).rows);
  return { models, notes: analysis.complete ? notes : [`${path} is of an analysis that was interrupted.`, ...notes] };
}

function fromResultRows(path: string, all: readonly ResultRow[]): ModelTable {
  if (all.length === 0) throw invalidArgument(`${path} is empty: there is no row in it.`);
  const notes = notesOnUnfit(path, all);
  const byProcess = new Set<string>();
  const models = new Map<string, ModelConfiguration[]>();
  for (const row of all) {
    if (isUnfit(row)) continue;
    const { deviceMemory, rss, deviceUtilization } = row.resources;
    const memory = deviceMemory ?? rss;
    if (memory === undefined)
      throw invalidArgument(
        `${path}, row ${all.indexOf(row) + 1}: it is not known how much memory "${row.model}" takes.`,
      );
    if (deviceMemory === undefined) byProcess.add(row.model);
    const configurations = models.get(row.model) ?? [];
    models.set(row.model, configurations);
    configurations.push({
      name: nameOf(row),
      memoryMB: memory / MB,
      ...(deviceUtilization === undefined ? {} : { utilizationPercent: deviceUtilization }),
      throughput: row.samplesPerSecond,
      ...(row.latency.p99 > 0 ? { latency: row.latency.p99 } : {}),
      batch: row.batch,
      lanes: row.lanes,
      ...(row.precision === undefined ? {} : { precision: row.precision }),
      device: row.device,
    });
  }
  if (byProcess.size > 0) {
    notes.push(`The device told no memory, so that it is the process's (RSS) for: ${[...byProcess].join(', ')}.`);
  }
  return { models: [...models].map(([name, configurations]) => ({ name, configurations })), notes };
}

/** Does it break a limit of the analysis, or compute something else than the reference? */
function isUnfit({ satisfies, verified }: ResultRow): boolean {
  return satisfies === false || verified === false;
}

/** @throws `INVALID_ARGUMENT` for a model of which no row is left */
function notesOnUnfit(path: string, all: readonly ResultRow[]): string[] {
  return [...new Set(all.map(({ model }) => model))].flatMap((model) => {
    const rows = all.filter((row) => row.model === model);
    const unfit = rows.filter(isUnfit);
    if (unfit.length === 0) return [];
    const wrong = unfit.filter(({ verified }) => verified === false).length;
    const reasons = [
      ...(unfit.length > wrong ? [`${unfit.length - wrong} for the limits of the analysis`] : []),
      ...(wrong > 0 ? [`${wrong} for the outputs, which failed the verification`] : []),
    ].join(', ');
    if (unfit.length < rows.length) {
      return [`Left out of the ${rows.length} configurations of "${model}": ${reasons}.`];
    }
    throw invalidArgument(
      `${path}: no configuration of "${model}" is fit for use: ${reasons}.`,
      'Analyze it again, with other configurations or other limits.',
    );
  });
}

function nameOf({ batch, lanes, load, device, precision }: ResultRow): string {
  const rate = load.kind === 'closed' ? `${load.concurrency} at once` : `${load.rate}/s`;
  return [`batch ${batch}`, `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`, rate, precision, device]
    .filter((part) => part !== undefined)
    .join(', ');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
