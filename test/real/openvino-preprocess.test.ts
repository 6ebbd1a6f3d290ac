/** Preprocessing in the graph gives what the same steps in plain JavaScript, before a plain run, give. */
import { Session, Tensor } from 'accelnode';
import type { LoadOptions, OpenvinoPreprocess, Outputs } from 'accelnode';
import { expect, it } from 'vitest';

import { expectAllClose } from '../utils/compare.js';
import { fromFloat16 } from '../utils/float16.js';
import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';
import { randomTensor } from '../utils/random.js';
import { withSession } from '../utils/session.js';

const CPU: LoadOptions = { device: 'openvino:CPU', lanes: 1 };

/** What the model takes: [1, 3, SIZE, SIZE]. */
const SIZE = 16;

/** Pixels by row, column and channel, as decoders give them. */
interface Image {
  height: number;
  width: number;
  at: (y: number, x: number, channel: number) => number;
}

function imageOf({ type, data, dims }: Tensor): Image {
  const [, height, width] = dims as [number, number, number, number];
  const value = (i: number): number => (type === 'float16' ? fromFloat16(Number(data[i]!)) : Number(data[i]!));
  return { height, width, at: (y, x, channel) => value((y * width + x) * 3 + channel) };
}

type Step = (image: Image) => Image;
const swapChannels: Step = (image) => ({ ...image, at: (y, x, channel) => image.at(y, x, 2 - channel) });
const subtract =
  (mean: number[]): Step =>
  (image) => ({ ...image, at: (y, x, c) => image.at(y, x, c) - mean[c]! });
const divide =
  (scale: number[]): Step =>
  (image) => ({ ...image, at: (y, x, c) => image.at(y, x, c) / scale[c]! });

/** Resampling with pixel centres at halves; `kernel` weighs a pixel by its distance. */
const resize =
  (kernel: (distance: number) => number, reach: number): Step =>
  (image) => {
    const taps = (to: number, from: number, i: number): [at: number, weight: number][] => {
      const centre = ((i + 0.5) * from) / to - 0.5;
      return Array.from({ length: 2 * reach }, (_, k) => {
        const at = Math.floor(centre) - reach + 1 + k;
        return [Math.min(Math.max(at, 0), from - 1), kernel(Math.abs(centre - at))];
      });
    };
    return {
      height: SIZE,
      width: SIZE,
      at: (y, x, channel) => {
        let sum = 0;
        for (const [row, down] of taps(SIZE, image.height, y)) {
          for (const [column, across] of taps(SIZE, image.width, x))
            sum += down * across * image.at(row, column, channel);
        }
        return sum;
      },
    };
  };
const linear = resize((distance) => Math.max(0, 1 - distance), 1);
/** The cubic convolution that OpenVINO and ONNX mean, with a = -0.75. */
const cubic = resize((d) => {
  const a = -0.75;
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}, 2);
const nearest: Step = (image) => ({
  height: SIZE,
  width: SIZE,
  at: (y, x, c) => {
    const source = (i: number, from: number): number => Math.ceil(((i + 0.5) * from) / SIZE - 1);
    return image.at(source(y, image.height), source(x, image.width), c);
  },
});

/** The model's outputs for an image that needs nothing done to it any more. */
async function plainRun(image: Image): Promise<Outputs> {
  expect([image.height, image.width]).toEqual([SIZE, SIZE]);
  const pixels = new Float32Array(3 * SIZE * SIZE);
  pixels.forEach((_, i) => {
    const [channel, y, x] = [Math.floor(i / SIZE / SIZE), Math.floor(i / SIZE) % SIZE, i % SIZE];
    pixels[i] = image.at(y, x, channel);
  });
  return withSession(modelPath('image'), CPU, (session) =>
    session.run({ image: new Tensor('float32', pixels, [1, 3, SIZE, SIZE]) }),
  );
}

const nhwc: OpenvinoPreprocess = { layout: 'NHWC', modelLayout: 'NCHW' };
const bytes: OpenvinoPreprocess = { ...nhwc, type: 'uint8' };
const photo = (height: number, width: number): Tensor => randomTensor('uint8', [1, height, width, 3], { max: 255 });

interface Case {
  preprocess: OpenvinoPreprocess;
  image: Tensor;
  steps: Step[];
}

