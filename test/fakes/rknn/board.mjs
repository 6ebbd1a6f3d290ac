// What Linux says of a board, in a folder that ACCELNODE_RKNN_ROOT names.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * In place of what the folder says so far.
 * @param {string} root
 * @param {string} [chip]
 * @param {string} [driver]
 */
export function writeBoard(root, chip = 'rk3588', driver = '0.9.8') {
  rmSync(root, { recursive: true, force: true });
  const files = {
    'proc/device-tree/compatible': `vendor,some-board\0rockchip,${chip}\0`,
    'dev/dri/renderD128': '',
    'dev/dri/renderD129': '',
    'sys/class/drm/renderD129/device/uevent': 'DRIVER=RKNPU\nOF_NAME=npu\n',
    'sys/kernel/debug/rknpu/version': `RKNPU driver: v${driver}\n`,
    'sys/kernel/debug/rknpu/load': 'NPU load:  Core0: 12%, Core1:  3%, Core2:  0%,\n',
    'sys/class/devfreq/fdab0000.npu/load': '5@1000000000Hz\n',
    'sys/class/devfreq/fb000000.gpu/load': '99@300000000Hz\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
