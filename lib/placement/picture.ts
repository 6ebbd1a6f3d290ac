/** A picture of the devices filled, as SVG: a bar for each, of the memory; what models take lies in it in order. */
import { format } from './formulate.js';
import type { PlacedDevice, Placement } from './types.js';

/** Pixels. */
const WIDTH = 960;
const MARGIN = 24;
const LABEL = 132;
const BAR = 34;
const ROW = 72;
const TOP = 92;
/** So wide is a character of the labels, about. */
const CHARACTER = 7.6;
/** Light enough for dark text, and told apart by people who see colours otherwise (after Okabe and Ito). */
const COLOURS = ['#9ad0f5', '#f6c48f', '#a8ddb5', '#e6b3d3', '#f3e79b', '#b9c4f0', '#f2a99a', '#b8e0d8'];

/** @param reservedMB of each device's memory */
export function picture(placement: Placement, reservedMB: number, includesReserved: boolean): string {
  const { devices } = placement;
  const height = TOP + devices.length * ROW + MARGIN;
  const scale = (WIDTH - 2 * MARGIN - LABEL) / Math.max(1, ...devices.map(({ memoryTotalMB }) => memoryTotalMB));
  const colours = coloursOf(devices);
  const bars = devices.map((device, row) => {
    return bar(device, TOP + row * ROW, scale, { colours, reservedMB, includesReserved });
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="13">
<title id="title">${escape(titleOf(placement))}</title>
<desc id="description">${escape(devices.map(sentenceOf).join(' '))}</desc>
<defs><pattern id="reserved" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#e4e4e4"/><rect width="2" height="6" fill="#9a9a9a"/></pattern></defs>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="38" font-size="20" font-weight="600" fill="#1b1b1b">${escape(titleOf(placement))}</text>
<text x="${MARGIN}" y="62" fill="#4a4a4a">Memory of each device, in MB${reservedMB > 0 ? '; hatched: reserved' : ''}</text>
${bars.join('\n')}
</svg>
`;
}

interface Style {
  colours: ReadonlyMap<string, string>;
  reservedMB: number;
  includesReserved: boolean;
}

function bar(device: PlacedDevice, y: number, scale: number, { colours, reservedMB, includesReserved }: Style): string {
  const left = MARGIN + LABEL;
  let x = left + reservedMB * scale;
  const parts = device.placed.map(({ model, configuration: { memoryMB } }) => {
    const amount = memoryMB - (includesReserved ? reservedMB : 0);
    const width = amount * scale;
    const part = segment(model, amount, x, y, width, colours.get(model)!);
    x += width;
    return part;
  });
  const percent = [
    device.memoryPercent === undefined ? undefined : `memory ${format(device.memoryPercent)} %`,
    device.utilizationPercent === undefined ? undefined : `utilization ${format(device.utilizationPercent)} %`,
  ].filter((text) => text !== undefined);
  const total = `${format(device.memoryMB)} of ${format(device.memoryTotalMB)} MB`;
  return `<g>
<text x="${MARGIN}" y="${y + 22}" font-weight="600" fill="#1b1b1b">${escape(shorten(device.device, LABEL - 8))}</text>
<rect x="${left}" y="${y}" width="${px(device.memoryTotalMB * scale)}" height="${BAR}" fill="#f4f4f4" stroke="#6b6b6b"/>
${reservedMB > 0 ? `<rect x="${left}" y="${y}" width="${px(reservedMB * scale)}" height="${BAR}" fill="url(#reserved)"><title>reserved: ${format(reservedMB)} MB</title></rect>\n` : ''}${parts.join('\n')}
<text x="${left}" y="${y + BAR + 17}" font-size="12" fill="#4a4a4a">${escape([total, ...percent].join(' · '))}</text>
</g>`;
}

function segment(model: string, amount: number, x: number, y: number, width: number, colour: string): string {
  const label = shorten(model, width - 8);
  const text = label === '' ? '' : `<text x="${px(x + 5)}" y="${y + 22}" fill="#1b1b1b">${escape(label)}</text>`;
  return (
    `<g><title>${escape(model)}: ${format(amount)} MB</title>` +
    `<rect x="${px(x)}" y="${y}" width="${px(width)}" height="${BAR}" fill="${colour}" stroke="#6b6b6b"/>${text}</g>`
  );
}

/** A colour for each model, the same for its copies. */
function coloursOf(devices: readonly PlacedDevice[]): Map<string, string> {
  const models = [...new Set(devices.flatMap((device) => device.models))];
  return new Map(models.map((model, i) => [model, COLOURS[i % COLOURS.length]!]));
}

function titleOf({ count, proved, bound }: Placement): string {
  const devices = `${count} ${count === 1 ? 'device' : 'devices'}`;
  return proved ? `${devices}, proved optimal` : `${devices}, no fewer than ${bound} can do`;
}

/** For those who can't see the picture. */
function sentenceOf({ device, memoryMB, memoryTotalMB, models }: PlacedDevice): string {
  return `${device}: ${format(memoryMB)} of ${format(memoryTotalMB)} MB, ${models.join(', ')}.`;
}

/** What fits into so many pixels; nothing where that is no more than a letter. */
function shorten(text: string, width: number): string {
  const room = Math.floor(width / CHARACTER);
  const letters = Array.from(text);
  if (letters.length <= room) return text;
  return room < 3 ? '' : `${letters.slice(0, room - 1).join('')}…`;
}

function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Names may hold anything; what XML does not take at all becomes a replacement character. */
function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return (
    text
      .replaceAll(/\p{Surrogate}/gu, '\ufffd')
      // eslint-disable-next-line no-control-regex -- those are what is replaced
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll(/[&<>"']/g, (character) => entities[character]!)
  );
}
