export { mean, quantileSorted, standardDeviation } from 'simple-statistics';
