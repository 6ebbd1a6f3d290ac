export { mean, quantileSorted, sampleVariance, shuffle, standardDeviation } from 'simple-statistics';
