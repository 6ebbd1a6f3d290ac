export { mean, quantileSorted, sampleVariance, standardDeviation } from 'simple-statistics';
