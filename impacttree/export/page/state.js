// What is asked of the tree: the moves, the horizon, the cost, what is needed; and how a link carries all that.
import { apply, steps } from "./model.js";
import { formatPercent, formatSigned, formatValue, PLAIN, relative } from "./words.js";

/** A way as pictures take it, of one in tenths of a point, each place as it lies from the end of the step before. */
function absolute(path) {
  let at = [0, 0];
  return path.replace(/([a-z])([^a-z]*)/g, (_, kind, text) => {
    let away = (text.match(/-?\d+/g) ?? []).map(Number);
    if (away.length === 1) away.push(0);
    if (kind === "s") { const [dx, dy] = away; kind = "c"; away = [dx / 2, 0, dx / 2, dy, dx, dy]; }
    const places = away.map((place, k) => place + at[k % 2]);
    at = places.length ? places.slice(-2) : at;
    return kind.toUpperCase() + places.map((place) => place / 10).join(" ");
  });
}

/** Data of which keys that occur often are told by signs (`packed` in export/script.py). */
export function unpacked({ keys, data }) {
  const open = (told) => (Array.isArray(told) ? told.map(open) : told instanceof Object ? Object.fromEntries(Object.entries(told).map(([key, value]) => [keys[key] ?? key, open(value)])) : told);
  return open(data);
}

/** Whether two changes are the same. */
export function alike(one, two) {
  const [before, after] = [one, two].map((given) => given?.before ?? []);
  return Boolean(two) && ["kind", "scale", "shift", "when"].every((key) => one[key] === two[key]) && before.length === after.length && before.every((step, k) => alike(step, after[k]));
}

/** When a change is in force, in words; undefined where it always is, or where its steps differ in that. */
const timing = (change) => (steps(change).every(({ when }) => when === change.when) ? change.when : undefined);

/** What a change of one input is, as a slider has it; it keeps the time `when` it is in force. */
export function change(input, value, when) {
  const [scale, shift] = input.kind === "ratio" ? [1 + value, 0] : input.kind === "value" && input.base ? [value / input.base, 0] : [1, value - input.base];
  return { kind: "wrap", scale, shift, when };
}

export class State {
  constructor(data) {
    this.data = data;
    data.styles = data.styles.map((style) => ({ ...PLAIN, ...style }));
    for (const metric of data.metrics) {
      const plain = metric.name.replaceAll("_", " "), label = metric.label ?? plain[0].toUpperCase() + plain.slice(1), low = label.slice(0, 1).toLowerCase() + label.slice(1);
      Object.assign(metric, { ...data.usual, label, low, ...metric, style: data.styles[metric.style], signed: data.styles[metric.signed ?? metric.style] });
    }
    for (const view of data.views) {
      view.lines = view.lines.map(([source, target, path, label, more]) => ({ source, target, path: absolute(path), label, delay: "", ...more }));
    }
    this.reset();
  }

  /** Begin again with the change that the page was made with. */
  reset() {
    const { data } = this;
    Object.assign(this, {
      values: new Map(), given: new Map(), when: new Map(), horizon: data.horizons[0], cost: data.cost, need: null,
      focus: data.focus, selected: data.focus, scenario: "", whole: false,
    });
    this.take(data.changes);
  }

  /** Make changes by slot those of the state, each kept as it is until its slider is moved; `when` is in force what was moved before. */
  take(changes, when = []) {
    this.values.clear();
    this.given = new Map(changes);
    this.when = new Map([...when, ...changes.map(([slot, change]) => [slot, timing(change)])]);
    for (const [slot, change] of changes) {
      const value = this.placed(slot, change);
      if (value !== null) this.values.set(slot, value);
    }
  }

  /** Where a change puts the slider of its metric once it is in force in full; null where it has none for it. */
  placed(slot, change) {
    const { input } = this.data.metrics[slot];
    if (!input) return null;
    if (input.kind === "ratio") return steps(change).every(({ kind, shift }) => kind === "wrap" && !shift) ? steps(change).reduce((value, { scale }) => value * scale, 1) - 1 : null;
    return steps(change).reduce((value, step) => apply(step, value), input.base);
  }

  value(slot) { return this.values.get(slot) ?? this.data.metrics[slot].input.base; }

  /** Move a slider: another size of what is done to its metric, in force when that was. */
  set(slot, value) {
    this.given.delete(slot);
    if (value === this.data.metrics[slot].input.base) this.values.delete(slot);
    else this.values.set(slot, value);
    this.focus = slot;
    this.scenario = "";
  }

  /** Where a slider stands that was moved, whatever else is given. */
  get moved() { return [...this.values].filter(([slot]) => !this.given.has(slot)); }

