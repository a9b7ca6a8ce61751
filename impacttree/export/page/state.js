// What is asked of the tree, and all that follows from it.
import { Model } from "./model.js";
import { Lift } from "./lift.js";
import { formatPercent, formatSigned, formatValue, isStill, relative } from "./words.js";

const SCAN = 48, NOISE = 1e-12;

export class State {
  constructor(data) {
    this.data = data;
    for (const metric of data.metrics) Object.assign(metric, { style: data.styles[metric.style], signed: data.styles[metric.signed] });
    this.model = new Model(data.model);
    this.longest = Math.max(...data.horizons);
    this.base = this.model.run(this.longest);
    this.reset();
  }

  /** Begin again with the change that the page was made with. */
  reset() {
    const { data } = this;
    Object.assign(this, {
      values: new Map(), others: new Map(), given: new Set(), horizon: data.horizons[0], cost: data.cost, need: null,
      focus: data.focus, selected: data.focus, scenario: "", whole: false,
    });
    this.take(data.changes);
  }

  /** Make changes by slot those of the state: of an input by its slider, others as they are. */
  take(changes) {
    this.values.clear();
    this.others.clear();
    this.given.clear();
    for (const [slot, change] of changes) {
      const input = this.data.metrics[slot].input;
      if (input?.kind === "value" && change.kind === "fix") this.given.add(slot);
      if (input?.kind === "value") this.values.set(slot, change.kind === "fix" ? change.shift : input.base * change.scale + change.shift);
      else if (input?.kind === "ratio" && change.kind === "wrap" && !change.shift) this.values.set(slot, change.scale - 1);
      else if (input?.kind === "shift" && change.kind === "wrap" && change.scale === 1) this.values.set(slot, input.base + change.shift);
      else this.others.set(slot, change);
    }
  }

  value(slot) { return this.values.get(slot) ?? this.data.metrics[slot].input.base; }

  set(slot, value) {
    this.others.delete(slot);
    this.given.delete(slot);
    if (value === this.data.metrics[slot].input.base) this.values.delete(slot);
    else this.values.set(slot, value);
    this.focus = slot;
    this.scenario = "";
  }

  /** What a slider does: it scales what stands as stated, so that the change is relative to what that turns out to be. */
  static change(input, value, isSet = false) {
    if (isSet) return { kind: "fix", scale: 1, shift: value };
    if (input.kind === "value" && input.base) return { kind: "wrap", scale: value / input.base, shift: 0 };
    if (input.kind === "ratio") return { kind: "wrap", scale: 1 + value, shift: 0 };
    return { kind: "wrap", scale: 1, shift: value - input.base };
  }

  get changes() {
    const found = new Map(this.others);
    for (const [slot, value] of this.values) found.set(slot, State.change(this.data.metrics[slot].input, value, this.given.has(slot)));
    return found;
  }

  /** Compute the state; everything that is drawn at once is in what is returned. */
  compute() {
    const { model, data, longest, horizon } = this, slot = data.outcome, changes = this.changes;
    const long = changes.size ? model.run(longest, changes) : this.base;
    const before = model.first(this.base, horizon), after = model.first(long, horizon);
    const totals = [model.horizon(before), model.horizon(after)];
    const flows = new Map();
    let lift = null;
    const isMoved = changes.size && Number.isFinite(totals[1][slot]) && !(changes.size === 1 && changes.has(slot));
    if (isMoved) {
      lift = new Lift(model, horizon, changes, slot, before, after);
      for (const { source, target, amount } of lift.flows) {
        const key = `${source} ${target}`;
        flows.set(key, (flows.get(key) ?? 0) + amount);
      }
    }
    const total = totals[1][slot] - totals[0][slot];
    const largest = Math.max(Math.abs(total), ...[...flows.values()].map(Math.abs));
    for (const [key, amount] of flows) if (Math.abs(amount) <= 1e-9 * largest) flows.delete(key);
    return {
      changes, before: totals[0], after: totals[1], total, flows, largest, rows: after.rows, baseRows: before.rows,
      net: this.net(long), guardrails: this.guardrails(after),
      isStated: this.horizon === data.horizons[0] && this.isAsMade(changes), isStill: isStill(totals[0][slot], totals[1][slot]),
    };
  }

