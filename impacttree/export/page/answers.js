// The computing half of the page, in the browser. What it answers is the seam between who draws and who computes:
// `Page` (page.js) knows a computer by `ask` alone, so that Python can stand in its place behind a message channel.
//
//   computer.ask(asked, tell)   calls tell(part) once or more, now or later; a newer question ends an older one.
//
// Both are plain data that JSON carries; a number that does not exist is null or NaN, a metric is its place (slot).
//
//   asked = { changes: [[slot, { kind: "wrap" | "fix", scale, shift,           a wrap shows value * scale + shift
//                                when, before: [...] }], ...],               in words, where it is not always in force; what is done first
//             horizon, cost: number | null, need: number | null, focus: slot, when,
//             dragged: slot | null }                                              whose slider is moved, so that its value is rough
//   part  = { now: { before: [by slot], after: [by slot], total,              over the horizon, by each metric's rule
//                    flows: [[source, target, amount], ...],                  what each edge carries of the total
//                    rows, baseRows: [[by slot], ...],                        period by period; one row where all are alike
//                    net: { line: [...], horizons: [[periods, net], ...], payback: period | null } | null,   payback without a cost null, too; no net of what has none
//                    isFull,                                                  whether some change is taken to be achieved in full
//                    notes: [text, ...],                                      what a reader should know before using the figures
//                    guardrails: [{ index, side, limit, value, period, broken: [period, ...] }, ...] } }
//         | { later: { needed: { value: number | null, digits, isToday } | null,
//                      tornado: [{ label, worths: [at P10, at P90] }, ...] } }
//         | { ranges: { samples, isAll,                                       isAll is false of a first look at fewer
//                       total: [P10, P90] | null,                             of `total`; null where nothing uncertain moves it
//                       net: { low: [...], high: [...], payback: [period | null, period | null] | null } | null,
//                       risks: [share of draws in which it is broken | null by guardrail] } }
import { Cautions } from "./cautions.js";
import { Lift } from "./lift.js";
import { Model, steps } from "./model.js";
import { Columns, Draws, quantile, valueAt, widthOf } from "./samples.js";
import { alike, change } from "./state.js";

const SCAN = 48, PAUSE = 160, BARS = 6, GLIMPSE = 1024;
const POINT = 1e-10, ROUNDED = 1e-12, FEW = 0.01;

export class Answers {
  /** `isSampling` is false where somebody else says the ranges. */
  constructor(data, { isSampling = true } = {}) {
    this.data = data;
    this.isSampling = isSampling;
    this.model = new Model(data.model);
    this.longest = Math.max(...data.horizons);
    this.base = this.model.run(this.longest);
    this.befores = new Map(data.horizons.map((count) => [count, this.model.first(this.base, count)]));
    this.waiting = 0;
    this.cautions = new Cautions(data, this.model);
    const slots = [data.outcome, ...data.guardrails.map(({ index }) => index)];
    this.columns = new Columns(this.model, slots, widthOf(this.model.size * this.longest));
    this.sampler = new Sampler(data, this.columns);
  }

  ask(asked, tell) {
    clearTimeout(this.waiting);
    const changes = new Map(asked.changes);
    tell({ now: this.now(asked, changes) });
    this.waiting = setTimeout(() => {
      tell({ later: { needed: this.needed(asked, changes), tornado: this.tornado(asked, changes) } });
      if (!this.isSampling) return;
      const steps = this.sampler.sample(asked, changes, tell);
      const next = () => { if (!steps.next().done) this.waiting = setTimeout(next); };
      this.waiting = setTimeout(next);
    }, PAUSE);
  }

  now({ horizon, cost }, changes) {
    const { model, data, longest } = this, slot = data.outcome;
    const long = changes.size ? model.run(longest, changes) : this.base;
    const before = this.befores.get(horizon), after = model.first(long, horizon);
    const totals = [model.horizon(before), model.horizon(after)], total = totals[1][slot] - totals[0][slot];
    return {
      before: totals[0], after: totals[1], total, flows: this.flows(horizon, changes, before, after, total),
      rows: after.rows, baseRows: before.rows, net: this.data.canCost ? this.net(long, cost ?? 0) : null, guardrails: this.guardrails(after),
      isFull: [...changes].some(([slot, change]) => this.sampler.effect(slot, change).some(({ drawn }) => !drawn)), notes: this.cautions.of(changes, before, after, horizon),
    };
  }

