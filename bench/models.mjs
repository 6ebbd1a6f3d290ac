// The models that are compared: from one that shows what everything around it costs to one that hides it.
import { modelFile } from './prepare.mjs';

const described = {
  mlp: { dims: [] },
  encoder: { dims: [1, 128], inputs: ['tokens', 'mask'] },
  minilm: { dims: [1, 32], inputs: ['tokens', 'mask'] },
  resnet18: { dims: [] },
  resnet50: { dims: [] },
};

export const modelNames = Object.keys(described);

/**
 * @returns {{ name: string, file: string, dims: number[], inputs?: string[] }} `dims` are what the open dimensions
 * of each tensor become: batch, sequence; `inputs` names the tensors that have both
 */
export function modelOf(name) {
  return { name, file: modelFile(name), ...described[name] };
}
