// How sure an answer is: the library's own draws (the same points, curves and correlations), each operation being done
// for a column of them at once. Runs without and with what is asked are worked on the same draws.
import { betaQuantile } from "./beta.js";
import { FUNCTIONS } from "./functions.js";
import { apply, BASELINE, COMPARE, finite, kindOf, NOW, power, steps } from "./model.js";

const WIDEST = 256, CELLS = 2 ** 19;

// -- one block of draws through the tree ------------------------------------------------------------------------------

const filled = (width, value) => new Float64Array(width).fill(value);

/** One operation for a column: what it reads and writes are columns in `t`. */
function wideOperation([op, out, ...rest], t) {
  const [a, b] = rest, o = t[out];
  switch (op) {
    case "neg": return () => { const x = t[a]; for (let k = 0; k < o.length; k++) o[k] = -x[k]; };
    case "add": return () => { const x = t[a], y = t[b]; for (let k = 0; k < o.length; k++) o[k] = finite(x[k] + y[k]); };
    case "sub": return () => { const x = t[a], y = t[b]; for (let k = 0; k < o.length; k++) o[k] = finite(x[k] - y[k]); };
    case "mul": return () => { const x = t[a], y = t[b]; for (let k = 0; k < o.length; k++) o[k] = finite(x[k] * y[k]); };
    case "div": return () => { const x = t[a], y = t[b]; for (let k = 0; k < o.length; k++) o[k] = finite(x[k] / y[k]); };
    case "pow": return () => { const x = t[a], y = t[b]; for (let k = 0; k < o.length; k++) o[k] = power(x[k], y[k]); };
    default: {
      const [name, ...args] = rest, value = FUNCTIONS[name];
      return () => {
        const read = args.map((arg) => t[arg]);
        for (let k = 0; k < o.length; k++) {
          const given = read.map((column) => column[k]);
          o[k] = given.every(Number.isFinite) ? finite(value(...given)) : NaN;
        }
      };
    }
  }
}

/** A rule for columns; both sides of a branch are computed, and each draw takes its own. */
class WideBlock {
  constructor(data, width) {
    const [slot, size, loads, given, constants, body] = data;
    Object.assign(this, { slot, loads, given, width, t: Array.from({ length: size }, () => null), result: body[1] });
    for (const [temporary, value] of constants) this.t[temporary] = filled(width, value);
    this.steps = this.#body(body);
  }

  #body([steps]) {
    return steps.flatMap((step) => {
      this.t[step[1]] = new Float64Array(this.width);
      if (step[0] === "if") return this.#select(step);
      return wideOperation(step, this.t);
    });
  }

  #select([, out, compare, left, right, then, otherwise]) {
    const t = this.t, o = t[out], test = COMPARE[compare];
    const choose = () => {
      const x = t[left], y = t[right], yes = t[then[1]], no = t[otherwise[1]];
      for (let k = 0; k < o.length; k++) o[k] = x[k] !== x[k] || y[k] !== y[k] ? NaN : test(x[k], y[k]) ? yes[k] : no[k];
    };
    return [...this.#body(then), ...this.#body(otherwise), choose];
  }

  value(row, base, parameters, past) {
    const { t } = this;
    for (const [temporary, slot, when] of this.loads) t[temporary] = (when === NOW ? row : when === BASELINE ? base : past[when])[slot];
    for (const [temporary, position] of this.given) t[temporary] = parameters[position];
    for (const step of this.steps) step();
    return t[this.result].slice();
  }
}

/** Part of a tree for many draws at once: what `slots` rest on, in columns of one width. */
export class Columns {
  constructor(model, slots, width) {
    const needed = new Set(slots), pending = [...slots], inputs = new Map();
    const all = [...model.initial, ...model.step.blocks, ...model.recomputed.blocks];
    for (const { slot, loads } of all) inputs.set(slot, [...(inputs.get(slot) ?? []), ...loads.map((load) => load.slot)]);
    while (pending.length) for (const slot of inputs.get(pending.pop()) ?? []) if (!needed.has(slot)) { needed.add(slot); pending.push(slot); }
    const made = new Map(), wide = (blocks) => blocks.filter(({ slot }) => needed.has(slot)).map((block) => {
      if (!made.has(block)) made.set(block, new WideBlock(block.data, width));
      return made.get(block);
    });
    Object.assign(this, { model, width, needed: [...needed] });
    [this.initial, this.step, this.recomputed] = [model.initial, model.step.blocks, model.recomputed.blocks].map(wide);
    this.central = Array.from(model.parameters, (value) => filled(width, value));
    this.base = this.constant(model.base);
    this.baseOver = new Map();
  }

