// What a reader should know before using a figure: by the rules of `answers/cautions.py`, in words that Python tells.
import { steps } from "./model.js";
import { digitsApart, formatValue, isStill, joined, Words } from "./words.js";

export class Cautions {
  constructor(data, model) {
    Object.assign(this, { data, model, words: new Words(data), late: new Map(data.cautions.late.map(([slot, ...more]) => [slot, more])) });
  }

  label(slot) { return this.data.metrics[slot].label; }

  labels(slots, last) { return joined(slots.map((slot) => this.label(slot)), last); }

  says(name, ...given) { return this.data.cautions.says[name].replace(/\{\}/g, () => given.shift()); }

  /** All that holds of a run with changes beside one without, over some periods. */
  of(changes, base, run, horizon) {
    const slots = [...changes.keys()], isBase = !slots.length, { standing } = this.data.cautions;
    return [
      ...this.untimely(changes, horizon), ...this.unreached(slots, horizon), ...this.extrapolated(base, run, isBase),
      ...this.unmoved(slots), ...this.beyond(base, run, isBase), ...(standing[horizon] ?? []),
    ];
  }

  *untimely(changes, horizon) {
    for (const [slot, change] of changes) for (const { when } of steps(change)) {
      const late = this.data.model.timings?.[when]?.late?.[horizon];
      if (late) yield this.says("untimely", this.label(slot), late);
    }
  }

  unreached(slots, horizon) {
    const found = slots.map((slot) => this.late.get(slot)), label = this.label(this.data.outcome), labels = this.labels(slots, "or");
    if (!slots.length || found.includes(undefined)) return [];
    const arriving = found.filter(([waited]) => waited !== null).sort(([one], [two]) => one - two);
    if (arriving.length) return arriving[0][1][horizon] ? [this.says("lagged", labels, label, ...arriving[0][1][horizon])] : [];
    const starts = [...new Set(found.flatMap(([, , starts]) => starts))].sort((one, two) => one - two);
    return [starts.length ? this.says("started", labels, label, this.labels(starts), this.words.timed("from", 1)) : this.says("unreached", labels, label)];
  }

  *extrapolated(base, run, isBase) {
    for (const [slot, low, high, isResting, ...texts] of this.data.cautions.seen) {
      if (isBase ? !isResting || run.rows.every((row) => isStill(this.model.base[slot], row[slot])) : this.stays(slot, base, run)) continue;
      const beyond = ({ [slot]: value }) => Math.max(low - value, value - high);
      const [furthest] = run.rows.filter((row) => beyond(row) > 0).sort((one, two) => beyond(two) - beyond(one));
      if (furthest) yield this.says("extrapolated", this.label(slot), this.apart(slot, furthest[slot], low, high), ...texts);
    }
  }

  *unmoved(slots) {
    const label = this.label(this.data.outcome);
    for (const [slot, others] of this.data.cautions.unmoved) {
      const left = others.filter((other) => !slots.includes(other));
      if (slots.includes(slot) && left.length) yield this.says("unmoved", this.label(slot), this.labels(left), label, this.data.metrics[slot].name);
    }
  }

  *beyond(base, run, isBase) {
    for (const [slot, low, high, isResting, ...texts] of this.data.cautions.bounded) {
      if (!isResting && (isBase || this.stays(slot, base, run))) continue;
      const first = ({ rows }) => [...(isBase ? [this.model.base] : []), ...rows].findIndex(({ [slot]: value }) => value < (low ?? -Infinity) || value > (high ?? Infinity));
      const place = first(run), [one, at] = place < 0 ? [base, first(base)] : [run, place], t = at + !isBase;
      if (at < 0) continue;
      const value = isBase && !at ? this.model.base[slot] : one.rows[t - 1][slot];
      yield this.says("beyond", this.label(slot), this.apart(slot, value, low, high), (t ? this.words.timed("in", t) : this.says("today")) + (place < 0 ? this.says("aside") : ""), ...texts);
    }
  }

  stays(slot, base, run) { return run.rows.every((row, t) => isStill(base.rows[t][slot], row[slot])); }

  /** A value beyond an end, with as many digits as tell it apart. */
  apart(slot, value, low, high) {
    const write = (one, digits) => formatValue(this.data.metrics[slot], one, digits), end = low !== null && value < low ? low : high;
    return write(value, digitsApart(value, end, write));
  }
}
