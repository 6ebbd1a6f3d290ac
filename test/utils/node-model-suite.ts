/**
 * ONNX's own test models on one runtime. Those that don't simply agree with their data are listed, each with the
 * reason. Where the list belongs to the runtime and the data at hand, it is held to be exact: a listed model that
 * agrees fails as well as one that is not listed and does not.
 */
import type { LoadOptions } from 'accelnode';
import { afterAll, describe, expect, it } from 'vitest';

import { nodeModels, tryNodeModel } from './node-models.js';
import type { NodeModelGroup, NodeModelList } from './node-models.js';
import { releaseOnnxruntime } from './onnxruntime.js';

/** Fewer would not be worth the name. */
const AT_LEAST = 500;

export interface NodeModelSubject {
  /** "OpenVINO 2026.4.1" */
  runtime: string;
  release: string;
  list: NodeModelList;
  options: LoadOptions;
  /** Where the models lie, and their version. */
  folder: string;
  dataSet: string;
}

export function describeNodeModels({ runtime, release, list, options, folder, dataSet }: NodeModelSubject): void {
  const groups = list.groups.filter(({ releases }) => releases === undefined || releases.includes(release));
  const listed = new Map(groups.flatMap((group) => group.models.map((name) => [name, group])));
  const exact = dataSet === list.dataSet && list.releases.includes(release);
  let agreeing = 0;

  afterAll(releaseOnnxruntime);

  describe.concurrent('one by one', () => {
    for (const name of nodeModels(folder)) {
      const group = listed.get(name);
      if (group?.outcome === 'not run') it.skip(`${name} (skipped: ${group.reason})`);
      else it(group === undefined ? name : `${name}: ${group.outcome}. ${group.reason}`, () => check(name, group));
    }
  });

  it(`at least ${AT_LEAST} agree`, () => {
    console.log(`${agreeing} ONNX node models agree on ${runtime}.`);
    expect(agreeing).toBeGreaterThanOrEqual(AT_LEAST);
  });

  it('the list has no model twice, and none that is not there', () => {
    if (!exact) return;
    const names = groups.flatMap(({ models }) => models);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    const present = new Set(nodeModels(folder));
    expect(names.filter((name) => !present.has(name))).toEqual([]);
  });

  async function check(name: string, group: NodeModelGroup | undefined): Promise<void> {
    const byOnnxruntime = group?.outcome === 'agrees with onnxruntime';
    if (byOnnxruntime) {
      // Else the model would have no business in the list.
      expect((await tryNodeModel(folder, name, 'data set', options)).kind).toBe('differs');
    }
    const outcome = await tryNodeModel(folder, name, byOnnxruntime ? 'onnxruntime' : 'data set', options);
    if (outcome.kind === 'agrees' && group?.outcome !== 'random') agreeing++;
    if (!exact) return;

    const { kind, ...said } = outcome;
    if (group === undefined || byOnnxruntime) expect({ kind, ...said }).toEqual({ kind: 'agrees' });
    else if (group.outcome === 'random') expect(['agrees', 'differs'], JSON.stringify(said)).toContain(kind);
    else {
      expect(kind, JSON.stringify(said)).toBe(group.outcome);
      if (outcome.kind === 'refused') expect(outcome.code).toBe(group.code ?? 'MODEL_UNSUPPORTED');
    }
  }
}