  constant(row) {
    const found = [];
    for (const slot of this.needed) found[slot] = filled(this.width, row[slot]);
    return found;
  }

  /** Run with parameters drawn and changes by slot, whose numbers may be columns; `Model.run` for each draw. */
  run(periods, drawn, changes) {
    const { model } = this, parameters = this.central.slice();
    for (const [position, column] of drawn) parameters[position] = column;
    const start = [], isHere = new Set(this.needed);
    for (const block of this.initial) start[block.slot] = block.value(start, this.base, parameters, model.lags.reduce((past, lag) => { past[lag] = start; return past; }, []));
    const own = [...changes].filter(([slot]) => isHere.has(slot));
    const isLoop = ([slot, change]) => model.rank[slot] >= 0 && kindOf(change) === "wrap";
    let held = new Map(own.filter((one) => !isLoop(one)).map(([slot, change]) => [slot, { change }]));
    const go = () => this.#simulate(periods, parameters, start, held);
    for (const [slot, change] of own.filter(isLoop).sort(([a], [b]) => model.rank[a] - model.rank[b])) held = new Map(held).set(slot, { change, without: go() });
    return go();
  }

  #simulate(periods, parameters, start, held) {
    const { model } = this, rows = [], count = model.isStatic ? 1 : periods;
    for (let position = 0; position < count; position++) {
      const row = [], past = [], numbers = parameters.slice();
      for (const [place, each] of model.schedules) numbers[place] = filled(this.width, each[position]);
      for (const lag of model.lags) past[lag] = position >= lag ? rows[position - lag] : start;
      for (const block of this.step) {
        const one = held.get(block.slot), value = block.value(row, this.base, numbers, past);
        row[block.slot] = one ? changed(one.change, one.without ? one.without.rows[position][block.slot] : value, (change) => model.during(change, position)) : value;
      }
      rows.push(row);
    }
    return { rows, periods, held, parameters };
  }

  /** Columns by slot over the first periods of a run. */
  over(run, periods) {
    const { model } = this, row = [];
    if (!this.baseOver.has(periods)) this.baseOver.set(periods, this.constant(model.horizonBase(periods)));
    for (const slot of this.needed) if (model.rules[slot]) row[slot] = taken(model.way(periods, slot), run.rows, slot);
    for (const block of this.recomputed) {
      const one = run.held.get(block.slot), value = block.value(row, this.baseOver.get(periods), run.parameters, []);
      row[block.slot] = one ? changed(one.change, one.without ? this.over(one.without, periods)[block.slot] : value, (change) => model.throughout(change, periods)) : value;
    }
    return row;
  }
}

/** A column with a change, whose numbers may be columns; `done` is what is done of it. */
function changed(change, value, done) {
  const isDrawn = steps(change).some(({ scale, shift }) => scale.length || shift.length), all = isDrawn ? null : done(change);
  return value.map((one, k) => finite(apply(all ?? done(drawnAt(change, k)), one)));
}

function drawnAt(change, k) {
  const { scale, shift, before } = change, at = (number) => (number.length ? number[k] : number);
  return { ...change, scale: at(scale), shift: at(shift), before: before?.map((step) => drawnAt(step, k)) };
}

function taken({ weights, divisor }, rows, slot) {
  const found = new Float64Array(rows[0][slot].length);
  weights.forEach((weight, position) => {
    const column = rows[position][slot];
    if (weight) for (let k = 0; k < found.length; k++) found[k] += weight * column[k];
  });
  return found.map((sum) => sum / divisor);
}

// -- draws ------------------------------------------------------------------------------------------------------------

/** The normal quantile (M. J. Wichura, "Algorithm AS 241", Applied Statistics 37, 1988), to sixteen digits. */
export function normalQuantile(share) {
  const ratio = (r, above, below) => above.reduce((sum, one) => sum * r + one) / below.reduce((sum, one) => sum * r + one);
  const q = share - 0.5;
  if (Math.abs(q) <= 0.425) {
    return q * ratio(0.180625 - q * q,
      [2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608],
      [5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1]);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? share : 1 - share));
  const score = r <= 5
    ? ratio(r - 1.6,
      [7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734],
      [1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1])
    : ratio(r - 5,
      [2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772],
      [2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1]);
  return q < 0 ? -score : score;
}