  /** Whether the changes are those that the page was made with. */
  isAsMade(changes) {
    const made = new Map(this.data.changes);
    const alike = (one, two) => two && ["kind", "scale", "shift"].every((key) => one[key] === two[key]);
    const both = new State.Plain(this.data, made).changes;
    return changes.size === both.size && [...changes].every(([slot, change]) => alike(change, both.get(slot)));
  }

  /** What the outcome changes by in each period, added up, less the cost; and the first period in which that pays. */
  net(long) {
    const { data, longest, model } = this, slot = data.outcome;
    const at = (run, t) => run.rows[model.isStatic ? 0 : t][slot];
    const gains = Array.from({ length: longest }, (_, t) => at(long, t) - at(this.base, t));
    const cost = this.cost ?? 0;
    let sum = 0;
    const line = gains.map((gain) => (sum += gain) - cost);
    const paid = line.findIndex((value) => value >= 0);
    const horizons = data.horizons.map((count) => [count, model.horizon(long, count)[slot] - model.horizon(this.base, count)[slot] - cost]);
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
  worth(value, slot = this.focus) {
    const changes = this.changes, input = this.data.metrics[slot].input;
    changes.delete(slot);
    if (value !== input.base) changes.set(slot, State.change(input, value));
    const run = this.model.run(this.horizon, changes), outcome = this.data.outcome;
    return this.model.horizon(run)[outcome] - this.model.horizon(this.base, this.horizon)[outcome];
  }

  /** The value nearest to today's at which the metric in focus gives what is needed, rounded to the side that holds. */
  needed() {
    const metric = this.data.metrics[this.focus], { input } = metric;
    if (this.need === null || !input) return null;
    const holds = (value) => {
      const worth = this.worth(value);
      return this.need >= 0 ? worth >= this.need : worth <= this.need;
    };
    if (holds(input.base)) return { value: input.base, text: this.written(metric, input.base), isToday: true };
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
          if (!found || Math.abs(inside - input.base) < Math.abs(found - input.base)) found = inside;
          break;
        }
        near = far;
      }
    }
    if (found === null) return { value: null, text: "" };
    return this.roundedOut(metric, found, holds);
  }

  /** A threshold with three digits, rounded to the side on which it still holds. */
  roundedOut(metric, value, holds) {
    const { input } = metric, away = Math.sign(value - input.base) || 1;
    for (let digits = 3; digits < 9; digits++) {
      const unit = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - digits + 1);
      const shownValue = (away > 0 ? Math.ceil(value / unit - 1e-9) : Math.floor(value / unit + 1e-9)) * unit;
      const told = Number(shownValue.toPrecision(digits + 1));
      if (holds(told)) return { value: told, text: this.written(metric, told, Math.max(3, digits)) };
    }
    return { value, text: this.written(metric, value) };
  }

  written(metric, value, digits = 3) {
    return metric.input.kind === "ratio" ? formatPercent(value) : formatValue(metric, value, digits);
  }

  /** How each uncertain number moves the result, from its P10 to its P90; the widest first. */
  tornado(count) {
    const { model, data } = this, { parameters } = model, stated = model.base, slot = data.outcome;
    const changes = this.changes, found = [];
    if (!changes.size) return [];
    for (const { parameter, label, ends } of data.uncertain) {
      const central = parameters[parameter];
      const worths = ends.map((end) => {
        parameters[parameter] = end;
        model.restart();
        const [without, run] = [model.run(this.horizon), model.run(this.horizon, changes)];
        return model.horizon(run)[slot] - model.horizon(without)[slot];
      });
      parameters[parameter] = central;
      model.base = stated;
      if (worths.every(Number.isFinite)) found.push({ label, worths, width: Math.abs(worths[1] - worths[0]) });
    }
    found.sort((one, two) => two.width - one.width);
    const widest = found[0]?.width ?? 0;
    return found.filter(({ width }) => width > 1e-6 * widest && width > 0).slice(0, count);
  }

  /** What is done, in words: "+5% Weekly engagement". */
  moves() {
    const { data } = this, found = [];
    for (const [slot, value] of this.values) {
      const metric = data.metrics[slot], { kind, base } = metric.input;
      const isPoints = kind === "shift" && metric.isShare;
      const done = kind === "ratio" ? formatPercent(value) : isPoints || !base || metric.style.words[1] ? formatSigned(metric, value - base) : relative(base, value - base);
      found.push({ slot, text: `${done} ${metric.label}` });
    }
    for (const [slot, { kind, scale, shift }] of this.others) {
      const metric = data.metrics[slot];
      const parts = kind === "fix" ? [`=${formatValue(metric, shift)}`] : [...(scale !== 1 ? [formatPercent(scale - 1)] : []), ...(shift ? [formatSigned(metric, shift)] : [])];
      found.push({ slot, text: `${parts.join(" then ")} ${metric.label}` });
    }
    return found;
  }

  // -- the address -----------------------------------------------------------------------------------------------------

  get fragment() {
    const { data } = this, parts = new URLSearchParams(), name = (slot) => data.metrics[slot].name;
    for (const [slot, value] of this.values) parts.append(`v.${name(slot)}`, value);
    for (const [slot, { kind, scale, shift }] of this.others) parts.append(`c.${name(slot)}`, [kind, scale, shift].join(","));
    if (!parts.size) parts.append("v", "stated");
    if (this.horizon !== data.horizons[0]) parts.append("h", this.horizon);
    if (this.cost !== null) parts.append("cost", this.cost);
    if (this.need !== null) parts.append("need", this.need);
    if (this.focus !== data.focus) parts.append("focus", name(this.focus));
    if (this.selected !== this.focus) parts.append("card", name(this.selected));
    return parts.toString();
  }

  /** Take the state that a link carries; what cannot be understood is left out. */
  read(fragment) {
    const { data } = this, slots = new Map(data.metrics.map((metric, slot) => [metric.name, slot]));
    const number = (text) => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : null);
    this.reset();
    const parts = new URLSearchParams(fragment);
    if (!parts.size) return;
    this.values.clear();
    this.others.clear();
    this.cost = null;
    let card = null;
    for (const [key, text] of parts) {
      const slot = slots.get(key.slice(2));
      if (key.startsWith("v.") && slot !== undefined && data.metrics[slot].input) {
        const value = number(text), [least, most] = data.metrics[slot].input.bounds ?? [null, null];
        if (value !== null) this.values.set(slot, Math.min(most ?? Infinity, Math.max(least ?? -Infinity, value)));
      } else if (key.startsWith("c.") && slot !== undefined) {
        const [kind, scale, shift] = text.split(",");
        if (["wrap", "fix"].includes(kind) && number(scale) !== null && number(shift) !== null) {
          this.others.set(slot, { kind, scale: Number(scale), shift: Number(shift) });
        }
      } else if (key === "h" && data.horizons.includes(Number(text))) this.horizon = Number(text);
      else if (key === "cost" && number(text) >= 0) this.cost = number(text);
      else if (key === "need") this.need = number(text);
      else if (key === "focus" && data.metrics[slots.get(text)]?.input) this.focus = slots.get(text);
      else if (key === "card" && slots.has(text)) card = slots.get(text);
    }
    this.selected = card ?? this.focus;
  }
}

/** Changes as a state without a tree would hold them: for telling whether they are those of another. */
State.Plain = class {
  constructor(data, changes) {
    this.data = data;
    this.values = new Map();
    this.others = new Map();
    this.given = new Set();
    State.prototype.take.call(this, changes);
  }

  get changes() { return Object.getOwnPropertyDescriptor(State.prototype, "changes").get.call(this); }
};

