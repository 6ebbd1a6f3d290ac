import type { LayerProfile } from './session-stats.js';

/**
 * Times of layers with what TensorRT's engine inspector knows of them, which its profiler does not tell.
 * @param inspected the inspector's JSON, as `session.details.layers` has it; undefined where nobody asked for it
 */
export function withInspected(profile: readonly LayerProfile[], inspected: unknown): LayerProfile[] {
  const layers = new Map(layersOf(inspected).map((layer) => [layer.Name, layer]));
  return profile.map((row) => {
    const layer = layers.get(row.name);
    return layer === undefined ? row : { ...row, type: layer.LayerType ?? '', kernel: layer.TacticName ?? '' };
  });
}

/** NVIDIA documents the fields under "Inspecting engines"; without details, a layer is its name. */
interface InspectedLayer {
  Name: string;
  LayerType?: string;
  TacticName?: string;
}

function layersOf(inspected: unknown): InspectedLayer[] {
  if (typeof inspected !== 'string') return [];
  try {
    const { Layers = [] } = JSON.parse(inspected) as { Layers?: (InspectedLayer | string)[] };
    return Layers.filter((layer) => typeof layer === 'object');
  } catch {
    return []; // it is shown as it is in session.details
  }
}