/** The share of a normal below a score: a series near the middle, a continued fraction in the tails. */
export function normalShare(score) {
  const size = Math.abs(score), density = Math.exp(-score * score / 2) / Math.sqrt(2 * Math.PI);
  if (size < 3) {
    let term = score, sum = score;
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) { term *= score * score / (2 * k + 1); sum += term; }
    return 0.5 + density * sum;
  }
  let tail = 0;
  for (let k = 60; k > 0; k--) tail = k / (size + tail);
  tail = density / (size + tail);
  return score < 0 ? tail : 1 - tail;
}

/** The number below which a share of the cases lies, by the kind of curve; `engine/distributions.py` says what each is. */
const CURVES = {
  bent: (u, shape, central, below, above, bend, cut, stretch, floor, ceiling) => {
    const z = cut ? normalQuantile(cut + (1 - 2 * cut) * u) * stretch : normalQuantile(u);
    const away = bend === null ? z * (z < 0 ? below : above) : z * ((below + above) / 2 + bend * (u - 0.5));
    if (shape === "normal") return central + away;
    if (shape === "lognormal") return central * Math.exp(away);
    if (shape === "mirrored_lognormal") return central * Math.exp(-away);
    const odds = Math.log(central - floor) - Math.log(ceiling - central) + away, inside = (ceiling - floor) / (1 + Math.exp(Math.abs(odds)));
    return odds < 0 ? floor + inside : ceiling - inside;
  },
  uniform: (u, low, high) => low * (1 - u) + high * u,
  triangular: (u, low, mode, high) => {
    const width = high - low;
    return u * width < mode - low ? low + Math.sqrt(u * width * (mode - low)) : high - Math.sqrt((1 - u) * width * (high - mode));
  },
  beta: (u, a, b) => betaQuantile(a, b, u),
  discrete: (u, values, reached) => values[reached.filter((share) => share < u).length],
};

/** The number below which a share of the cases of a curve lies. */
export function valueAt([kind, ...numbers], share) { return CURVES[kind](share, ...numbers); }

/** Draws of all that is uncertain: shares of the library's Sobol points, tied where numbers hang together. */
export class Draws {
  constructor({ inputs, linked }) {
    this.inputs = inputs;
    this.linked = linked;
    this.nets = inputs.map(({ net }) => new Uint32Array(Uint8Array.from(atob(net), (byte) => byte.charCodeAt(0)).buffer));
  }

  share(input, index) {
    const net = this.nets[input];
    let word = net[0];
    for (let bit = 0; index >> bit; bit++) if (index >> bit & 1) word ^= net[bit + 1];
    return ((word >>> 0) + 0.5) / 2 ** 32;
  }

  /** A column for each input: `count` draws from index `first` on. */
  take(first, count) {
    const shares = this.inputs.map((_, input) => Float64Array.from({ length: count }, (__, k) => this.share(input, first + k)));
    for (const { members, factor } of this.linked) {
      const own = members.map((member) => shares[member].map(normalQuantile));
      members.forEach((member, row) => {
        shares[member] = own[0].map((_, k) => {
          const score = factor[row].reduce((sum, weight, column) => (weight ? sum + weight * own[column][k] : sum), 0);
          return Math.min(1 - 2 ** -53, Math.max(1e-300, normalShare(score)));
        });
      });
    }
    return this.inputs.map(({ curve }, input) => shares[input].map((share) => valueAt(curve, share)));
  }
}

/** How many draws are worked at once: fewer of a tree that is large or long. */
export function widthOf(cells) { return Math.max(16, Math.min(WIDEST, 2 ** Math.floor(Math.log2(CELLS / Math.max(1, cells))))); }

/** The number below which a share of sorted numbers lies, between its neighbours in proportion. */
export function quantile(sorted, share) {
  const at = (sorted.length - 1) * share, below = Math.floor(at), part = at - below;
  return part ? sorted[below] + part * (sorted[below + 1] - sorted[below]) : sorted[below];
}
