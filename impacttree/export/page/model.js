// A tree's values, period by period and over the horizon, from its blocks: closures built from data, no text is run.
// A value that does not exist (a division by zero, an overflow) is NaN, and so is all that reads it.
import { FUNCTIONS, PARTIALS, slope_of_base, slope_of_exponent } from "./functions.js";

/** The sum, what rounding loses being added up beside it (A. Neumaier, 1974). */
export function carefulSum(values) {
  let sum = 0, lost = 0;
  for (let k = 0; k < values.length; k++) {
    const x = values[k], next = sum + x;
    lost += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
    sum = next;
  }
  const all = sum + lost;
  return all - all === 0 ? all : NaN;
}

/** When a rule reads a value: in its own period, at t = 0 of the tree as stated, or so many periods before. */
export const NOW = -2, BASELINE = -1;
export const finite = (x) => (x - x === 0 ? x : NaN);
export const COMPARE = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  "==": (a, b) => a === b, "!=": (a, b) => a !== b,
};

export function power(base, exponent) {
  return base - base === 0 && exponent - exponent === 0 ? finite(Math.pow(base, exponent)) : NaN;
}

/** What one step computes, how its adjoint is shared out, and how it moves when its operands move. */
function operation(step, constants) {
  const [op, out, ...rest] = step;
  const [a, b] = rest;
  switch (op) {
    case "neg": return [(t) => { t[out] = -t[a]; }, (t, g) => { g[a] -= g[out]; }, (t, d) => { d[out] = -d[a]; }];
    case "add": return [
      (t) => { t[out] = finite(t[a] + t[b]); },
      (t, g) => { g[a] += g[out]; g[b] += g[out]; },
      (t, d) => { d[out] = d[a] + d[b]; }];
    case "sub": return [
      (t) => { t[out] = finite(t[a] - t[b]); },
      (t, g) => { g[a] += g[out]; g[b] -= g[out]; },
      (t, d) => { d[out] = d[a] - d[b]; }];
    case "mul": return [
      (t) => { t[out] = finite(t[a] * t[b]); },
      (t, g) => { const y = g[out]; g[a] += y * t[b]; g[b] += y * t[a]; },
      (t, d) => { d[out] = d[a] * t[b] + t[a] * d[b]; }];
    case "div": return [
      (t) => { t[out] = finite(t[a] / t[b]); },
      (t, g) => { const y = g[out]; g[a] += y / t[b]; g[b] += -y * t[out] / t[b]; },
      (t, d) => { d[out] = (d[a] - t[out] * d[b]) / t[b]; }];
    case "pow": {
      const slope = constants.get(b) === 2
        ? (t) => 2 * t[a]
        : (t) => slope_of_base(t[a], t[b]);
      return [
        (t) => { t[out] = power(t[a], t[b]); },
        (t, g, still) => {
          const y = g[out];
          if (!still[a]) g[a] += y * slope(t);
          if (!still[b]) g[b] += y * slope_of_exponent(t[a], t[out]);
        },
        (t, d) => {
          d[out] = (d[a] ? d[a] * slope(t) : 0) + (d[b] ? d[b] * slope_of_exponent(t[a], t[out]) : 0);
        }];
    }
    default: {
      const [name, ...args] = rest;
      const value = FUNCTIONS[name], partials = PARTIALS[name];
      const read = (t) => args.map((arg) => t[arg]);
      const slope = (t, k) => partials[k](...read(t), t[out]);
      const one = args.length === 1;
      return [
        one ? (t) => { const x = t[args[0]]; t[out] = x - x === 0 ? finite(value(x)) : NaN; }
          : (t) => { t[out] = finite(value(...read(t))); },
        (t, g, still) => args.forEach((arg, k) => { if (!still[arg]) g[arg] += g[out] * slope(t, k); }),
        (t, d) => {
          let sum = 0;
          args.forEach((arg, k) => { if (d[arg]) sum += d[arg] * slope(t, k); });
          d[out] = sum;
        }];
    }
  }
}

