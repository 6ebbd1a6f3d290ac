/** Reads tables of models and of devices: CSV, JSON, YAML, and both of the JSON files that `accelnode analyze` writes. */
import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';

import * as z from '../third-party/zod.js';

import { FORMAT as ANALYSIS_FORMAT } from '../analyze/analysis.js';
import { precisions } from '../analyze/configuration.js';
import { AccelError, invalidArgument } from '../errors.js';
import { parse } from '../options/load.js';
import { reasonOf } from '../runtimes/failures.js';
import { checkColumns } from './columns.js';
import type { RowSchema } from './columns.js';
import { withNames } from './model-names.js';
import { fromAnalysis, fromResults, isResults, precisionNamed } from './read-measured.js';
import type { ReadTable } from './read-measured.js';
import type { DeviceKind, ModelConfiguration, PlacementModel } from './types.js';

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

/** What tables have together. */
export interface ModelTables {
  models: PlacementModel[];
  notes: string[];
  /** As in {@link ReadTable}. */
  idleUtilizationPercent?: number;
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

/** As `Session.load` has it, since hosts load by it; vendors' words for the same are taken too. */
const precision = text
  .refine((word) => precisionNamed(word) !== undefined, `must be one of ${precisions.join(', ')}`)
  .transform((word) => precisionNamed(word)!);

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
  precision: precision.optional(),
  concurrency: count.optional(),
  path: text.optional(),
  device: text.optional(),
});

const deviceRow = z.strictObject({
  name: text,
  memoryMB: positive,
  price: amount.optional(),
  count: count.optional(),
});

/** @throws `INVALID_ARGUMENT` that says which line is wrong, and how; and for a model that is in two tables */
export async function readModels(paths: readonly string[]): Promise<ModelTables> {
  const twice = paths.find((path, i) => paths.some((other, at) => at < i && resolve(other) === resolve(path)));
  if (twice !== undefined) throw invalidArgument(`The table ${twice} is given twice.`);
  const tables: ReadTable[] = [];
  for (const path of paths) tables.push(await readTable(path));
  const idle = tables.flatMap(({ idleUtilizationPercent: one }) => (one === undefined ? [] : [one]));
  return {
    models: withNames(tables.flatMap(({ models }) => models)),
    notes: tables.flatMap(({ notes }) => notes),
    ...(idle.length === 0 ? {} : { idleUtilizationPercent: Math.max(...idle) }),
  };
}

async function readTable(path: string): Promise<ReadTable> {
  const content = await read(path);
  if (isRecord(content) && content['format'] === ANALYSIS_FORMAT) return fromAnalysis(path);
  if (isResults(content)) return fromResults(path, content);
  const models = fromRows(rowsOf(path, content, 'models', modelRow));
  return { models: models.map((model) => ({ ...model, table: path })), notes: [] };
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
    const { batch, lanes, precision: asked, concurrency, device } = configuration;
    const key = JSON.stringify([name, batch, lanes, asked, concurrency, device]);
    const before = entry.seen.get(key);
    if (before !== undefined) {
      throw invalidArgument(
        `${where}: the model "${model}" is there already, in ${before}.`,
        'Several configurations of a model must differ in their configuration, batch, lanes, precision, concurrency or device.',
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
