import { NOISE, axes, isBetter, sizeOf } from './grid.js';
import type { Grid, Measure, Point, Verdict } from './grid.js';

/** Steps along the axes, in places of their lists of values. */
type Step = Point;

/**
 * Where to climb, in this order. More lanes are of use only with as many requests in flight, so these go together.
 */
const DIRECTIONS: readonly Step[] = [
  { lanes: 0, batch: 1, concurrency: 0 },
  { lanes: 1, batch: 0, concurrency: 1 },
  { lanes: 0, batch: 0, concurrency: 1 },
];

/** Along a limit, which gives way only to one setting for another. */
const TRADES: readonly Step[] = [
  { lanes: 0, batch: 1, concurrency: -1 },
  { lanes: 1, batch: -1, concurrency: 1 },
  { lanes: 1, batch: -1, concurrency: 0 },
  { lanes: 1, batch: 0, concurrency: 0 },
  { lanes: 1, batch: 0, concurrency: -1 },
];

/**
 * A quick search measures at most this part of all combinations; a brute one, which leaves ranges early, often no more than six
 * tenths of them. With few of them that would end many a climb before its top: so many it may measure always.
 */
const SHARE = 0.115;
const AT_LEAST = 20;

/** It ends when so many tries, one after the other, were not clearly better than the best before: what is better by then is luck. */
const TRIES = 12;

/** By so few measurements a climb has hardly begun: an unlucky one may have ended it. Then what is further away tells. */
const EARLY = 16;

/**
 * Hill climbing from the smallest setting of each axis. Along a direction, steps double as long as they lead to a better
 * place, and halve again after that; it ends where no direction leads to a better place, or when it has tried enough.
 */
export async function quickSearch(grid: Grid, measure: Measure): Promise<void> {
  const climber = new Climber(grid, measure);
  await climber.start();
  let moved = true;
  while (moved) {
    moved = false;
    for (const direction of DIRECTIONS) moved = (await climber.climb(direction)) || moved;
    const further = climber.measured < EARLY ? [2, 4].flatMap((by) => DIRECTIONS.map((step) => scale(step, by))) : [];
    for (const step of [...TRADES, ...further]) {
      if (moved) break;
      moved = await climber.climb(step);
    }
  }
}

class Climber {
  #place: Point = { lanes: 0, batch: 0, concurrency: 0 };
  #verdict!: Verdict;
  #best: Verdict | undefined;
  /** So many were not clearly better than the best. */
  #inVain = 0;
  readonly #measured = new Set<string>();
  readonly #outOfMemory: Point[] = [];
  readonly #most: number;

  constructor(
    private readonly grid: Grid,
    private readonly measure: Measure,
  ) {
    this.#most = Math.max(AT_LEAST, Math.floor(sizeOf(grid) * SHARE));
  }

  get measured(): number {
    return this.#measured.size;
  }

  async start(): Promise<void> {
    this.#verdict = (await this.#measureAt(this.#place))!;
  }

  /** Upwards, or else downwards. Is there a better place than before? */
  async climb(step: Step): Promise<boolean> {
    return (await this.#follow(step)) || (await this.#follow(scale(step, -1)));
  }

  async #follow(step: Step): Promise<boolean> {
    if (!(await this.#goTo(step))) return false;
    let stride = 2;
    while (await this.#goTo(scale(step, stride))) stride *= 2;
    for (stride /= 2; stride >= 1; stride /= 2) await this.#goTo(scale(step, stride));
    return true;
  }

  /** Moves if it is better there. */
  async #goTo(step: Step): Promise<boolean> {
    const place = this.#stepFrom(step);
    if (place === undefined || this.#leavesIdle(place) || this.#exceedsMemory(place)) return false;
    const verdict = await this.#measureAt(place);
    if (verdict === undefined || !isClearlyBetter(verdict, this.#verdict)) return false;
    this.#place = place;
    this.#verdict = verdict;
    return true;
  }

  /** At the end of an axis, the part of a step that still goes. Undefined where it leads nowhere. */
  #stepFrom(step: Step): Point | undefined {
    const place = fromAxes((name) => {
      const end = this.grid[name].values.length - 1;
      return Math.min(end, Math.max(0, this.#place[name] + step[name]));
    });
    return axes.every((name) => place[name] === this.#place[name]) ? undefined : place;
  }

  /** Undefined when it has tried enough. */
  async #measureAt(place: Point): Promise<Verdict | undefined> {
    const key = axes.map((name) => place[name]).join();
    const isNew = !this.#measured.has(key);
    if (isNew && (this.#measured.size >= this.#most || this.#inVain >= TRIES)) return undefined;
    const verdict = await this.measure(fromAxes((name) => this.grid[name].values[place[name]]!));
    // What is refused or finds no memory costs little time, and does not tell whether the top is reached.
    if (isNew && verdict.refused !== true && !verdict.outOfMemory) {
      this.#measured.add(key);
      const better = this.#best === undefined || isClearlyBetter(verdict, this.#best);
      if (better) this.#best = verdict;
      this.#inVain = better ? 0 : this.#inVain + 1;
    }
    if (verdict.outOfMemory) this.#outOfMemory.push(place);
    return verdict;
  }

  /** Would as few requests keep fewer lanes as busy? */
  #leavesIdle({ lanes, concurrency }: Point): boolean {
    return lanes > 0 && this.grid.lanes.values[lanes - 1]! >= this.grid.concurrency.values[concurrency]!;
  }

  /** Is it at least as much, of everything, as something that there was no memory for? */
  #exceedsMemory(place: Point): boolean {
    return this.#outOfMemory.some((full) => axes.every((name) => place[name] >= full[name]));
  }
}

function isClearlyBetter(a: Verdict, b: Verdict): boolean {
  return isBetter(a.violation === b.violation ? { ...a, score: a.score - NOISE } : a, b);
}

function scale(step: Step, by: number): Step {
  return fromAxes((name) => step[name] * by);
}

function fromAxes(value: (name: (typeof axes)[number]) => number): Point {
  return { lanes: value('lanes'), batch: value('batch'), concurrency: value('concurrency') };
}