/** One rule, ready to be computed, differentiated and asked which branches it takes. */
class Block {
  constructor(data) {
    this.data = data;
    const [slot, size, loads, parameters, known, body] = data, constants = new Map(known);
    this.slot = slot;
    this.loads = loads.map(([temporary, source, when]) => ({ temporary, slot: source, when, lag: Math.max(when, 0) }));
    this.edges = this.loads.filter((load) => load.when !== BASELINE);
    [this.values, this.adjoints, this.moves] = [0, 0, 0].map(() => new Float64Array(size));
    this.still = new Uint8Array(size);
    for (const [temporary, value] of known) { this.values[temporary] = value; this.still[temporary] = 1; }
    for (const [temporary] of parameters) this.still[temporary] = 1;
    for (const load of this.loads) if (load.when === BASELINE) this.still[load.temporary] = 1;
    this.branches = [];
    this.jumping = new Set();
    this.taken = [];
    this.margin = [];
    [this.forward, this.backward, this.tangent] = this.#body(body, constants);
    this.result = body[1];
    this.reads = Int32Array.from(loads.flat());
    this.given = Int32Array.from(parameters.flat());
  }

  #body([steps, result], constants) {
    const forward = [], backward = [], tangent = [];
    for (const step of steps) {
      const [value, back, move] = step[0] === "if" ? this.#select(step, constants) : this.#plain(step, constants);
      const out = step[1];
      forward.push(value);
      backward.push((t, g, still) => { if (g[out]) back(t, g, still); });
      tangent.push(move);
    }
    backward.reverse();
    const all = (list) => (list.length === 1 ? list[0] : (t, g, still) => { for (const one of list) one(t, g, still); });
    return [all(forward), all(backward), all(tangent), result];
  }

  #plain(step, constants) {
    const [value, back, move] = operation(step, constants);
    if (step[0] !== "step") return [value, back, move];
    const number = this.branches.push(step[1]) - 1, out = step[1], arg = step[3], taken = this.taken, margin = this.margin;
    this.jumping.add(out);
    return [
      (t) => { value(t); taken[number] = t[out]; },
      () => {},
      (t, d) => { margin[number] = d[arg]; d[out] = 0; }];
  }

  #select(step, constants) {
    const [, out, compare, left, right, then, otherwise, jumps] = step;
    const number = this.branches.push(out) - 1, test = COMPARE[compare], taken = this.taken, margin = this.margin;
    if (jumps) this.jumping.add(out);
    const sides = [this.#body(otherwise, constants), this.#body(then, constants)];
    return [
      (t) => {
        if (Number.isNaN(t[left]) || Number.isNaN(t[right])) { taken[number] = undefined; t[out] = NaN; return; }
        const side = test(t[left], t[right]) ? 1 : 0;
        taken[number] = side;
        const [value, , , result] = sides[side];
        value(t);
        t[out] = t[result];
      },
      (t, g, still) => {
        const side = sides[taken[number]];
        if (!side) return;
        g[side[3]] += g[out];
        side[1](t, g, still);
      },
      (t, d) => {
        margin[number] = d[left] - d[right];
        const side = sides[taken[number]];
        if (!side) { d[out] = NaN; return; }
        side[2](t, d);
        d[out] = d[side[3]];
      }];
  }

  /** Compute the rule; `past[lag]` is an earlier row. */
  value(row, base, parameters, past) {
    const t = this.values, { reads, given } = this;
    for (let k = 0; k < reads.length; k += 3) {
      const from = reads[k + 2];
      t[reads[k]] = (from === NOW ? row : from === BASELINE ? base : past[from])[reads[k + 1]];
    }
    for (let k = 0; k < given.length; k += 2) t[given[k]] = parameters[given[k + 1]];
    if (this.taken.length) this.taken.fill(undefined);
    this.forward(t);
    return t[this.result];
  }

  /** Write the local derivative along each edge, from number `first` on; `value` has been called. */
  partials(into, first) {
    const g = this.adjoints.fill(0);
    g[this.result] = 1;
    this.backward(this.values, g, this.still);
    this.edges.forEach((load, k) => { into[first + k] = g[load.temporary]; });
  }

  /** Move one load; return how the result moves. `value` has been called; margins stand in `margin`. */
  move(load) {
    const d = this.moves.fill(0);
    d[load.temporary] = 1;
    if (this.margin.length) this.margin.fill(undefined);
    this.tangent(this.values, d);
    return d[this.result];
  }
}

