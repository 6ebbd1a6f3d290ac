export { Presets, SingleBar } from 'cli-progress';
