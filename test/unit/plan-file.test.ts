/** What can be told of a plan without TensorRT, and what command-line options about compiling mean. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { inspectPlan } from 'accelnode';
import { describe, expect, it } from 'vitest';

import { backendOfLibrary, parseShapes, parseSize } from '../../build-ts/cli/options.js';
import { formatOf } from '../../build-ts/model-source.js';
import { expectError } from '../utils/session.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

describe('a plan', () => {
  const file = (content: string | Uint8Array): string => {
    const path = join(temporaryFolder(), 'model.plan');
    writeFileSync(path, content);
    return path;
  };

  it.each<[string, string | Uint8Array, object]>([
    ['a plan', 'ftrt and more', { size: 13, tag: 'ftrt', knownTag: true }],
    ['another tag', 'ABCD', { size: 4, tag: 'ABCD', knownTag: false }],
    ['no text', new Uint8Array([0, 1, 255, 4, 5]), { size: 5, tag: '0001ff04', knownTag: false }],
    ['less than a tag', 'ft', { size: 2, tag: '6674', knownTag: false }],
  ])('is told of %s', (_what, content, expected) => {
    expect(inspectPlan(file(content))).toEqual({ format: 'plan', ...expected });
  });

  it('must be there, and a file with something in it', async () => {
    await expectError('MODEL_INVALID', () => inspectPlan(file('')));
    const folder = join(temporaryFolder(), 'folder.plan');
    mkdirSync(folder);
    await expectError('MODEL_INVALID', () => inspectPlan(folder));
    expect((await expectError('MODEL_INVALID', () => inspectPlan(join(folder, 'none')))).message).toContain('ENOENT');
  });

  it.each(['a.plan', 'a.engine', 'A.TRT'])('is known by its ending: %s', (name) => {
    expect(formatOf(name)).toBe('plan');
  });

  it('is known by its first bytes', () => {
    expect(formatOf(new TextEncoder().encode('ftrt and more'))).toBe('plan');
  });
});

describe('an option', () => {
  it.each([
    ['x=1,3', { x: [1, 3] }],
    ['a:b=1x3', { 'a:b': [1, 3] }],
    ['x=1,3:8,3', { x: { min: [1, 3], opt: undefined, max: [8, 3] } }],
    ['x=1,3:4,3:8,3', { x: { min: [1, 3], opt: [4, 3], max: [8, 3] } }],
  ])('--shapes %s', (text, expected) => {
    expect(parseShapes(text, {})).toEqual(expected);
  });

  it.each(['x', 'x=', 'x=1,3:', 'x=:1', 'x=1:2:3:4', 'x=-1', 'x=1.5', 'x=a'])('--shapes %s is refused', (text) => {
    expect(() => parseShapes(text, {})).toThrow(/must be like/);
  });

  it('--shapes names each input once', () => {
    expect(() => parseShapes('x=1', { x: [2] })).toThrow(/twice/);
  });

  it.each([
    ['1', 1],
    ['4096', 4096],
    ['512MB', 512e6],
    ['4GiB', 4 * 2 ** 30],
    ['1.5k', 1500],
    ['2Ki', 2048],
  ])('--workspace %s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', '0', '-1', '1.5', 'MB', '4 GB', '1e3', '1iB'])('--workspace %j is refused', (text) => {
    expect(() => parseSize(text)).toThrow(/number of bytes/);
  });

  it.each([
    ['/opt/libnvinfer.so.10', ['auto'], 'cuda'],
    ['/opt/libopenvino_c.so', ['openvino:CPU'], 'openvino'],
    ['/opt/tensorrt', ['cuda:0'], 'cuda'],
    ['/opt/tensorrt', ['cuda', 'openvino:CPU'], 'openvino'],
    ['/opt/tensorrt', [], 'openvino'],
    ['/opt/libmigraphx_c.so.3', ['auto'], 'rocm'],
    ['/opt/rocm/lib', ['rocm:0', 'rocm:ref'], 'rocm'],
  ])('--library %s with %j', (library, devices, expected) => {
    expect(backendOfLibrary(library, devices)).toBe(expected);
  });
});
