// What the tests need: the build, two OpenVINO releases, models, the doubles of vendor libraries.
import { fetchChromium } from './chromium.mjs';
import { classifierFolder, makeClassifier } from './classifier.mjs';
import { buildFakes } from './fakes.mjs';
import { makeModels } from './models.mjs';
import { fetchOcrModels, ocrModelsFolder } from './ocr-models.mjs';
import { unpackOnnxTestdata } from './onnx-testdata.mjs';
import { build, installDependencies } from './project.mjs';
import { fetchRknnClient } from './rknn.mjs';
import { installTestRuntimes } from './runtimes.mjs';
import { fetchTflite } from './tflite.mjs';

/** Downloads that fail leave their suites out; these say so by themselves, with the reason. */
export async function prepareTests() {
  installDependencies();
  build();
  buildFakes();
  for (const prepare of [
    installTestRuntimes,
    fetchTflite,
    fetchRknnClient,
    makeModels,
    () => fetchOcrModels(ocrModelsFolder),
    () => makeClassifier(classifierFolder),
    unpackOnnxTestdata,
    fetchChromium,
  ]) {
    try {
      await prepare();
    } catch (error) {
      console.error(`\nSome tests will be skipped: ${error.message}`);
    }
  }
}
