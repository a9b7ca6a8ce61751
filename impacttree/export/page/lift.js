// What a change carries along each edge: the integral of local flows from nothing of it to all of it, by Gauss-Legendre
// quadrature between the places where a branch switches. The rules are those of engine/flows.py and engine/jumps.py.
import { carefulSum, kindOf, total, weighed } from "./model.js";

const HORIZON = -1;
const TOLERANCE = 1e-11, MOST_SWITCHES = 200, MOST_NODES = 3000, NARROWEST = 2 ** -40;
const ROUNDING = 1e-15, LARGEST = 1e12, JUMP = 1e3, JUMP_NODES = 16;

const RULES = new Map();

/** Gauss-Legendre nodes and weights on 0..1. */
export function gauss(count) {
  if (RULES.has(count)) return RULES.get(count);
  const rule = [];
  for (let k = 0; k < count; k++) {
    let x = Math.cos(Math.PI * (k + 0.75) / (count + 0.5)), slope = 0;
    for (let tries = 0; tries < 100; tries++) {
      let below = 1, value = x;
      for (let degree = 2; degree <= count; degree++) {
        [below, value] = [value, ((2 * degree - 1) * x * value - (degree - 1) * below) / degree];
      }
      slope = count * (x * value - below) / (x * x - 1);
      const change = value / slope;
      x -= change;
      if (Math.abs(change) < 1e-16) break;
    }
    rule.push([(1 - x) / 2, 1 / ((1 - x * x) * slope * slope)]);
  }
  RULES.set(count, rule);
  return rule;
}

function reached(starts, next) {
  const pending = [...starts], found = new Set(pending);
  while (pending.length) for (const slot of next(pending.pop()) ?? []) if (!found.has(slot)) { found.add(slot); pending.push(slot); }
  return found;
}

/** Metrics moved in every period, everything else following. */
export class Lift {
  constructor(model, periods, changes, outcome, before = model.run(periods), after = model.run(periods, changes)) {
    Object.assign(this, { model, periods, changes, outcome, before, after });
    this.#structure();
    const start = model.horizon(before), end = model.horizon(after);
    this.total = end[outcome] - start[outcome];
    this.fixed = new Map();
    for (const slot of changes.keys()) {
      if (this.open.has(slot)) continue;
      this.fixed.set(slot, {
        start: before.rows.map((row) => row[slot]),
        delta: after.rows.map((row, k) => row[slot] - before.rows[k][slot]),
        startOver: start[slot],
        deltaOver: model.isRecomputed.has(slot) ? end[slot] - start[slot] : 0,
      });
    }
    this.runs = new Map();
    this.baseOver = model.horizonBase(periods);
  }

  // -- what can move ------------------------------------------------------------------------------------------------