  /** What each edge between two metrics carries, all delays together. */
  flows(horizon, changes, before, after, total) {
    const slot = this.data.outcome, flows = new Map();
    if (!changes.size || !Number.isFinite(total) || (changes.size === 1 && changes.has(slot))) return [];
    for (const { source, target, amount } of new Lift(this.model, horizon, changes, slot, before, after).flows) {
      const key = `${source} ${target}`, [, , sum] = flows.get(key) ?? [0, 0, 0];
      flows.set(key, [source, target, sum + amount]);
    }
    const found = [...flows.values()], largest = Math.max(Math.abs(total), ...found.map(([, , amount]) => Math.abs(amount)));
    return found.filter(([, , amount]) => Math.abs(amount) > 1e-9 * largest);
  }

  /** What the outcome gains in each period, added up, less what is paid; and the first period in which that is back. */
  net(long, cost) {
    const { data, longest, model, base } = this, slot = data.outcome, sign = data.metrics[slot].better === "lower" ? -1 : 1;
    const at = (run, t) => run.rows[model.isStatic ? 0 : t][slot];
    const counts = model.way(longest, slot).each;
    let sum = 0;
    const paid = this.paid(cost), first = firstSpend(data);
    const line = Array.from({ length: longest }, (_, t) => (sum += sign * counts[t] * (at(long, t) - at(base, t))) - paid[t]);
    const back = line.findIndex((value, t) => t >= first && value >= 0);
    const horizons = data.horizons.map((count) => [count, sign * (model.over(long, count, slot) - model.over(base, count, slot)) - paid[count - 1]]);
    return { line, horizons, payback: cost && back >= 0 ? back + 1 : null };
  }

  /** What is paid of a cost up to each period, as it counts: in the parts in which it was stated. */
  paid(cost) {
    let sum = 0;
    return Array.from({ length: this.longest }, (_, t) => {
      for (const [share, period, counts] of this.data.paid) if (period === t + 1) sum += cost * share * counts;
      return sum;
    });
  }

  guardrails(run) {
    return this.data.guardrails.map(({ index, side, limit, slack }) => {
      const values = Array.from({ length: run.periods }, (_, t) => run.rows[this.model.isStatic ? 0 : t][index]);
      const room = (value) => (side === "floor" ? value - limit : limit - value);
      let tightest = 0;
      values.forEach((value, t) => { if (room(value) < room(values[tightest])) tightest = t; });
      const broken = values.flatMap((value, t) => (room(value) < -slack ? [t + 1] : []));
      return { index, side, limit, value: values[tightest], period: tightest + 1, broken };
    });
  }

  /** What the outcome changes by when the metric in focus has a value and all else stays as it is. */
  worth({ horizon, focus, when }, changes, value) {
    const { model } = this, { input } = this.data.metrics[focus], { outcome } = this.data, given = new Map(changes);
    given.delete(focus);
    if (value !== input.base) given.set(focus, change(input, value, when));
    return model.over(model.run(horizon, given), horizon, outcome) - model.over(this.base, horizon, outcome);
  }

  /** The value nearest to today's at which the metric in focus gives what is needed, rounded to the side that holds. */
  needed(asked, changes) {
    const { need, focus } = asked, { input } = this.data.metrics[focus];
    if (need === null || !input) return null;
    const holds = (value) => {
      const worth = this.worth(asked, changes, value);
      return need >= 0 ? worth >= need : worth <= need;
    };
    if (holds(input.base)) return { value: input.base, digits: 3, isToday: true };
    const ends = (input.bounds ?? [null, null]).map((end, k) => end ?? input.base + (k ? 1 : -1) * 4 * (input.most - input.least));
    let found = null;
    for (const end of ends) {
      let near = input.base;
      for (let k = 1; k <= SCAN; k++) {
        const far = input.base + (end - input.base) * (k / SCAN) ** 2;
        if (holds(far)) {
          let [out, inside] = [near, far];
          for (let tries = 0; tries < 60; tries++) {
            const middle = (out + inside) / 2;
            if (holds(middle)) inside = middle;
            else out = middle;
          }
          if (found === null || Math.abs(inside - input.base) < Math.abs(found - input.base)) found = inside;
          break;
        }
        near = far;
      }
    }
    return found === null ? { value: null, digits: 3, isToday: false } : { ...this.roundedOut(input, found, holds), isToday: false };
  }