  get changes() {
    return new Map([...this.given, ...this.moved.map(([slot, value]) => [slot, change(this.data.metrics[slot].input, value, this.when.get(slot))])]);
  }

  /** What is asked of whoever computes; `answers.js` says its shape. */
  get asked() {
    const { horizon, cost, need, focus } = this;
    return { changes: [...this.changes], horizon, cost, need, focus, when: this.when.get(focus) };
  }

  /** Whether the changes are those that the page was made with. */
  get isAsMade() {
    const made = new Map(this.data.changes), { changes } = this;
    return changes.size === made.size && [...changes].every(([slot, one]) => alike(one, made.get(slot)));
  }

  /** Whether the page shows what it was made with, but for what is computed from the cost. */
  get isStated() { return this.horizon === this.data.horizons[0] && this.isAsMade; }

  written(metric, value, digits = 3) {
    return metric.input.kind === "ratio" ? formatPercent(value) : formatValue(metric, value, digits);
  }

  /** What is done, in words: "+5% Weekly engagement". */
  moves() {
    const { data } = this, found = [], add = (slot, parts, when) => {
      const { label } = data.metrics[slot], each = parts.map(([done, when]) => (when && parts.length > 1 ? `${done} ${when}` : done));
      found.push({ slot, text: `${each.join(" then ")} ${label}${parts.length > 1 || !when ? "" : ` ${when}`}` });
    };
    for (const [slot, change] of this.given) {
      const metric = data.metrics[slot], parts = steps(change).flatMap(({ kind, scale, shift, when }) => {
        const isSet = kind === "fix" || (!scale && shift);
        return (isSet ? [`=${formatValue(metric, shift)}`] : [...(scale !== 1 ? [formatPercent(scale - 1)] : []), ...(shift ? [formatSigned(metric, shift)] : [])]).map((done) => [done, when]);
      });
      add(slot, parts, change.when);
    }
    for (const [slot, value] of this.moved) {
      const metric = data.metrics[slot], { kind, base } = metric.input, isPoints = kind === "shift" && metric.isShare;
      const done = kind === "ratio" ? formatPercent(value) : isPoints || !base || metric.style.words[1] ? formatSigned(metric, value - base) : relative(base, value - base);
      add(slot, [[done]], this.when.get(slot));
    }
    return found;
  }

  // -- the address -----------------------------------------------------------------------------------------------------

  get fragment() {
    const { data } = this, parts = new URLSearchParams(), name = (slot) => data.metrics[slot].name;
    for (const [slot, value] of this.moved) {
      parts.append(`v.${name(slot)}`, value);
      if (this.when.get(slot)) parts.append(`t.${name(slot)}`, this.when.get(slot));
    }
    for (const [slot, change] of this.given) for (const { kind, scale, shift, when = "" } of steps(change)) parts.append(`c.${name(slot)}`, [kind, scale, shift, when].join(","));
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
    this.cost = null;
    const given = new Map(), timings = data.model.timings ?? {}, isWithin = (slot, value) => {
      const [least, most] = data.metrics[slot].input?.bounds ?? [null, null];
      return value === null || ((least ?? -Infinity) <= value && value <= (most ?? Infinity));
    };
    const isTiming = (text) => text === undefined || Object.hasOwn(timings, text);
    let card = null;
    for (const [key, text] of parts) {
      const slot = slots.get(key.slice(2));
      if (key.startsWith("c.") && slot !== undefined) {
        const [kind, scale, shift, ...when] = text.split(","), one = { kind, scale: number(scale), shift: number(shift), ...(when.join() ? { when: when.join() } : {}) };
        if (["wrap", "fix"].includes(kind) && one.scale !== null && one.shift !== null && isTiming(one.when)) given.set(slot, { ...one, ...(given.has(slot) ? { before: steps(given.get(slot)) } : {}) });
      } else if (key === "h" && data.horizons.includes(Number(text))) this.horizon = Number(text);
      else if (key === "cost" && number(text) >= 0) this.cost = number(text);
      else if (key === "need") this.need = number(text);
      else if (key === "focus" && data.metrics[slots.get(text)]?.input) this.focus = slots.get(text);
      else if (key === "card" && slots.has(text)) card = slots.get(text);
    }
    this.take([...given].filter(([slot, one]) => isWithin(slot, this.placed(slot, one))));
    for (const [key, text] of parts) {
      const slot = slots.get(key.slice(2)), value = number(text);
      if (key.startsWith("v.") && slot !== undefined && data.metrics[slot].input && value !== null && isWithin(slot, value)) { this.given.delete(slot); this.values.set(slot, value); }
      if (key.startsWith("t.") && slot !== undefined && isTiming(text)) this.when.set(slot, text);
    }
    this.selected = card ?? this.focus;
  }
}