/** Blocks in one order of evaluation; edges are numbered by position. */
class Program {
  constructor(blocks) {
    this.blocks = blocks;
    this.first = [];
    this.edges = [];
    for (const block of blocks) {
      this.first.push(this.edges.length);
      for (const load of block.edges) this.edges.push([block.slot, load]);
    }
  }
}

/** What a metric shows that would have a value without a change. */
export const apply = (change, value) => (change.kind === "fix" ? change.shift : value * change.scale + change.shift);
/** All that is done to a metric, one after the other; only the first may fix it. */
export const steps = (change) => [...(change.before ?? []), change];
export const kindOf = (change) => steps(change)[0].kind;
export const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
/** What each distinct period adds to a value over the horizon; one that does not count may be without a value. */
export const weighed = ({ weights }, value) => weights.map((weight, k) => (weight ? weight * value(k) : 0));

/** The tree: blocks by slot, parameters at their central values, and values at t = 0. */
export class Model {
  constructor(data) {
    this.size = data.size;
    this.parameters = Float64Array.from(data.parameters);
    this.schedules = data.schedules;
    this.periodic = [];
    for (const [place, each] of data.schedules) {
      each.forEach((value, position) => { (this.periodic[position] ??= this.parameters.slice())[place] = value; });
    }
    this.lags = data.lags;
    this.isStatic = data.static;
    this.rules = data.rules;
    this.ways = new Map();
    for (const [periods, first, ways] of data.ways) this.ways.set(periods, { first, by: this.#ways(ways, periods) });
    this.timings = new Map(Object.entries(data.timings ?? {}));
    this.rank = data.rank;
    this.owners = data.owners;
    const blocks = data.blocks.map((one) => new Block(one));
    this.step = new Program(data.step.map((k) => blocks[k]));
    this.recomputed = new Program(data.recomputed.map((k) => blocks[k]));
    this.initial = data.initial.map((k) => blocks[k]);
    this.base = this.start();
    this.isRecomputed = new Set(this.recomputed.blocks.map((block) => block.slot));
  }

  /** By rule, what each distinct period counts in a value over the horizon, and by what their sum is divided. */
  #ways(ways, periods) {
    const [longest] = this.ways.values();
    return new Map(ways.map(([rule, runs, divisor]) => {
      const weights = runs ? runs.flatMap(([count, weight]) => Array(count).fill(weight)) : longest.by.get(rule).each.slice(0, periods);
      return [rule, { weights: this.isStatic ? [total(weights)] : weights, divisor, each: weights }];
    }));
  }

  /** How a slot is taken over the first periods; undefined where it has no value there, or one that is recomputed. */
  way(periods, slot) { return this.ways.get(periods).by.get(this.rules[slot]); }

  /** What is done in the period at a position: as much of each step as is in force (quantity/interventions.py). */
  during(change, position) {
    const weights = (step) => this.timings.get(step.when)?.weights;
    if (!change.before && !weights(change)) return change;
    let scale = 1, shift = 0;
    for (const step of steps(change)) {
      const part = weights(step)?.[position] ?? 1, own = step.kind === "fix" ? 0 : part === 1 ? step.scale : 1 + (step.scale - 1) * part;
      scale *= own;
      shift = shift * own + step.shift * part;
    }
    return { kind: kindOf(change), scale, shift };
  }

  /** The same over the first periods: the average of what is done in each that counts. */
  throughout(change, periods) {
    const { before, when } = change;
    if (!before && !when) return change;
    const { first } = this.ways.get(periods), each = Array.from({ length: periods - first }, (_, k) => this.during(change, first + k));
    const mean = (key) => total(each.map((one) => one[key])) / each.length;
    return { ...each[0], scale: mean("scale"), shift: mean("shift") };
  }

  /** The values at t = 0, of the parameters as they are now; a baseline is that of the tree as stated. */
  start() {
    const row = new Float64Array(this.size), past = [];
    for (const lag of this.lags) past[lag] = row;
    for (const block of this.initial) row[block.slot] = block.value(row, this.base ?? row, this.parameters, past);
    return row;
  }

  /** The parameters in the period at a position; those of today over the horizon. */
  numbers(position) { return this.periodic[position] ?? this.parameters; }

  /** Run with changes by slot; on a time loop a change wraps the path that the metric has without it. */
  run(periods, changes = new Map()) {
    const isLoop = (slot) => this.rank[slot] >= 0 && kindOf(changes.get(slot)) === "wrap";
    const loops = [...changes.keys()].filter(isLoop).sort((a, b) => this.rank[a] - this.rank[b]);
    const effect = (slot, without) => ({
      at: (position, value) => apply(this.during(changes.get(slot), position), without ? without.rows[position][slot] : value),
      over: (count, value) => apply(this.throughout(changes.get(slot), count), without ? this.horizon(without, count)[slot] : value),
    });
    let held = new Map([...changes.keys()].filter((slot) => !loops.includes(slot)).map((slot) => [slot, effect(slot)]));
    for (const slot of loops) held = new Map(held).set(slot, effect(slot, this.simulate(periods, held)));
    return this.simulate(periods, held);
  }

  simulate(periods, held) {
    const rows = [], count = this.isStatic ? 1 : periods;
    const { base } = this;
    for (let position = 0; position < count; position++) {
      const row = new Float64Array(this.size);
      const past = this.past(rows, position);
      for (const block of this.step.blocks) {
        const value = block.value(row, base, this.numbers(position), past), change = held.get(block.slot);
        row[block.slot] = change ? finite(change.at(position, value)) : value;
      }
      rows.push(row);
    }
    return { rows, periods, held, totals: new Map() };
  }

  past(rows, position) {
    const past = [];
    for (const lag of this.lags) past[lag] = position >= lag ? rows[position - lag] : this.base;
    return past;
  }

  /** The first periods of a run. */
  first(run, periods) {
    return { ...run, rows: this.isStatic ? run.rows : run.rows.slice(0, periods), periods, totals: new Map() };
  }

  /** Every slot over the first periods of a run, by its rule. */
  horizon(run, periods = run.periods) {
    if (run.totals.has(periods)) return run.totals.get(periods);
    const row = new Float64Array(this.size);
    for (let slot = 0; slot < this.size; slot++) row[slot] = this.sum(run.rows, periods, slot);
    const base = this.horizonBase(periods);
    for (const block of this.recomputed.blocks) {
      const value = block.value(row, base, this.parameters, []), change = run.held.get(block.slot);
      row[block.slot] = change ? finite(change.over(periods, value)) : value;
    }
    run.totals.set(periods, row);
    return row;
  }

  /** What the rows of a slot add up to over the first periods, each by its weight; NaN without a rule. */
  sum(rows, periods, slot) {
    const way = this.way(periods, slot);
    return way ? carefulSum(weighed(way, (k) => rows[k][slot])) / way.divisor : NaN;
  }

  /** One slot over the first periods of a run. */
  over(run, periods, slot) {
    return this.way(periods, slot) ? this.sum(run.rows, periods, slot) : this.horizon(run, periods)[slot];
  }

  horizonBase(periods) {
    return this.base.map((value, slot) => {
      const way = this.way(periods, slot);
      return way ? value * (total(way.weights) / way.divisor) : value;
    });
  }

  /** Local derivatives along the edges into some slots, of values that may be of any run or between two. */
  partials(rows, totals, baseOver, [inStep, inRecomputed]) {
    const found = rows.map((row, position) => {
      const into = new Float64Array(this.step.edges.length), past = this.past(rows, position);
      this.step.blocks.forEach((block, k) => {
        if (!inStep.has(block.slot)) return;
        block.value(row, this.base, this.numbers(position), past);
        block.partials(into, this.step.first[k]);
      });
      return into;
    });
    const over = new Float64Array(this.recomputed.edges.length);
    this.recomputed.blocks.forEach((block, k) => {
      if (!inRecomputed.has(block.slot)) return;
      block.value(totals, baseOver, this.parameters, []);
      block.partials(over, this.recomputed.first[k]);
    });
    return { rows: found, horizon: over };
  }
}
