/**
 * The doubles of CUDA and TensorRT themselves: used well they compute and find nothing wrong, and each
 * mistake in their use is found. A small program in C++ makes the mistakes, without accelnode.
 */
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { runProgram } from '../utils/child.js';
import { majors, makeDoubles, folderOf, missing, writeModels } from './cuda/setup.js';
import type { Major } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

const place = makeWorkplace();
const models = writeModels(place.folder);
afterAll(() => place.remove());

const RESULT = '2 4 6 5 7 9 \n';
const GARBAGE = '0 0 0 0 0 0 \n';

async function drive(major: Major, mistake: string, version = 0) {
  const { control, env } = makeDoubles(place.folder, major);
  control.set('version', version);
  const { stdout, stderr, signal } = await runProgram(
    join(fakesFolder, 'cuda_driver'),
    [folderOf(major), String(major), models.rows, mistake],
    env,
  );
  return { stdout, stderr, signal, violation: control.getText('violation'), live: control.live() };
}

/** The mistake, what is found, and what the program prints where that matters. */
const mistakes: [mistake: string, violation: RegExp, stdout?: string][] = [
  ['parse twice', /^$/, 'ModelImporter: a parser takes one model only\nnot parsed twice\n' + RESULT],
  ['flag of the other major', /^builder flag \d+ is none of release/],
  ['too little memory', /^enqueueV3: y with .* no 24 bytes are allocated/],
  ['an address of the host', /^setTensorAddress with .* no 0 bytes are allocated for the device/],
  ['no address', /^enqueueV3 without an address for y/],
  ['a slot without a method', /^VExecutionContext: slot \d+ was called, which is bool setDebugListener/],
  ['a slot further', /^VExecutionContext: slot \d+ was called, which is unsigned long getPersistentCacheLimit/],
  ['a thread without a device', /^enqueueV3 on a thread that has not called cudaSetDevice/],
  ['no synchronise', /^cudaStreamDestroy while|^a context was destroyed while what it enqueued is not done/, GARBAGE],
  ['destroy by slot 0', /^a context was destroyed by the destructor that frees nothing/],
  ['destroy the engine first', /^an engine was destroyed before its contexts/],
  ['destroy twice', /^a context was destroyed twice/],
  ['keep a context', /^an engine was destroyed before its contexts/],
  ['free twice', /^cudaFree of .* which is not allocated there/],
  ['free by the wrong call', /^cudaFreeHost of .* which is no pinned memory/],
];

/** What TensorRT refuses by itself: no mistake in the use, but a message. */
const refusals: [mistake: string, message: string][] = [
  ['a shape beyond the profile', 'Supplied runtime dimension [5,3] for input tensor x invalid'],
  ['no profile', 'no optimization profile has been defined'],
  ['a corrupt plan', 'The plan is corrupt'],
  ['a truncated plan', 'The plan is truncated'],
  ['a plan of another version', 'not compatible with this version of TensorRT, expecting library version 1'],
  ['a plan of another device', 'generated on an incompatible device, expecting compute 9.0 got compute 9.1'],
];

describe.skipIf(missing).each(majors)(`the double of TensorRT %i${missing ?? ''}`, (major) => {
  it('finds nothing wrong with what is right', async () => {
    expect(await drive(major, 'none')).toEqual({ stdout: RESULT, stderr: '', signal: null, violation: '', live: {} });
  });

  it.each(mistakes)('finds: %s', async (mistake, violation, stdout) => {
    const found = await drive(major, mistake);
    expect(found.violation).toMatch(violation);
    if (stdout !== undefined) expect(found.stdout).toBe(stdout);
  });

  it.each(refusals)('refuses: %s', async (mistake, message) => {
    const found = await drive(major, mistake);
    expect(found.stdout).toContain(message);
    expect(found.violation).toBe('');
    expect(found.live).toEqual({});
  });

  it.each([
    ['keep device memory', { 'device memory': 1 }],
    ['keep the builder', { builder: 1, profile: 1 }],
  ])('counts what is left: %s', async (mistake, live) => {
    expect(await drive(major, mistake)).toMatchObject({ violation: '', live });
  });

  it('crashes where the CPU touches device memory', async () => {
    expect((await drive(major, 'touch device memory')).signal).toBe('SIGSEGV');
  });
});

describe.skipIf(missing)(`a double${missing ?? ''}`, () => {
  it('of TensorRT 11 finds a logger without a version', async () => {
    const found = await drive(11, 'logger of the other major');
    expect(found.violation).toMatch(/what was given as ILogger does not say that it is one/);
  });

  it('of TensorRT 10 finds a logger with a version', async () => {
    const found = await drive(10, 'logger of the other major');
    expect(found.violation).toMatch(/with a logger of 11, which 10 calls by other slots/);
  });

  it.each([100000, 100800, 101600])('of TensorRT %i computes with the methods that were there', async (version) => {
    expect(await drive(10, 'none', version)).toMatchObject({ stdout: RESULT, violation: '', live: {} });
  });

  it('of TensorRT 10.8.0 has the slots that it alone had', async () => {
    const found = await drive(10, 'the network of 10.7', 100800);
    expect(found.violation).toMatch(/^VNetworkDefinition: slot 64 was called, which is .*getBuilder/);
  });
});
