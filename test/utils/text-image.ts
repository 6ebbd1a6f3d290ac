/** Images with text on them, for models that look for some; drawn here, as not every machine has a font. */
import { Tensor } from 'accelnode';

import { randomNumbers } from './random.js';

const GLYPHS: readonly string[] = [
  '#####..#....#....#....#....#....#..', // T
  '######....#....####.#....#....#####', // E
  '#...##...##...######...##...##...##', // H
  '#...##...#.#.#...#...#.#.#...##...#', // X
  '.###.#...##...##...##...##...#.###.', // O
  '####.#...##...#####.#....#....#....', // P
  '#....#....#....#....#....#....#####', // L
];
const GLYPH = { width: 5, height: 7 };
/** Pixels of the image for one of a glyph, and from one line to the next. */
const SCALE = 5;
const LINE = 48;
const [WHITE, BLACK] = [1, -0.9];

/**
 * A batch of images [batch, 3, height, width] in the range -1…1: lines of dark letters on white, other
 * letters for each seed.
 */
export function textImages(batch: number, height: number, width: number, seed: number): Tensor<'float32'> {
  const next = randomNumbers(seed);
  const plane = height * width;
  const pixels = new Float32Array(batch * 3 * plane);
  for (let image = 0; image < batch; image++) {
    const drawn = blur(drawLines(height, width, next), width);
    for (let channel = 0; channel < 3; channel++) pixels.set(drawn, (3 * image + channel) * plane);
  }
  return new Tensor('float32', pixels, [batch, 3, height, width]);
}

function drawLines(height: number, width: number, next: () => number): Float32Array {
  const pixels = new Float32Array(height * width).fill(WHITE);
  const margin = Math.floor((LINE - GLYPH.height * SCALE) / 2);
  for (let top = margin; top + GLYPH.height * SCALE <= height; top += LINE) {
    for (let left = SCALE; left + GLYPH.width * SCALE <= width; left += (GLYPH.width + 1) * SCALE) {
      if (next() < 0.15) continue; // a space between words
      const glyph = GLYPHS[Math.floor(next() * GLYPHS.length)]!;
      for (let y = 0; y < GLYPH.height * SCALE; y++) {
        for (let x = 0; x < GLYPH.width * SCALE; x++) {
          const dot = glyph[Math.floor(y / SCALE) * GLYPH.width + Math.floor(x / SCALE)];
          if (dot === '#') pixels[(top + y) * width + left + x] = BLACK;
        }
      }
    }
  }
  return pixels;
}

/** Softens edges, as a camera would; letters of hard dots lie between all that the models know. */
function blur(pixels: Float32Array, width: number): Float32Array {
  return pixels.map((pixel, i) => {
    const [x, above, below] = [i % width, pixels[i - width], pixels[i + width]];
    if (x === 0 || x === width - 1 || above === undefined || below === undefined) return pixel;
    let sum = 0;
    for (const at of [i - width, i, i + width]) sum += pixels[at - 1]! + pixels[at]! + pixels[at + 1]!;
    return sum / 9;
  });
}