  #structure() {
    const { model, changes, outcome } = this, ahead = new Map(), all = new Map(), behind = new Map();
    const add = (map, key, value) => map.has(key) ? map.get(key).add(value) : map.set(key, new Set([value]));
    const edges = [...model.step.edges, ...model.recomputed.edges];
    for (const [slot, load] of edges) add(all, load.slot, slot);
    // A moved metric that another moved one can reach keeps following it; all others go straight to where they end.
    this.open = new Set();
    if (changes.size > 1) {
      for (const slot of changes.keys()) {
        const others = [...changes.keys()].filter((other) => other !== slot);
        const ahead = reached(others, (one) => all.get(one));
        if (ahead.has(slot) && model.rank[slot] < 0 && kindOf(changes.get(slot)) === "wrap") this.open.add(slot);
      }
    }
    const isCut = (slot) => changes.has(slot) && !this.open.has(slot);
    for (const [slot, load] of edges) if (!isCut(slot)) { add(ahead, load.slot, slot); add(behind, slot, load.slot); }
    const after = reached(changes.keys(), (slot) => ahead.get(slot)), to = reached([outcome], (slot) => behind.get(slot));
    this.touched = new Set([...after].filter((slot) => to.has(slot)));
    const grouped = (program) => {
      const found = new Map();
      program.edges.forEach(([slot, load], number) => {
        if (isCut(slot) || !this.touched.has(slot) || !this.touched.has(load.slot)) return;
        if (!found.has(slot)) found.set(slot, []);
        found.get(slot).push([number, load]);
      });
      return found;
    };
    const order = (program, inward) => program.blocks.map((block) => block.slot).filter((slot) => inward.has(slot) || (this.open.has(slot) && this.touched.has(slot)));
    this.inward = [grouped(model.step), grouped(model.recomputed)];
    this.order = [order(model.step, this.inward[0]), order(model.recomputed, this.inward[1])];
    const branching = (program) => program.blocks.filter((block) => block.branches.length && this.touched.has(block.slot) && !isCut(block.slot));
    const touching = (program) => program.blocks.filter((block) => this.touched.has(block.slot));
    this.moving = [touching(model.step), touching(model.recomputed)];
    this.branching = [branching(model.step), branching(model.recomputed)];
  }

  into(position, slot) { return this.inward[position === HORIZON ? 1 : 0].get(slot) ?? []; }

  ordered(position) { return this.order[position === HORIZON ? 1 : 0]; }

  // -- runs along the way ---------------------------------------------------------------------------------------------

  /** The run with `share` of the change; only what flows pass through is computed, all else stays as it was. */
  at(share) {
    if (this.runs.has(share)) return this.runs.get(share);
    const { model, before, periods } = this, open = new Map(), rows = [];
    const partly = (slot, position, value) => {
      const { scale, shift } = this.#done(slot, position), part = 1 + share * (scale - 1);
      open.get(slot)[position] = { plain: value, part };
      return value * part + share * shift;
    };
    for (const slot of this.open) open.set(slot, []);
    for (let position = 0; position < before.rows.length; position++) {
      const row = before.rows[position].slice(), past = model.past(rows, position);
      for (const block of this.moving[0]) {
        const { slot } = block, fixed = this.fixed.get(slot);
        if (fixed) row[slot] = fixed.start[position] + share * fixed.delta[position];
        else {
          const value = block.value(row, model.base, model.numbers(position), past);
          row[slot] = open.has(slot) ? partly(slot, position, value) : value;
        }
      }
      rows.push(row);
    }
    const totals = model.horizon(before).slice(), base = this.baseOver;
    for (const slot of this.touched) if (model.rules[slot]) totals[slot] = model.sum(rows, periods, slot);
    for (const block of this.moving[1]) {
      const { slot } = block, fixed = this.fixed.get(slot);
      if (fixed) totals[slot] = fixed.startOver + share * fixed.deltaOver;
      else {
        const value = block.value(totals, base, model.parameters, []);
        totals[slot] = open.has(slot) ? partly(slot, HORIZON, value) : value;
      }
    }
    const run = { rows, periods, open, totals: new Map([[periods, totals]]) };
    this.runs.set(share, run);
    return run;
  }

  /** What is done to a slot at a position. */
  #done(slot, position) {
    const change = this.changes.get(slot);
    return position === HORIZON ? this.model.throughout(change, this.periods) : this.model.during(change, position);
  }

  values(run, position) { return position === HORIZON ? this.model.horizon(run) : run.rows[position]; }

  /** Local derivatives of a run, 0 where one is infinite, and what moves by itself there. */
  partials(run) {
    const found = this.model.partials(run.rows, this.model.horizon(run), this.baseOver, this.inward);
    for (const [position, row] of [[HORIZON, found.horizon], ...found.rows.entries()]) {
      let sum = 0;
      for (const slope of row) sum += slope;
      if (!Number.isFinite(sum)) this.#correct(run, position, row);
    }
    found.moved = this.#moved(run, found);
    return found;
  }

  /** How metrics that are moved and follow others move by themselves; their edges pass on only the scaled part. */
  #moved(run, found) {
    const moved = found.rows.map(() => new Map());
    moved[HORIZON] = new Map();
    for (const [slot, each] of run.open ?? []) {
      for (const position of [HORIZON, ...found.rows.keys()]) {
        if (!each[position]) continue;
        const { plain, part } = each[position], { scale, shift } = this.#done(slot, position);
        for (const [edge] of this.into(position, slot)) (found.rows[position] ?? found.horizon)[edge] *= part;
        moved[position].set(slot, plain * (scale - 1) + shift);
      }
    }
    return moved;
  }

  #correct(run, position, slopes) {
    const { model } = this, program = position === HORIZON ? model.recomputed : model.step;
    const blocks = new Map(program.blocks.map((block) => [block.slot, block]));
    program.edges.forEach(([slot, load], edge) => {
      if (Number.isFinite(slopes[edge])) return;
      const block = blocks.get(slot);
      this.#compute(block, run.rows, this.values(run, position), position);
      const slope = block.move(load);
      slopes[edge] = Number.isFinite(slope) && Math.abs(slope) < LARGEST ? slope : 0;
    });
  }

  #compute(block, rows, row, position) {
    const { model } = this;
    if (position === HORIZON) return block.value(row, this.baseOver, model.parameters, []);
    return block.value(row, model.base, model.numbers(position), model.past(rows, position));
  }

  // -- tangent and adjoint --------------------------------------------------------------------------------------------

  /** How fast each slot moves in every period and over the horizon; `visit` is called before each slot is moved. */
  tangent(node, visit = null) {
    if (node.moves && !visit) return node.moves;
    const { model } = this, rows = node.rows.map(() => new Float64Array(model.size));
    node.rows.forEach((partials, position) => {
      const row = rows[position];
      for (const [slot, { delta }] of this.fixed) row[slot] = delta[position];
      const speed = (load) => (position >= load.lag ? rows[position - load.lag][load.slot] : 0);
      for (const slot of this.order[0]) {
        if (visit) visit(position, slot, speed);
        let total = node.moved[position].get(slot) ?? 0;
        for (const [edge, load] of this.into(0, slot)) {
          if (position >= load.lag) total += partials[edge] * rows[position - load.lag][load.slot];
        }
        row[slot] = total;
      }
    });
    const horizon = this.totals(rows);
    for (const [slot, { deltaOver }] of this.fixed) if (model.isRecomputed.has(slot)) horizon[slot] = deltaOver;
    for (const slot of this.order[1]) {
      if (visit) visit(HORIZON, slot, (load) => horizon[load.slot]);
      let total = node.moved[HORIZON].get(slot) ?? 0;
      for (const [edge, load] of this.into(HORIZON, slot)) total += node.horizon[edge] * horizon[load.slot];
      horizon[slot] = total;
    }
    node.moves = { rows, horizon };
    return node.moves;
  }

  totals(rows) {
    const horizon = new Float64Array(this.model.size);
    for (const slot of this.touched) {
      const way = this.model.isRecomputed.has(slot) ? null : this.model.way(this.periods, slot);
      horizon[slot] = way ? total(weighed(way, (k) => rows[k][slot])) / way.divisor : 0;
    }
    return horizon;
  }

  adjoint(node) {
    const { model, periods } = this, horizon = new Float64Array(model.size);
    horizon[this.outcome] = 1;
    for (const slot of [...this.order[1]].reverse()) {
      for (const [edge, load] of this.into(HORIZON, slot)) horizon[load.slot] += node.horizon[edge] * horizon[slot];
    }
    const rows = this.before.rows.map(() => new Float64Array(model.size));
    horizon.forEach((moved, slot) => {
      const way = moved ? model.way(periods, slot) : null;
      way?.weights.forEach((weight, position) => { rows[position][slot] = (moved * weight) / way.divisor; });
    });
    const backwards = [...this.order[0]].reverse();
    for (let position = rows.length - 1; position >= 0; position--) {
      const row = rows[position], partials = node.rows[position];
      for (const slot of backwards) {
        if (!row[slot]) continue;
        for (const [edge, load] of this.into(0, slot)) {
          if (position >= load.lag) rows[position - load.lag][load.slot] += partials[edge] * row[slot];
        }
      }
    }
    return { rows, horizon };
  }

  // -- rounding -------------------------------------------------------------------------------------------------------

  /** How far rounding may move the difference of two evaluations, by position and slot. */
  get rounding() {
    if (!this.roundings) {
      const [first, second] = gauss(2).map(([share]) => this.#roundingAt(this.at(share)));
      this.roundings = first.map((row, k) => row.map((value, slot) => value + second[k][slot]));
      this.roundings[HORIZON] = first[HORIZON].map((value, slot) => value + second[HORIZON][slot]);
    }
    return this.roundings;
  }

  #roundingAt(run) {
    const node = this.partials(run), size = (row) => row.map((value) => ROUNDING * Math.abs(value));
    const rows = run.rows.map(size), initial = size(this.model.base);
    rows.forEach((row, position) => {
      for (const slot of this.order[0]) {
        for (const [edge, load] of this.into(0, slot)) {
          const source = position >= load.lag ? rows[position - load.lag] : initial;
          row[slot] += Math.abs(node.rows[position][edge]) * source[load.slot];
        }
      }
    });
    const own = size(this.model.horizon(run)), totals = this.totals(rows).map((moved, slot) => moved + own[slot]);
    for (const slot of this.order[1]) {
      let more = 0;
      for (const [edge, load] of this.into(HORIZON, slot)) more += Math.abs(node.horizon[edge]) * totals[load.slot];
      totals[slot] += more;
    }
    rows[HORIZON] = totals;
    return rows;
  }

  // -- quadrature -----------------------------------------------------------------------------------------------------

  #node(share, weight) { return { weight, ...this.partials(this.at(share)) }; }

  /** Quadrature nodes whose flows sum to the total. */
  get nodes() {
    if (this.found) return this.found;
    const nodes = [], pending = [[0, 1, 4]];
    let spent = 0, switches = 0;
    while (pending.length) {
      let [low, high, count] = pending.pop();
      const crossing = this.#firstSwitch(low, high, count);
      if (crossing && switches >= MOST_SWITCHES) {
        switches += this.#inOnePiece(low, high, nodes);
        continue;
      }
      if (crossing) {
        const [left, right] = crossing;
        switches += this.#switched(left, right, nodes);
        if (right < high) pending.push([right, high, count]);
        high = left;
        if (high <= low) continue;
      }
      const piece = gauss(count).map(([x, w]) => this.#node(low + (high - low) * x, (high - low) * w));
      spent += count;
      if (this.#closes(piece, this.at(low), this.at(high))) nodes.push(...piece);
      else if (spent > MOST_NODES || high - low < NARROWEST) this.#inOnePiece(low, high, nodes);
      else if (count < 64) pending.push([low, high, count * 2]);
      else {
        const middle = (low + high) / 2;
        pending.push([middle, high, 16], [low, middle, 16]);
      }
    }
    this.found = nodes;
    return nodes;
  }

  #closes(piece, low, high) {
    const moves = piece.map((node) => this.tangent(node)), weights = piece.map((node) => node.weight);
    for (let position = HORIZON; position < low.rows.length; position++) {
      const rows = moves.map((move) => (position === HORIZON ? move.horizon : move.rows[position]));
      const before = this.values(low, position), after = this.values(high, position), rounding = this.rounding[position];
      for (const slot of this.ordered(position)) {
        let sum = 0, size = 0;
        for (let k = 0; k < rows.length; k++) {
          const carried = weights[k] * rows[k][slot];
          sum += carried;
          size += Math.abs(carried);
        }
        if (Math.abs(sum - (after[slot] - before[slot])) > rounding[slot] + TOLERANCE * size) return false;
      }
    }
    return true;
  }

  // -- switches -------------------------------------------------------------------------------------------------------

  #decisions(share) {
    const run = this.at(share);
    if (run.decisions) return run.decisions;
    const found = [];
    for (let position = HORIZON; position < run.rows.length; position++) {
      const blocks = this.branching[position === HORIZON ? 1 : 0];
      if (!blocks.length) continue;
      const row = this.values(run, position);
      for (const block of blocks) {
        this.#compute(block, run.rows, row, position);
        block.branches.forEach((branch, k) => found.push({ position, slot: block.slot, branch, side: block.taken[k] }));
      }
    }
    run.decisions = found;
    return found;
  }

  #alike(one, two) { return one.every((decision, k) => decision.side === two[k].side); }

  #firstSwitch(low, high, count) {
    if (!(this.branching[0].length || this.branching[1].length) || high <= low) return null;
    const points = [low, ...gauss(Math.max(count, 16)).map(([x]) => low + (high - low) * x), high];
    const start = this.#decisions(low);
    for (let k = 1; k < points.length; k++) {
      if (!this.#alike(this.#decisions(points[k]), start)) return this.#bisect(points[k - 1], points[k], start);
    }
    return null;
  }

  #bisect(left, right, start) {
    for (;;) {
      const middle = (left + right) / 2;
      if (!(left < middle && middle < right)) return [left, right];
      if (this.#alike(this.#decisions(middle), start)) left = middle;
      else right = middle;
    }
  }

  #changed(left, right) {
    const after = this.#decisions(right);
    return this.#decisions(left).filter((was, k) => was.side !== undefined && after[k].side !== undefined && was.side !== after[k].side);
  }

  #switched(left, right, nodes) {
    const changed = this.#changed(left, right), low = this.at(left), high = this.at(right);
    const jumps = changed.some(({ position, slot }) => this.#leaps(low, high, position, slot));
    if (jumps) nodes.push(...this.#jump(low, high, changed));
    return changed.length;
  }

  #inOnePiece(left, right, nodes) {
    const changed = this.#changed(left, right), low = this.at(left), high = this.at(right);
    const node = this.#secants(low, high), margins = this.#margins(low, high, changed);
    nodes.push(this.#through(low, high, node, margins, right - left));
    return changed.length;
  }

  /** What is passed on at a jump: a node without and one with what the conditions carry. */
  #jump(low, high, changed) {
    const node = this.#secants(low, high), margins = this.#margins(low, high, changed);
    const row = (position) => (position === HORIZON ? node.horizon : node.rows[position]);
    for (const { position, slot } of margins.values()) for (const [edge] of this.into(position, slot)) row(position)[edge] = 0;
    const calm = { weight: -1, rows: node.rows.map((one) => one.slice()), horizon: node.horizon.slice(), moved: node.moved };
    return [calm, this.#through(low, high, node, margins, 1)];
  }

  #through(low, high, found, margins, width) {
    const node = { ...found, weight: width };
    this.tangent(node, (position, slot, speed) => {
      const margin = margins.get([position, slot].join());
      if (!margin) return;
      const loads = this.into(position, slot);
      let pushes = loads.map(([edge, load]) => margin.slopes.get(edge) * speed(load));
      if (!carefulSum(pushes)) pushes = loads.map(([, load]) => Math.abs(speed(load)));
      const push = carefulSum(pushes), jump = this.#movedBy(low, high, position, slot) / width;
      const row = position === HORIZON ? node.horizon : node.rows[position];
      loads.forEach(([edge, load], k) => { row[edge] = pushes[k] ? jump * (pushes[k] / push) / speed(load) : 0; });
    });
    return node;
  }

  #movedBy(low, high, position, slot) { return this.values(high, position)[slot] - this.values(low, position)[slot]; }

  #leaps(low, high, position, slot) {
    return Math.abs(this.#movedBy(low, high, position, slot)) > JUMP * this.rounding[position][slot];
  }

  /** Slopes that account exactly for what each metric moves by because its inputs jump. */
  #secants(low, high) {
    let total = null;
    for (const [x, weight] of gauss(JUMP_NODES)) {
      const node = this.partials(this.#between(low, high, x));
      const rows = [...node.rows, node.horizon];
      if (!total) total = rows.map((row) => row.map((slope) => weight * slope));
      else rows.forEach((row, k) => row.forEach((slope, edge) => { total[k][edge] += weight * slope; }));
    }
    const rows = total.slice(0, -1), horizon = total[total.length - 1];
    for (const [position, row] of [...rows.entries(), [HORIZON, horizon]]) {
      for (const [slot, loads] of this.inward[position === HORIZON ? 1 : 0]) this.#settle(low, high, position, slot, loads, row);
    }
    const moved = rows.map(() => new Map());
    moved[HORIZON] = new Map();
    return { rows, horizon, moved };
  }

  #settle(low, high, position, slot, loads, slopes) {
    const moving = [];
    for (const [edge, load] of loads) {
      const past = position === HORIZON ? HORIZON : position - load.lag;
      if (position !== HORIZON && past < 0) continue;
      if (this.#leaps(low, high, past, load.slot)) moving.push([edge, this.#movedBy(low, high, past, load.slot)]);
    }
    const carried = moving.map(([edge, moved]) => slopes[edge] * moved);
    const missing = this.#movedBy(low, high, position, slot) - carefulSum(carried);
    const shares = carried.some(Boolean) ? carried.map(Math.abs) : moving.map(() => 1), whole = carefulSum(shares);
    moving.forEach(([edge, moved], k) => { slopes[edge] += missing * shares[k] / whole / moved; });
  }

  /** Values part of the way between two runs. */
  #between(low, high, x) {
    const mix = (one, two) => one.map((value, slot) => (1 - x) * value + x * two[slot]);
    const totals = mix(this.model.horizon(low), this.model.horizon(high));
    const rows = low.rows.map((row, k) => mix(row, high.rows[k]));
    return { rows, periods: this.periods, held: low.held, totals: new Map([[this.periods, totals]]) };
  }

  #margins(low, high, changed) {
    const margins = new Map();
    for (const { position, slot, branch } of changed) {
      const key = [position, slot].join(), program = position === HORIZON ? this.model.recomputed : this.model.step;
      const block = program.blocks.find((one) => one.slot === slot);
      if (margins.has(key) || !block.jumping.has(branch)) continue;
      margins.set(key, { position, slot, slopes: this.#margin(low, high, position, block, branch) });
    }
    return margins;
  }

  /** The margin's slopes half way, or before the switch where the condition is not met half way. */
  #margin(low, high, position, block, branch) {
    let slopes = new Map();
    for (const run of [this.#between(low, high, 0.5), low]) {
      const number = block.branches.indexOf(branch);
      this.#compute(block, run.rows, this.values(run, position), position);
      slopes = new Map(this.into(position, block.slot).map(([edge, load]) => {
        block.move(load);
        return [edge, block.margin[number]];
      }));
      if (![...slopes.values()].includes(undefined)) break;
    }
    return new Map([...slopes].map(([edge, slope]) => [edge, slope ?? 0]));
  }

  // -- flows ----------------------------------------------------------------------------------------------------------

  /** The amount that each edge between two metrics carries: "source target lag" -> amount, and its absolute terms. */
  get flows() {
    const amounts = new Map(), { owners } = this.model;
    const add = (load, slot, lag, amount, size) => {
      if (owners[load.slot] === owners[slot]) return;
      const key = `${owners[load.slot]} ${owners[slot]} ${lag}`;
      if (!amounts.has(key)) amounts.set(key, { source: owners[load.slot], target: owners[slot], lag, parts: [], size: 0 });
      const flow = amounts.get(key);
      flow.parts.push(amount);
      flow.size += size;
    };
    for (const node of this.nodes) {
      const moves = this.tangent(node), adjoints = this.adjoint(node);
      for (const slot of this.order[0]) {
        for (const [edge, load] of this.into(0, slot)) {
          let carried = 0, size = 0;
          for (let position = load.lag; position < moves.rows.length; position++) {
            const part = adjoints.rows[position][slot] * node.rows[position][edge] * moves.rows[position - load.lag][load.slot];
            carried += part;
            size += Math.abs(part);
          }
          add(load, slot, load.lag, node.weight * carried, Math.abs(node.weight) * size);
        }
      }
      for (const slot of this.order[1]) {
        for (const [edge, load] of this.into(HORIZON, slot)) {
          const carried = adjoints.horizon[slot] * node.horizon[edge] * moves.horizon[load.slot];
          add(load, slot, 0, node.weight * carried, Math.abs(node.weight * carried));
        }
      }
    }
    return [...amounts.values()].map(({ source, target, lag, parts, size }) => ({ source, target, lag, amount: carefulSum(parts), size }));
  }
}

