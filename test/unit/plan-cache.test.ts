/** The cache of compiled models, with a compiler of our own: one process, several, and those that die. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { AccelError, cacheEntries, clearCache } from 'accelnode';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { loadThroughCache } from '../../build-ts/plan-cache/cached-load.js';
import type { CacheOutcome, CachedLoad } from '../../build-ts/plan-cache/cached-load.js';
import { tryLock } from '../../build-ts/lock-folder.js';
import { FileNotes } from '../../build-ts/plan-cache/file-notes.js';
import { lockOf, readEntries } from '../../build-ts/plan-cache/folder.js';
import { canonicalJson, keyWithRanges, planKey, weightFiles } from '../../build-ts/plan-cache/key.js';
import { cacheLimit } from '../../build-ts/plan-cache/limit.js';
import { clearFolder } from '../../build-ts/plan-cache/sweep.js';
import { LineChild } from '../utils/line-child.js';
import { expectError } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const keyOf = (digit: string): string => digit.repeat(64);
const key = keyOf('a');
const childScript = join(import.meta.dirname, '..', 'utils', 'plan-cache-child.mjs');

let folder: string;
/** What was done, in order. */
let steps: string[];

beforeEach(() => {
  folder = join(temporaryFolder(), 'cache');
  steps = [];
});

type Changes = Partial<Omit<CachedLoad<string>, 'key'>> & { key?: string };

/** A load whose compiled models are texts. */
function textLoad({ key: wanted = key, ...changes }: Changes = {}): CachedLoad<string> {
  return {
    folder,
    key: () => Promise.resolve(wanted),
    extension: 'plan',
    description: { model: '/models/a.onnx', backend: 'test', facts: { version: '1.2.3' } },
    limit: 1e9,
    open: async (file) => {
      steps.push('open');
      return Promise.resolve(readFileSync(file, 'utf8'));
    },
    build: async () => {
      steps.push('build');
      return Promise.resolve('compiled');
    },
    save: (built, path) => {
      steps.push('save');
      writeFileSync(path, built);
      return Promise.resolve();
    },
    ...changes,
  };
}

/** What processes that died have left in the folder. */
function leaveBehind(): void {
  const longAgo = new Date(Date.now() - 86_400_000);
  writeFileSync(join(folder, `.${keyOf('c')}.1.partial`), '');
  writeFileSync(join(folder, `.${keyOf('c')}-${'1'.repeat(16)}.1.partial`), '');
  writeFileSync(join(folder, `${keyOf('d')}.plan`), 'without a description');
  mkdirSync(join(folder, `${keyOf('e')}.lock`));
  writeFileSync(join(folder, 'timing-10.15.1-sm_90-GPU.cache.123-0.tmp'), '');
  for (const name of [`${keyOf('e')}.lock`, 'timing-10.15.1-sm_90-GPU.cache.123-0.tmp']) {
    utimesSync(join(folder, name), longAgo, longAgo);
  }
}