  /** A threshold with three digits, rounded to the side on which it still holds. */
  roundedOut(input, value, holds) {
    const away = Math.sign(value - input.base) || 1;
    for (let digits = 3; digits < 9; digits++) {
      const unit = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - digits + 1);
      const near = (away > 0 ? Math.ceil(value / unit - 1e-9) : Math.floor(value / unit + 1e-9)) * unit;
      const told = Number(near.toPrecision(digits + 1));
      if (holds(told)) return { value: told, digits };
    }
    return { value, digits: 3 };
  }

  /** How each uncertain number moves the result, from its P10 to its P90, all others as stated; the widest first. */
  tornado({ horizon }, changes) {
    const { columns, data } = this, { width } = columns, slot = data.outcome, found = [], bars = [];
    if (!changes.size) return [];
    data.draws.inputs.forEach(({ parameter, curve, label }) => {
      if (parameter !== null) for (const share of [0.1, 0.9]) found.push([parameter, valueAt(curve, share), label]);
    });
    for (let first = 0; first < found.length; first += width) {
      const part = found.slice(first, first + width), drawn = new Map();
      part.forEach(([parameter, value], k) => {
        if (!drawn.has(parameter)) drawn.set(parameter, columns.central[parameter].slice());
        drawn.get(parameter)[k] = value;
      });
      const [before, after] = [new Map(), changes].map((given) => columns.over(columns.run(horizon, drawn, given), horizon)[slot]);
      for (let k = 0; k < part.length; k += 2) bars.push({ label: part[k][2], worths: [after[k] - before[k], after[k + 1] - before[k + 1]] });
    }
    const wide = ({ worths: [low, high] }) => Math.abs(high - low);
    const shown = bars.filter((bar) => Number.isFinite(wide(bar)) && wide(bar) > 0).sort((one, two) => wide(two) - wide(one));
    return shown.filter((bar) => wide(bar) > 1e-6 * wide(shown[0])).slice(0, BARS);
  }
}

/** Draws of the whole tree, without and with what is asked: some at a time, so that the page stays quick. */
class Sampler {
  constructor(data, columns) {
    Object.assign(this, { data, columns, longest: Math.max(...data.horizons), draws: new Draws(data.draws), drawn: [], before: [] });
    [this.made, this.lifts] = [data.changes, data.draws.lifts].map((each) => new Map(each));
  }

