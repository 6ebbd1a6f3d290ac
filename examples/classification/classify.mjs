// Prints what is on photographs.
//
//   node classify.mjs classifier.onnx photo.jpg [photo.jpg …]
import { Classifier } from './classifier.mjs';

const [model, ...images] = process.argv.slice(2);

const classifier = await Classifier.load(model);
console.log(`on ${classifier.session.device}`);
const answers = await Promise.all(images.map((image) => classifier.classify(image)));
for (const [i, guesses] of answers.entries()) {
  console.log(`\n${images[i]}`);
  for (const { label, probability } of guesses)
    console.log(`${(100 * probability).toFixed(1).padStart(6)} %  ${label}`);
}
await classifier.close();
