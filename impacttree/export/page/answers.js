// The computing half of the page, in the browser. What it answers is the seam between who draws and who computes:
// `Page` (page.js) knows a computer by `ask` alone, so that Python can stand in its place behind a message channel.
//
//   computer.ask(asked, tell)   calls tell(part) once or more, now or later; a newer question ends an older one.
//
// Both are plain data that JSON carries; a number that does not exist is null or NaN, a metric is its place (slot).
//
//   asked = { changes: [[slot, { kind: "wrap" | "fix", scale, shift }], ...],   a wrap shows value * scale + shift
//             horizon, cost: number | null, need: number | null, focus: slot,
//             dragged: slot | null }                                              whose slider is moved, so that its value is rough
//   part  = { now: { before: [by slot], after: [by slot], total,              over the horizon, by each metric's rule
//                    flows: [[source, target, amount], ...],                  what each edge carries of the total
//                    rows, baseRows: [[by slot], ...],                        period by period; one row where all are alike
//                    net: { line: [...], horizons: [[periods, net], ...], payback: period | null },
//                    guardrails: [{ slot, side, limit, value, period, broken: [period, ...] }, ...] } }
//         | { later: { needed: { value: number | null, digits, isToday } | null,
//                      tornado: [{ label, worths: [at P10, at P90], width }, ...] } }
//         | { range }                                                             in words; where hasRanges says that it will come
import { Lift } from "./lift.js";
import { Model } from "./model.js";
import { moved } from "./state.js";

const SCAN = 48, NOISE = 1e-12, PAUSE = 160, BARS = 6;

export class Answers {
  constructor(data) {
    this.data = data;
    this.model = new Model(data.model);
    this.longest = Math.max(...data.horizons);
    this.base = this.model.run(this.longest);
    this.waiting = 0;
  }

  ask(asked, tell) {
    clearTimeout(this.waiting);
    const changes = new Map(asked.changes);
    tell({ now: this.now(asked, changes) });
    this.waiting = setTimeout(() => tell({ later: { needed: this.needed(asked, changes), tornado: this.tornado(asked, changes) } }), PAUSE);
  }

  now({ horizon, cost }, changes) {
    const { model, data, longest } = this, slot = data.outcome;
    const long = changes.size ? model.run(longest, changes) : this.base;
    const before = model.first(this.base, horizon), after = model.first(long, horizon);
    const totals = [model.horizon(before), model.horizon(after)], total = totals[1][slot] - totals[0][slot];
    return {
      before: totals[0], after: totals[1], total, flows: this.flows(horizon, changes, before, after, total),
      rows: after.rows, baseRows: before.rows, net: this.net(long, cost ?? 0), guardrails: this.guardrails(after),
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

  /** What the outcome gains in each period, added up, less the cost; and the first period in which that pays. */
  net(long, cost) {
    const { data, longest, model, base } = this, slot = data.outcome, sign = data.metrics[slot].better === "lower" ? -1 : 1;
    const at = (run, t) => run.rows[model.isStatic ? 0 : t][slot];
    let sum = 0;
    const line = Array.from({ length: longest }, (_, t) => (sum += sign * (at(long, t) - at(base, t))) - cost);
    const paid = line.findIndex((value) => value >= 0);
    const horizons = data.horizons.map((count) => [count, sign * (model.horizon(long, count)[slot] - model.horizon(base, count)[slot]) - cost]);
    return { line, horizons, payback: paid < 0 ? null : paid + 1 };
  }

  guardrails(run) {
    return this.data.guardrails.map(({ slot, side, limit }) => {
      const values = Array.from({ length: run.periods }, (_, t) => run.rows[this.model.isStatic ? 0 : t][slot]);
      const room = (value) => (side === "floor" ? value - limit : limit - value);
      let tightest = 0;
      values.forEach((value, t) => { if (room(value) < room(values[tightest])) tightest = t; });
      const slack = NOISE * Math.max(Math.abs(limit), Math.abs(values[tightest]));
      const broken = values.flatMap((value, t) => (room(value) < -slack ? [t + 1] : []));
      return { slot, side, limit, value: values[tightest], period: tightest + 1, broken };
    });
  }

  /** What the outcome changes by when the metric in focus has a value and all else stays as it is. */
  worth({ horizon, focus }, changes, value) {
    const { model } = this, { input } = this.data.metrics[focus], { outcome } = this.data, given = new Map(changes);
    given.delete(focus);
    if (value !== input.base) given.set(focus, moved(input, value));
    return model.horizon(model.run(horizon, given))[outcome] - model.horizon(this.base, horizon)[outcome];
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

  /** How each uncertain number moves the result, from its P10 to its P90; the widest first. */
  tornado({ horizon }, changes) {
    const { model, data } = this, { parameters } = model, stated = model.base, slot = data.outcome, found = [];
    if (!changes.size) return [];
    for (const { parameter, label, ends } of data.uncertain) {
      const central = parameters[parameter];
      const worths = ends.map((end) => {
        parameters[parameter] = end;
        model.restart();
        const [without, run] = [model.run(horizon), model.run(horizon, changes)];
        return model.horizon(run)[slot] - model.horizon(without)[slot];
      });
      parameters[parameter] = central;
      model.base = stated;
      if (worths.every(Number.isFinite)) found.push({ label, worths, width: Math.abs(worths[1] - worths[0]) });
    }
    found.sort((one, two) => two.width - one.width);
    const widest = found[0]?.width ?? 0;
    return found.filter(({ width }) => width > 1e-6 * widest && width > 0).slice(0, BARS);
  }
}
