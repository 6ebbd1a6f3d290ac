// Starts the service, and ends it when it is told to.
//
//   node server.mjs rec.onnx
//
// PORT is the port (default: 3000; 0: any), HOST the address to listen at, OCR_DEVICE a device, such as openvino:GPU.
import { Recognizer } from '../ocr/recognizer.mjs';
import { createService } from './service.mjs';

const [model] = process.argv.slice(2);
const { PORT = '3000', HOST = '127.0.0.1', OCR_DEVICE = 'auto' } = process.env;

// As many lanes as the device likes; a few waiting for each, so that no request waits for long.
const recognizer = await Recognizer.load(model, { device: OCR_DEVICE, lanes: 'auto', maxQueue: 32 });
const app = createService(recognizer, { logger: true });
await app.listen({ port: Number(PORT), host: HOST });

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