  /** Draw all samples, telling of a first look and of the whole. */
  *sample(asked, changes, tell) {
    const { count } = this.data.draws, { width } = this.columns, after = [];
    if (!count) return;
    for (let first = 0; first < count; first += width) {
      yield;
      after.push(this.#worked(this.#drawn(first), this.#effects(changes, first)));
      if (this.before.length < after.length) this.before.push(this.#worked(this.#drawn(first), new Map()));
      const done = Math.min(first + width, count);
      if (done === count || (done === GLIMPSE && count > 4 * GLIMPSE)) tell({ ranges: { samples: done, isAll: done === count, ...this.#found(asked, changes, after, done) } });
    }
  }

  #drawn(first) {
    const place = first / this.columns.width;
    this.drawn[place] ??= this.draws.take(first, this.columns.width);
    return this.drawn[place];
  }

  /** What is done to each metric: as the page was made with it, with the numbers that it draws. */
  #effects(changes, first) {
    const drawn = this.#drawn(first);
    const drawnIn = ({ drawn: [key, place, offset, factor] = [], ...one }) => (key ? { ...one, [key]: drawn[place].map((value) => offset + factor * value) } : one);
    return new Map([...changes].map(([slot, change]) => {
      const each = this.effect(slot, change).map(drawnIn), last = each.pop();
      return [slot, each.length ? { ...last, before: each } : last];
    }));
  }

  /** The steps of what is done to a metric; those of the change that the page was made with know which numbers are drawn. */
  effect(slot, change) { return steps((alike(change, this.made.get(slot)) && this.lifts.get(slot)) || change); }

  /** What is kept of a block of draws: the outcome by period and over each horizon, and the guarded metrics by period. */
  #worked(drawn, changes) {
    const { columns, data, longest } = this, { outcome, horizons, guardrails } = data;
    const parameters = data.draws.inputs.flatMap(({ parameter }, k) => (parameter === null ? [] : [[parameter, drawn[k]]]));
    const run = columns.run(longest, parameters, changes);
    return {
      path: run.rows.map((row) => row[outcome]), guarded: guardrails.map(({ index }) => run.rows.map((row) => row[index])),
      totals: new Map(horizons.map((count) => [count, columns.over(run, count)[outcome]])),
    };
  }

  #found({ horizon, cost }, changes, after, count) {
    const { data, before, columns: { width } } = this;
    const each = (take) => Float64Array.from({ length: count }, (_, k) => take(Math.floor(k / width), k % width));
    const moves = each((block, k) => after[block].totals.get(horizon)[k] - before[block].totals.get(horizon)[k]).filter(Number.isFinite).sort();
    const total = changes.size && moves.length && !isPoint(moves, data.draws.size) ? [quantile(moves, 0.1), quantile(moves, 0.9)] : null;
    return { total, net: total ? this.#net(cost ?? 0, after, each) : null, risks: data.guardrails.map((limit, which) => (limit.isSure ? null : this.#risk(limit, which, horizon, after, count))) };
  }

  #net(cost, after, each) {
    const { data, before, longest } = this, sign = data.metrics[data.outcome].better === "lower" ? -1 : 1, begun = firstSpend(data);
    if (!data.canCost) return null;
    const at = (path, t) => path[path.length > 1 ? t : 0];
    const sums = each(() => 0), lines = [], counts = this.columns.model.way(longest, data.outcome).each;
    const spent = (share, place, block, k) => (place !== null && cost === data.cost ? this.drawn[block][place][k] : cost * share);
    for (let t = 0; t < longest; t++) {
      const due = data.paid.filter(([, period]) => period === t + 1);
      const gains = each((block, k) => due.reduce((gain, [share, , part, place]) => gain - part * spent(share, place, block, k), sign * counts[t] * (at(after[block].path, t)[k] - at(before[block].path, t)[k])));
      gains.forEach((gain, k) => { sums[k] += gain; });
      lines.push(sums.slice());
    }
    const isThere = lines[longest - 1].map(Number.isFinite), first = [];
    isThere.forEach((there, k) => { if (there) { const back = lines.findIndex((line, t) => t >= begun && line[k] >= 0); first.push(back < 0 ? Infinity : back + 1); } });
    if (!first.length) return null;
    first.sort((one, two) => one - two);
    const sorted = lines.map((line) => line.filter((_, k) => isThere[k]).sort());
    const reached = (share) => { const period = first[Math.ceil(first.length * share) - 1]; return period === Infinity ? null : period; };
    return { low: sorted.map((line) => quantile(line, 0.1)), high: sorted.map((line) => quantile(line, 0.9)), payback: cost ? [reached(0.1), reached(0.9)] : null };
  }

  /** The share of draws in which a limit is broken in some period, of those that have a value in all. */
  #risk({ side, limit, slack }, which, horizon, after, count) {
    let broken = 0, whole = 0;
    after.forEach(({ guarded }, block) => {
      const path = guarded[which].slice(0, horizon);
      for (let k = 0; k < path[0].length && block * this.columns.width + k < count; k++) {
        let least = Infinity, most = -Infinity, isThere = true;
        for (const row of path) { isThere &&= Number.isFinite(row[k]); least = Math.min(least, row[k]); most = Math.max(most, row[k]); }
        whole += isThere;
        broken += isThere && (side === "floor" ? least < limit - slack : most > limit + slack);
      }
    });
    return whole ? broken / whole : 0;
  }
}

/** The place of the period in which the first part of a cost is paid. */
function firstSpend({ paid }) { return Math.min(...paid.map(([, period]) => period)) - 1; }

/** Whether sorted numbers are one number but for rounding, beside what they are differences of. */
function isPoint(sorted, scale) {
  const middle = quantile(sorted, 0.5), apart = Math.max(middle - sorted[0], sorted[sorted.length - 1] - middle);
  const size = Math.max(scale, Math.abs(sorted[0]), Math.abs(sorted[sorted.length - 1]));
  return apart <= POINT * size && sorted.filter((one) => Math.abs(one - middle) > ROUNDED * size).length < FEW * sorted.length;
}