const cases: Record<string, Case> = {
  'bytes, channels last': { preprocess: bytes, image: photo(SIZE, SIZE), steps: [] },
  'float32, channels last': { preprocess: nhwc, image: randomTensor('float32', [1, SIZE, SIZE, 3]), steps: [] },
  'float16, channels last': {
    preprocess: { ...nhwc, type: 'float16' },
    image: randomTensor('float16', [1, SIZE, SIZE, 3]),
    steps: [],
  },
  'mean and scale of each channel': {
    preprocess: { ...bytes, mean: [123.7, 116.3, 103.5], scale: [58.4, 57.1, 57.4] },
    image: photo(SIZE, SIZE),
    steps: [subtract([123.7, 116.3, 103.5]), divide([58.4, 57.1, 57.4])],
  },
  'one mean and scale for all': {
    preprocess: { ...bytes, mean: 127.5, scale: 127.5 },
    image: photo(SIZE, SIZE),
    steps: [subtract([127.5, 127.5, 127.5]), divide([127.5, 127.5, 127.5])],
  },
  'the other order of colours': {
    preprocess: { ...bytes, color: 'rgb', modelColor: 'bgr' },
    image: photo(SIZE, SIZE),
    steps: [swapChannels],
  },
  'the same order of colours': {
    preprocess: { ...bytes, color: 'bgr', modelColor: 'bgr' },
    image: photo(SIZE, SIZE),
    steps: [],
  },
  'linear resizing to half': {
    preprocess: { ...bytes, resize: 'linear', height: 32, width: 32 },
    image: photo(32, 32),
    steps: [linear],
  },
  'linear resizing up and down': {
    preprocess: { ...bytes, resize: 'linear', height: 7, width: 29 },
    image: photo(7, 29),
    steps: [linear],
  },
  'cubic resizing': {
    preprocess: { ...bytes, resize: 'cubic', height: 24, width: 11 },
    image: photo(24, 11),
    steps: [cubic],
  },
  'resizing to the nearest pixel': {
    preprocess: { ...bytes, resize: 'nearest', height: 48, width: 8 },
    image: photo(48, 8),
    steps: [nearest],
  },
  everything: {
    preprocess: {
      ...bytes,
      ...{ color: 'rgb', modelColor: 'bgr', resize: 'linear', height: 20, width: 40 },
      // In the model's order of colours: they apply to what the model gets.
      ...{ mean: [104, 117, 123], scale: [57, 58, 59] },
    },
    image: photo(20, 40),
    steps: [swapChannels, linear, subtract([104, 117, 123]), divide([57, 58, 59])],
  },
};

describeOpenvino('preprocessing in the graph', () => {
  it.each(Object.entries(cases))('%s', async (_, { preprocess, image, steps }) => {
    const expected = await plainRun(steps.reduce((each, step) => step(each), imageOf(image)));
    await withSession(
      modelPath('image'),
      { ...CPU, openvino: { preprocess: { image: preprocess } } },
      async (session) => {
        expect(session.inputs).toEqual([{ name: 'image', type: image.type, shape: [...image.dims] }]);
        // Interpolation weights are rounded otherwise.
        expectAllClose(await session.run({ image }), expected, preprocess.resize === undefined ? 1e-4 : 1e-3);
      },
    );
  });

  it('any size of image', async () => {
    const preprocess = { image: { ...bytes, resize: 'linear' } } as const;
    await withSession(modelPath('image'), { ...CPU, openvino: { preprocess } }, async (session) => {
      expect(session.inputs).toEqual([{ name: 'image', type: 'uint8', shape: [1, -1, -1, 3] }]);
      for (const [height, width] of [
        [16, 16],
        [9, 40],
        [64, 5],
      ] as const) {
        const image = photo(height, width);
        expectAllClose(await session.run({ image }), await plainRun(linear(imageOf(image))), 1e-3);
      }
    });
  });

  it('one image without a batch', async () => {
    const preprocess = { image: { layout: 'HWC', modelLayout: 'NCHW', type: 'uint8' } } as const;
    await withSession(modelPath('image'), { ...CPU, openvino: { preprocess } }, async (session) => {
      const batch = photo(SIZE, SIZE);
      const image = new Tensor('uint8', batch.data as Uint8Array, [SIZE, SIZE, 3]);
      expectAllClose(await session.run({ image }), await plainRun(imageOf(batch)));
    });
  });

  it.each([
    ['of an input that is not there', { photo: bytes }],
    ['with fewer axes than the input has', { image: { layout: 'NC', modelLayout: 'NCHW' } }],
    ['with one axis twice: B is another name for N', { image: { layout: 'NCAB' } }],
    ['with too few channels', { image: { ...bytes, mean: [1, 2] } }],
    ['with too many channels', { image: { ...bytes, scale: [1, 2, 3, 4] } }],
    ['that resizes what has no height', { image: { layout: 'NCXY', resize: 'linear' } }],
    ['without the layout that a mean needs', { image: { mean: 1 } }],
    ['with a height alone', { image: { ...bytes, height: 3 } }],
    ['with a colour order alone', { image: { ...bytes, color: 'rgb' } }],
    ['of another type than there is', { image: { type: 'int8' as 'uint8' } }],
  ] satisfies [string, Record<string, OpenvinoPreprocess>][])('refuses a step %s', async (_, preprocess) => {
    await expect(Session.load(modelPath('image'), { ...CPU, openvino: { preprocess } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
