/**
 * A service that reads lines of text: POST an image to /lines, and get `{ text, confidence }`.
 *
 * - Too much work: the session's queue is bounded, and what does not fit is refused at once, with 503.
 * - Nobody waits any more: when the client goes, its run is given up.
 * - The end: `app.close()` finishes what has begun, and then closes the session.
 */
import fastify from 'fastify';
import sharp from 'sharp';

const MAX_BYTES = 5 * 1024 * 1024;
/** Of the decoded image: a small file can hold a huge one. */
const MAX_PIXELS = 25_000_000;
/** Width by height, of what may pass for a line. */
const MAX_ASPECT = 100;

/** HTTP's status for errors of accelnode that are not the service's fault. */
const STATUS = {
  QUEUE_FULL: 503,
  TIMEOUT: 503,
  CLOSED: 503,
  CANCELLED: 499, // nobody gets to see it
};

/**
 * @param {import('../ocr/recognizer.mjs').Recognizer} recognizer closed together with the service
 * @param {{ timeout?: number, logger?: boolean }} [options] `timeout`: milliseconds for a run, waiting included
 */
export function createService(recognizer, { timeout = 5000, logger = false } = {}) {
  const app = fastify({ logger, bodyLimit: MAX_BYTES });

  app.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.post('/lines', async (request, reply) => {
    const signal = untilGone(reply);
    if (!Buffer.isBuffer(request.body)) return reply.code(415).send({ message: 'Send an image, as image/png, say.' });
    const problem = await problemOf(request.body);
    if (problem !== undefined) return reply.code(422).send({ message: problem });
    return recognizer.read(request.body, { signal, timeout });
  });

  app.get('/health', () => ({ device: recognizer.session.device, pending: recognizer.session.pending }));

  app.setErrorHandler((error, request, reply) => {
    const status = STATUS[error.code] ?? error.statusCode ?? 500;
    if (status === 500) request.log.error(error);
    if (status === 503) reply.header('retry-after', '1');
    return reply.code(status).send({ code: error.code, message: error.message });
  });

  // Connections that clients keep open would hold up the end by a minute, so the last answer on each says that it is.
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
  // Fastify comes here once the last request has been answered.
  app.addHook('onClose', () => recognizer.close());
  return app;
}

/** Why an image can't be read; looks at its head only. @param {Buffer} image */
async function problemOf(image) {
  const size = await sharp(image)
    .metadata()
    .catch(() => undefined);
  if (size === undefined) return 'This is no image.';
  const { width, height } = size.autoOrient;
  if (width * height > MAX_PIXELS) return `The image has more than ${MAX_PIXELS} pixels.`;
  if (width > MAX_ASPECT * height) return 'The image is too wide for a line of text.';
  return undefined;
}

/** Aborted when the client hangs up before it has its answer. @param {import('fastify').FastifyReply} reply */
function untilGone(reply) {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
