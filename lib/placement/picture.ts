/**
 * A picture of the devices filled, as SVG: a bar for each, of the memory; what models take lies in it in order. A thin bar
 * under it is their utilization, where it is known.
 */
import { format } from './formulate.js';
import type { PlacedDevice, PlacedModel, Placement } from './types.js';

/** Pixels. */
const WIDTH = 960;
const MARGIN = 24;
const LABEL = 132;
const BAR = 34;
const THIN = 10;
const ROW = 72;
const TOP = 92;
/** So wide is a character of the labels, about. */
const CHARACTER = 7.6;
/** Light enough for dark text, and told apart by people who see colours otherwise (after Okabe and Ito). */
const COLOURS = ['#9ad0f5', '#f6c48f', '#a8ddb5', '#e6b3d3', '#f3e79b', '#b9c4f0', '#f2a99a', '#b8e0d8'];

/** What no model takes of each device. */
export interface Reserved {
  reservedMB: number;
  /** Do the models' figures include it? */
  includesReserved: boolean;
  /** Percent. */
  reservedUtil: number;
}

export function picture(placement: Placement, reserved: Reserved): string {
  const { devices } = placement;
  const busiest = Math.max(...devices.map(({ utilizationPercent = -Infinity }) => utilizationPercent));
  const isKnown = busiest > -Infinity;
  const row = ROW + (isKnown ? THIN + 4 : 0);
  const height = TOP + devices.length * row + MARGIN;
  const width = WIDTH - 2 * MARGIN - LABEL;
  const style = {
    colours: coloursOf(devices),
    perMB: width / Math.max(1, ...devices.map(({ memoryTotalMB }) => memoryTotalMB)),
    perPercent: isKnown ? width / Math.max(100, busiest) : undefined,
    reserved,
  };
  const bars = devices.map((device, i) => group(device, TOP + i * row, style));
  const hatched = reserved.reservedMB > 0 || (isKnown && reserved.reservedUtil > 0);
  const legend = [
    'Memory of each device, in MB',
    ...(isKnown ? ['below it the utilization; the line is 100 %'] : []),
    ...(hatched ? ['hatched: reserved'] : []),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="13">
<title id="title">${escape(titleOf(placement))}</title>
<desc id="description">${escape(devices.map(sentenceOf).join(' '))}</desc>
<defs><pattern id="reserved" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#e4e4e4"/><rect width="2" height="6" fill="#9a9a9a"/></pattern></defs>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="38" font-size="20" font-weight="600" fill="#1b1b1b">${escape(titleOf(placement))}</text>
<text x="${MARGIN}" y="62" fill="#4a4a4a">${legend.join('; ')}</text>
${bars.join('\n')}
</svg>
`;
}

interface Style {
  colours: ReadonlyMap<string, string>;
  /** Pixels. */
  perMB: number;
  /** Unset where no device's utilization is known. */
  perPercent: number | undefined;
  reserved: Reserved;
}

/** What a model takes of a bar. */
interface Part {
  model: string;
  amount: number;
}

function group(device: PlacedDevice, y: number, { colours, perMB, perPercent, reserved }: Style): string {
  const { reservedMB, includesReserved, reservedUtil } = reserved;
  const memory = device.placed.map(({ model, configuration: { memoryMB } }) => {
    return { model, amount: memoryMB - (includesReserved ? reservedMB : 0) };
  });
  const percent = [
    device.memoryPercent === undefined ? undefined : `memory ${format(device.memoryPercent)} %`,
    device.utilizationPercent === undefined ? undefined : `utilization ${format(device.utilizationPercent)} %`,
  ].filter((text) => text !== undefined);
  const total = `${format(device.memoryMB)} of ${format(device.memoryTotalMB)} MB`;
  const lines = [
    `<text x="${MARGIN}" y="${y + 22}" font-weight="600" fill="#1b1b1b">${escape(shorten(device.device, LABEL - 8))}</text>`,
    bar(memory, reservedMB, device.memoryTotalMB, { y, height: BAR, scale: perMB, unit: 'MB', colours }),
  ];
  let bottom = y + BAR;
  if (perPercent !== undefined) {
    const top = bottom + 4;
    bottom = top + THIN;
    if (device.utilizationPercent !== undefined) {
      const parts = device.placed.map((each) => ({ model: each.model, amount: utilizationOf(each) }));
      lines.push(bar(parts, reservedUtil, 100, { y: top, height: THIN, scale: perPercent, unit: '%', colours }));
      const full = px(MARGIN + LABEL + 100 * perPercent);
      lines.push(`<path d="M${full} ${top - 2}V${bottom + 2}" stroke="#1b1b1b" stroke-width="2"/>`);
    }
  }
  lines.push(
    `<text x="${MARGIN + LABEL}" y="${bottom + 17}" font-size="12" fill="#4a4a4a">${escape([total, ...percent].join(' · '))}</text>`,
  );
  return `<g>\n${lines.join('\n')}\n</g>`;
}

interface BarStyle {
  y: number;
  height: number;
  /** Pixels of one. */
  scale: number;
  unit: string;
  colours: ReadonlyMap<string, string>;
}

function bar(parts: readonly Part[], reserved: number, total: number, style: BarStyle): string {
  const { y, height, scale, unit, colours } = style;
  const left = MARGIN + LABEL;
  let x = left + reserved * scale;
  const segments = parts.map(({ model, amount }) => {
    const part = segment({ model, amount }, x, colours.get(model)!, style);
    x += amount * scale;
    return part;
  });
  const box = (width: number, fill: string): string =>
    `<rect x="${left}" y="${y}" width="${px(width)}" height="${height}" ${fill}`;
  const hatched = `${box(reserved * scale, 'fill="url(#reserved)"')}><title>reserved: ${format(reserved)} ${unit}</title></rect>`;
  return [
    `${box(total * scale, 'fill="#f4f4f4" stroke="#6b6b6b"')}/>`,
    ...(reserved > 0 ? [hatched] : []),
    ...segments,
  ].join('\n');
}

/** Of a copy that carries a part of its throughput, that part. */
function utilizationOf({ rate, configuration: { utilizationPercent = 0, throughput } }: PlacedModel): number {
  return rate === undefined ? utilizationPercent : (utilizationPercent * rate) / throughput!;
}

function segment({ model, amount }: Part, x: number, colour: string, { y, height, scale, unit }: BarStyle): string {
  const width = amount * scale;
  const label = height < BAR ? '' : shorten(model, width - 8);
  const text = label === '' ? '' : `<text x="${px(x + 5)}" y="${y + 22}" fill="#1b1b1b">${escape(label)}</text>`;
  return (
    `<g><title>${escape(model)}: ${format(amount)} ${unit}</title>` +
    `<rect x="${px(x)}" y="${y}" width="${px(width)}" height="${height}" fill="${colour}" stroke="#6b6b6b"/>${text}</g>`
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
function sentenceOf({ device, memoryMB, memoryTotalMB, utilizationPercent, models }: PlacedDevice): string {
  const busy = utilizationPercent === undefined ? '' : `, ${format(utilizationPercent)} % busy`;
  return `${device}: ${format(memoryMB)} of ${format(memoryTotalMB)} MB${busy}, ${models.join(', ')}.`;
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