describe('one process', () => {
  it('builds once', async () => {
    const file = join(folder, `${key}.plan`);
    expect(await loadThroughCache(textLoad())).toEqual({
      loaded: 'compiled',
      cache: { hit: false, key, file, stored: true },
    });
    expect(await loadThroughCache(textLoad())).toEqual({
      loaded: 'compiled',
      made: undefined,
      cache: { hit: true, key, file, stored: false },
    });
    expect(steps).toEqual(['build', 'save', 'open']);
    expect(readdirSync(folder).sort()).toEqual([`${key}.json`, `${key}.plan`]);
  });

  it('keeps what a compiled model does not say itself', async () => {
    const load = textLoad({ describe: (built) => ({ precision: `that of ${built}` }) });
    expect(await loadThroughCache(load)).not.toHaveProperty('made');
    expect((await loadThroughCache(load)).made).toEqual({ precision: 'that of compiled' });
  });

  it('says what it keeps, and when that was used', async () => {
    await loadThroughCache(textLoad());
    const longAgo = new Date(Date.now() - 86_400_000);
    utimesSync(join(folder, `${key}.json`), longAgo, longAgo);
    const [before] = await readEntries(folder);
    expect(before).toMatchObject({
      key,
      file: join(folder, `${key}.plan`),
      size: 'compiled'.length,
      model: '/models/a.onnx',
      backend: 'test',
      facts: { version: '1.2.3' },
    });
    expect(Math.abs(before!.lastUsed.getTime() - longAgo.getTime())).toBeLessThan(1000);
    await loadThroughCache(textLoad());
    const [after] = await readEntries(folder);
    expect(after!.lastUsed.getTime()).toBeGreaterThan(before!.lastUsed.getTime());
    expect(after!.created).toEqual(before!.created);
  });

  it('builds once for two loads at the same time', async () => {
    const loads = await Promise.all([loadThroughCache(textLoad()), loadThroughCache(textLoad())]);
    expect(loads.map(({ cache }) => cache.hit).sort()).toEqual([false, true]);
    expect(steps.filter((step) => step === 'build')).toHaveLength(1);
  });

  it.each(['RUNTIME_INCOMPATIBLE', 'MODEL_INVALID'] as const)(
    'builds again what is %s, and replaces it',
    async (code) => {
      await loadThroughCache(textLoad({ build: () => Promise.resolve('of another version') }));
      const open = (file: string): Promise<string> => {
        const text = readFileSync(file, 'utf8');
        return text === 'compiled'
          ? Promise.resolve(text)
          : Promise.reject(new AccelError(code, 'version tag 1, not 2'));
      };
      const { loaded, cache } = await loadThroughCache(textLoad({ open }));
      expect(loaded).toBe('compiled');
      expect(cache).toMatchObject({ hit: false, stored: true });
      expect(cache.reason).toContain('version tag 1, not 2');
      expect((await loadThroughCache(textLoad({ open }))).cache.hit).toBe(true);
    },
  );

  it.each(['OUT_OF_MEMORY', 'DEVICE_LOST', 'CANCELLED'] as const)('does not build again for %s', async (code) => {
    await loadThroughCache(textLoad());
    const open = (): Promise<string> => Promise.reject(new AccelError(code, 'no'));
    await expectError(code, () => loadThroughCache(textLoad({ open })));
    expect(steps).toEqual(['build', 'save']);
    expect(await readEntries(folder)).toHaveLength(1);
  });

  it.each<[string, (plan: string, json: string) => void]>([
    ['cut off', (plan) => truncateSync(plan, 3)],
    ['empty', (plan) => truncateSync(plan, 0)],
    ['gone', (plan) => rmSync(plan)],
    ['without a description', (_, json) => rmSync(json)],
    ['with half a description', (_, json) => truncateSync(json, 20)],
    [
      'with a description without a date',
      (_, json) => writeFileSync(json, readFileSync(json, 'utf8').replace(/"created": "[^"]*"/, '"created": "then"')),
    ],
    ['with a description of nothing', (_, json) => writeFileSync(json, 'null')],
    ['with a description of another file', (_, json) => writeFileSync(json, '{"file":"../../etc/passwd","size":1}')],
  ])('builds again when the plan is %s', async (what, spoil) => {
    await loadThroughCache(textLoad());
    spoil(join(folder, `${key}.plan`), join(folder, `${key}.json`));
    steps = [];
    const { loaded, cache } = await loadThroughCache(textLoad());
    expect({ loaded, stored: cache.stored }).toEqual({ loaded: 'compiled', stored: true });
    // Without a description there is nothing to tell of.
    if (what === 'without a description') expect(cache.reason).toBeUndefined();
    else expect(cache.reason).toMatch(/^The plan in the cache could not be used: (it|its) [^.]*\.$/);
    expect(steps).toEqual(['build', 'save']);
    expect((await loadThroughCache(textLoad())).cache.hit).toBe(true);
  });

  it('gives the model although the disk is full', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const { loaded, cache } = await loadThroughCache(
      textLoad({
        save: (_, path) => {
          writeFileSync(path, 'half');
          return Promise.reject(full);
        },
      }),
    );
    expect(loaded).toBe('compiled');
    expect(cache).toEqual({
      hit: false,
      key,
      stored: false,
      reason: 'The plan was not kept: there is no space left.',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('speaks in sentences that end once', async () => {
    await loadThroughCache(textLoad());
    const { cache } = await loadThroughCache(
      textLoad({
        open: () => Promise.reject(new AccelError('MODEL_INVALID', 'The plan is of no use.')),
        save: () => Promise.reject(new AccelError('VENDOR_FAILURE', 'The vendor wrote nothing.')),
      }),
    );
    expect(cache.reason).toBe(
      'The plan in the cache could not be used: The plan is of no use. The plan was not kept: The vendor wrote nothing.',
    );
  });

  it('gives the model although the vendor can not write it', async () => {
    const save = (): Promise<void> => Promise.reject(new AccelError('VENDOR_FAILURE', 'serialize failed'));
    const { loaded, cache } = await loadThroughCache(textLoad({ save }));
    expect({ loaded, reason: cache.reason }).toEqual({
      loaded: 'compiled',
      reason: 'The plan was not kept: serialize failed.',
    });
  });

  it('leaves nothing behind when the build fails', async () => {
    const build = (): Promise<string> => Promise.reject(new AccelError('MODEL_UNSUPPORTED', 'no such operator'));
    await expectError('MODEL_UNSUPPORTED', () => loadThroughCache(textLoad({ build })));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives the model although the folder is no folder', async () => {
    writeFileSync(join(folder, '..', 'file'), '');
    const { loaded, cache } = await loadThroughCache(textLoad({ folder: join(folder, '..', 'file', 'cache') }));
    expect(loaded).toBe('compiled');
    expect(cache).toMatchObject({ hit: false, stored: false });
    expect(cache.reason).toContain('a part of the path is a file');
  });

  it('stores under the key that the build has led to', async () => {
    const other = `${key}-${'b'.repeat(16)}`;
    const { cache } = await loadThroughCache(textLoad({ keyToStore: () => Promise.resolve({ key: other }) }));
    expect(cache).toMatchObject({ key: other, file: join(folder, `${other}.plan`), stored: true });
    expect((await readEntries(folder)).map((entry) => entry.key)).toEqual([other]);
  });

  it('stores nothing when the build says so', async () => {
    const { cache } = await loadThroughCache(textLoad({ keyToStore: () => Promise.resolve({ reason: 'Not this.' }) }));
    expect(cache).toEqual({ hit: false, key, stored: false, reason: 'The plan was not kept: Not this.' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('finds under the lock what the build before it has led to', async () => {
    // The first build writes what the key is of, as a calibration does its ranges.
    const ranges = join(folder, '..', 'ranges');
    const load = (): CachedLoad<string> => ({
      ...textLoad(),
      key: () => keyWithRanges(key, ranges),
      keyToStore: async () => ({ key: await keyWithRanges(key, ranges) }),
      build: async () => {
        steps.push('build');
        writeFileSync(ranges, 'of the data');
        return Promise.resolve('compiled');
      },
    });
    const loads = await Promise.all([loadThroughCache(load()), loadThroughCache(load())]);
    expect(steps).toEqual(['build', 'save', 'open']);
    expect(loads.map(({ cache }) => cache.hit).sort()).toEqual([false, true]);
    const stored = await keyWithRanges(key, ranges);
    expect(stored).toMatch(new RegExp(`^${key}-[0-9a-f]{16}$`));
    expect(loads.map(({ cache }) => cache.key)).toEqual([stored, stored]);
    writeFileSync(ranges, 'of other data');
    expect((await loadThroughCache(load())).cache.hit).toBe(false);
  });

  it('gives the wait up when the signal is aborted', async () => {
    const stop = new AbortController();
    let finish: () => void = () => undefined;
    const building = new Promise<void>((resolve) => (finish = resolve));
    const first = loadThroughCache(textLoad({ build: async () => (await building, 'compiled') }));
    const second = loadThroughCache(textLoad({ signal: stop.signal, onWait: () => stop.abort(new Error('enough')) }));
    await expect(second).rejects.toThrow('enough');
    finish();
    expect((await first).cache.stored).toBe(true);
  });
});

describe('the limit', () => {
  /** Entries of 10 bytes, each used a minute after the one before. */
  async function fill(digits: string, limit = 1e9): Promise<void> {
    for (const digit of digits) {
      await loadThroughCache(textLoad({ key: keyOf(digit), limit, build: () => Promise.resolve('0123456789') }));
      const used = new Date(Date.now() - 3_600_000 + 60_000 * digits.indexOf(digit));
      utimesSync(join(folder, `${keyOf(digit)}.json`), used, used);
    }
  }
  const kept = async (): Promise<string[]> => (await readEntries(folder)).map((entry) => entry.key[0]!).sort();

  it('removes what was not used for longest', async () => {
    await fill('1234');
    await loadThroughCache(textLoad({ key: keyOf('1') })); // used again
    await loadThroughCache(textLoad({ key: keyOf('5'), limit: 35, build: () => Promise.resolve('0123456789') }));
    expect(await kept()).toEqual(['1', '4', '5']);
    expect(readdirSync(folder)).toHaveLength(6);
  });

  it('removes what dead processes have left, which would never be used', async () => {
    await fill('1');
    leaveBehind();
    await fill('2');
    expect(readdirSync(folder).sort()).toEqual(
      ['1', '2'].flatMap((digit) => [`${keyOf(digit)}.json`, `${keyOf(digit)}.plan`]),
    );
  });

  it('leaves alone what others are making, and what belongs to that', async () => {
    await fill('12');
    const partial = `.${keyOf('3')}.1.partial`;
    writeFileSync(join(folder, partial), 'half');
    const locks = [await tryLock(lockOf(folder, keyOf('1'))), await tryLock(lockOf(folder, keyOf('3')))];
    await loadThroughCache(textLoad({ key: keyOf('4'), limit: 15, build: () => Promise.resolve('0123456789') }));
    expect(await kept()).toEqual(['1', '4']);
    expect(existsSync(join(folder, partial))).toBe(true);
    for (const release of locks) await release!();
  });

  it('removes the plans of other ranges, too, whose lock it has', async () => {
    const withRanges = (digit: string): string => `${key}-${digit.repeat(16)}`;
    for (const digit of '12') {
      await loadThroughCache(
        textLoad({ limit: 15, key: withRanges(digit), build: () => Promise.resolve('0123456789') }),
      );
    }
    expect((await readEntries(folder)).map((entry) => entry.key)).toEqual([withRanges('2')]);
  });

  it('keeps nothing that is larger than all of it', async () => {
    await fill('12');
    const { loaded, cache } = await loadThroughCache(textLoad({ limit: 7 }));
    expect(loaded).toBe('compiled');
    expect(cache).toMatchObject({ hit: false, stored: false });
    expect(cache.reason).toMatch(/8 bytes, more than the limit of the cache, 7/);
    expect(await kept()).toEqual(['1', '2']);
  });

  it.each<[string | undefined, number]>([
    [undefined, 10e9],
    ['', 10e9],
    ['0', 0],
    ['1234', 1234],
    ['500MB', 500e6],
    ['1.5 GB', 1.5e9],
    ['2t', 2e12],
  ])('%j is %d bytes', (text, bytes) => {
    vi.stubEnv('ACCELNODE_CACHE_LIMIT', text);
    expect(cacheLimit()).toBe(bytes);
  });

  it.each(['much', '-1', '10 GiB', 'GB'])('%j is refused', async (text) => {
    vi.stubEnv('ACCELNODE_CACHE_LIMIT', text);
    const error = await expectError('INVALID_ARGUMENT', cacheLimit);
    expect(error.message).toContain('ACCELNODE_CACHE_LIMIT');
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });
});

describe('clearing', () => {
  it('removes what is old, and what dead processes have left', async () => {
    await loadThroughCache(textLoad());
    await loadThroughCache(textLoad({ key: keyOf('b') }));
    const longAgo = new Date(Date.now() - 86_400_000);
    utimesSync(join(folder, `${key}.json`), longAgo, longAgo);
    leaveBehind();
    writeFileSync(join(folder, 'notes.txt'), 'of somebody else');
    const removed = await clearFolder(folder, Date.now() - 3_600_000);
    expect(removed.map((entry) => entry.key)).toEqual([key]);
    expect(readdirSync(folder).sort()).toEqual([`${keyOf('b')}.json`, `${keyOf('b')}.plan`, 'notes.txt']);
  });

  it.each([
    ['being made', key],
    ['being made under a key that the build has led to', `${key}-${'1'.repeat(16)}`],
  ])('leaves alone what is %s', async (_what, stored) => {
    await loadThroughCache(
      textLoad({
        keyToStore: () => Promise.resolve({ key: stored }),
        save: async (built, path) => {
          writeFileSync(path, built);
          await clearFolder(folder, Date.now() + 1000);
        },
      }),
    );
    expect((await readEntries(folder)).map((entry) => entry.key)).toEqual([stored]);
  });

  it('leaves alone an entry that is being made anew', async () => {
    await loadThroughCache(textLoad());
    const release = await tryLock(lockOf(folder, key));
    expect(await clearFolder(folder, Date.now() + 1000)).toEqual([]);
    expect(await readEntries(folder)).toHaveLength(1);
    await release!();
    expect(await clearFolder(folder, Date.now() + 1000)).toHaveLength(1);
  });

  it('takes measured times along, but not those that are being written', async () => {
    mkdirSync(folder);
    const names = ['timing-10.15.1-sm_90-GPU.cache', 'timing-10.15.1-sm_90-GPU.cache.123-0.tmp'];
    for (const name of names) writeFileSync(join(folder, name), '');
    await clearFolder(folder, Date.now() + 1000);
    expect(readdirSync(folder)).toEqual([names[1]]);
  });

  it.each(['clearing', 'making room'])('%s leaves alone what only looks like a name of its own', async (how) => {
    mkdirSync(join(folder, `${keyOf('d')}.models`), { recursive: true });
    mkdirSync(join(folder, `${keyOf('e')}.plan`));
    mkdirSync(join(folder, 'timing-10.15.1-sm_90-GPU.cache'));
    const files = [
      `${keyOf('c')}.onnx`,
      `${keyOf('c')}.json.orig`,
      join(`${keyOf('d')}.models`, 'precious.txt'),
      join(`${keyOf('e')}.plan`, 'precious.txt'),
      join('timing-10.15.1-sm_90-GPU.cache', 'precious.txt'),
    ];
    for (const file of files) writeFileSync(join(folder, file), 'of somebody else');
    if (how === 'clearing') await clearCache({ folder });
    else expect((await loadThroughCache(textLoad())).cache).toMatchObject({ stored: true });
    expect(files.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  });

  it('removes no file that only a description of another says is its own', async () => {
    await loadThroughCache(textLoad());
    const text = readFileSync(join(folder, `${key}.json`), 'utf8');
    writeFileSync(join(folder, 'precious'), 'compiled');
    writeFileSync(join(folder, `${key}.json`), text.replace(`${key}.plan`, 'precious'));
    await clearCache({ folder });
    expect(readdirSync(folder)).toEqual(['precious']);
  });

  it.each([1e9, 1e300, Infinity])('removes nothing younger than %d days', async (olderThan) => {
    await loadThroughCache(textLoad());
    expect(await clearCache({ folder, olderThan })).toEqual([]);
    expect(await readEntries(folder)).toHaveLength(1);
  });

  it('finds nothing in no folder', async () => {
    expect(await clearFolder(join(folder, 'none'), Date.now())).toEqual([]);
    expect(await cacheEntries(join(folder, 'none'))).toEqual([]);
  });

  it('does not take a folder that can not be read for an empty one', async () => {
    const file = join(folder, '..', 'file');
    writeFileSync(file, '');
    for (const action of [() => cacheEntries(file), () => clearCache({ folder: file })]) {
      const error = await expectError('INVALID_ARGUMENT', action);
      expect(error.message).toContain(`${file} can't be`);
      expect(error.message).toContain('a part of the path is a file');
      expect(error.hint).toContain('ACCELNODE_CACHE');
    }
  });
});

describe('files that a plan is made from', () => {
  const changes: [string, (file: string) => void][] = [
    ['written anew', (file) => writeFileSync(file, 'other')],
    [
      'replaced by one of the same size and time',
      (file) => {
        writeFileSync(`${file}.new`, readFileSync(file));
        utimesSync(`${file}.new`, 1e9, 1e9);
        renameSync(`${file}.new`, file);
      },
    ],
    ['gone', (file) => rmSync(file)],
  ];
  it.each(changes)('are known to be %s', async (_what, change) => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, '..', name)) as [string, string];
    for (const file of [one, two]) {
      writeFileSync(file, 'model');
      utimesSync(file, 1e9, 1e9);
    }
    const notes = new FileNotes();
    await notes.add([one, new Uint8Array(1)]);
    await notes.add([one, two]);
    expect(await notes.findChanged()).toBeUndefined();
    change(two);
    expect(await notes.findChanged()).toBe(two);
  });

  it('count as they were when they were noted first', async () => {
    const file = join(folder, '..', 'model');
    writeFileSync(file, 'model');
    const notes = new FileNotes();
    await notes.add([file]);
    writeFileSync(file, 'another model');
    await notes.add([file]);
    expect(await notes.findChanged()).toBe(file);
  });
});

describe('the key', () => {
  const file = (name: string, content: string): string => {
    const path = join(folder, '..', name);
    writeFileSync(path, content);
    return path;
  };

  it('is of contents, not of places', async () => {
    const facts = { version: '10.15.1', precision: 'fp16', left: undefined };
    const one = await planKey({ files: [file('a.onnx', 'model')], facts });
    const two = await planKey({ files: [file('b.onnx', 'model')], facts: { precision: 'fp16', version: '10.15.1' } });
    const bytes = await planKey({ files: [new TextEncoder().encode('model')], facts });
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(two).toBe(one);
    expect(bytes).toBe(one);
  });

  it('differs by each thing that it is of', async () => {
    const model = file('a.onnx', 'model');
    const weights = file('a.data', 'weights');
    const all = [
      { files: [model], facts: {} },
      { files: [model, weights], facts: {} },
      { files: [weights, model], facts: {} },
      // Where one file ends and the next begins counts.
      { files: [file('c.onnx', 'modelweights')], facts: {} },
      { files: [model], facts: { version: '10.15.1' } },
      { files: [model], facts: { version: '10.15.2' } },
      { files: [model], facts: { shapes: { x: [[1, 2, 1]] } } },
      { files: [model], facts: { shapes: { x: [[1, 2, 2]] } } },
    ];
    const keys = await Promise.all(all.map(planKey));
    expect(new Set(keys).size).toBe(all.length);
  });

  it('can not be told when a file is missing', async () => {
    await expect(planKey({ files: [join(folder, 'none')], facts: {} })).rejects.toThrow('ENOENT');
  });

  it('is of JSON in one order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: 'x' })).toBe('{"a":"x","b":[{"c":2,"d":1}]}');
  });

  it('takes weights from beside the model, in one order', () => {
    expect(weightFiles('/m/a.onnx', ['b.bin', 'a.bin', 'sub/c.bin'])).toEqual(['/m/a.bin', '/m/b.bin', '/m/sub/c.bin']);
  });
});

interface ChildOutcome {
  loaded: string;
  pid: number;
  cache: CacheOutcome;
}

describe('several processes', () => {
  const child = (options: object = {}): LineChild =>
    new LineChild([childScript, JSON.stringify({ folder, key, ...options })]);

  it('build once', async () => {
    const first = child();
    await first.prints('building');
    const second = child();
    await second.prints('waiting');
    first.go();
    const built = await first.result<ChildOutcome>();
    const used = await second.result<ChildOutcome>();
    expect(built).toMatchObject({ loaded: `built by ${built.pid}`, cache: { hit: false, stored: true } });
    expect(used).toMatchObject({ loaded: built.loaded, cache: { hit: true } });
    expect(readdirSync(folder).sort()).toEqual([`${key}.json`, `${key}.plan`]);
  });

  it('wait for no other key', async () => {
    const first = child();
    await first.prints('building');
    const { cache } = await loadThroughCache(textLoad({ key: keyOf('b') }));
    expect(cache.stored).toBe(true);
  });

  it.each([
    ['building', {}],
    ['saving', { dieWhileSaving: true }],
  ])('take over from one that was killed while %s', async (step, options) => {
    const first = child(options);
    await first.prints('building');
    if (step === 'saving') {
      first.go();
      await first.prints('saving');
    }
    first.process.kill('SIGKILL');
    await first.ended;
    const lock = join(folder, `${key}.lock`);
    expect(statSync(lock).isDirectory()).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toHaveLength(step === 'saving' ? 1 : 0);
    // The lock counts as taken until nobody has touched it for 15 seconds.
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    const { loaded, cache } = await loadThroughCache(textLoad());
    expect({ loaded, stored: cache.stored }).toEqual({ loaded: 'compiled', stored: true });
    expect(readdirSync(folder).sort()).toEqual([`${key}.json`, `${key}.plan`]);
  });

  it.runIf(process.platform !== 'win32')(
    'read from a folder that they can not write to, and load without it',
    async () => {
      await loadThroughCache(textLoad());
      // Root may write anywhere, so somebody else has to try.
      const other = process.getuid!() === 0 ? { uid: 65534, gid: 65534 } : {};
      chmodSync(join(folder, '..'), 0o755);
      chmodSync(folder, 0o555);
      try {
        const reader = new LineChild([childScript, JSON.stringify({ folder, key })], other);
        expect(await reader.result()).toMatchObject({ loaded: 'compiled', cache: { hit: true } });
        const builder = new LineChild([childScript, JSON.stringify({ folder, key: keyOf('b') })], other);
        await builder.prints('building');
        builder.go();
        const { loaded, pid, cache } = await builder.result<ChildOutcome>();
        expect({ loaded, hit: cache.hit, stored: cache.stored }).toEqual({
          loaded: `built by ${pid}`,
          hit: false,
          stored: false,
        });
        expect(cache.reason).toContain('there is no permission');
      } finally {
        chmodSync(folder, 0o755);
      }
      expect(existsSync(join(folder, `${keyOf('b')}.plan`))).toBe(false);
    },
  );
});
