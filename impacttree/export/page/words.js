// Numbers and sentences as the library writes them: three significant digits, half away from zero on the shortest
// decimal form of the number, in the style of the unit.
const DIGITS = 3, FACTOR = 10, STILL = 1e-12;
const SUFFIXES = [[12, "T"], [9, "B"], [6, "M"], [3, "k"]];
export const PLAIN = { before: "", after: "", words: ["", ""], shift: 0, decimals: 0, cents: false };

const ten = (power) => 10n ** BigInt(power);

function exact(value, shift) {
  const [, whole, fraction = "", exponent = "0"] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(Math.abs(value)));
  const coefficient = BigInt(whole + fraction);
  return { c: value < 0 ? -coefficient : coefficient, e: Number(exponent) - fraction.length + shift };
}

const size = (c) => (c < 0n ? -c : c);
const leading = ({ c, e }) => (c ? size(c).toString().length - 1 + e : 0);

function roundTo({ c, e }, place) {
  if (e >= place) return c * ten(e - place);
  const step = ten(place - e), magnitude = (2n * size(c) + step) / (2n * step);
  return c < 0n ? -magnitude : magnitude;
}

function plain({ c, e }, decimals = 0) {
  let digits = size(c).toString(), fraction = "";
  if (e >= 0) digits = c ? digits + "0".repeat(e) : "0";
  else {
    digits = digits.padStart(1 - e, "0");
    fraction = digits.slice(e).replace(/0+$/, "");
    digits = digits.slice(0, e);
  }
  fraction = fraction.padEnd(decimals, "0");
  return fraction ? `${digits}.${fraction}` : digits;
}

function text(rounded, style, plus) {
  const place = leading(rounded);
  let suffix = [0, ""];
  if (rounded.c && !style.shift && !(style.after === "x" && place < 6)) suffix = SUFFIXES.find(([power]) => place >= power) ?? suffix;
  let number;
  if (rounded.c && !(place > -7 && place < 15)) {
    number = `${plain({ c: size(rounded.c), e: rounded.e - place })}e${place}`;
  } else {
    const decimals = style.after === "x" && place >= DIGITS - 1 ? 0 : style.decimals;
    number = plain({ c: size(rounded.c), e: rounded.e - suffix[0] }, decimals);
    if (style.cents && !suffix[1] && /\.\d$/.test(number)) number += "0";
    number += suffix[1];
  }
  const sign = rounded.c < 0n ? "−" : plus && rounded.c > 0n ? "+" : "";
  const word = style.words[1] ? ` ${number === "1" ? style.words[0] : style.words[1]}` : "";
  return `${sign}${style.before}${number}${style.after}${word}`;
}

function shown(value, style, plus, digits = DIGITS) {
  if (!Number.isFinite(value)) return "undefined";
  const number = exact(value, style.shift);
  let place = leading(number) - digits + 1;
  if (style.after === "%" && style.decimals) place = Math.min(place, -1);
  else if (style.cents && place === -1) place = -2;
  return text({ c: roundTo(number, place), e: place }, style, plus);
}

const multiple = { ...PLAIN, after: "x", decimals: 1 };

export const isStill = (before, after) => Math.abs(after - before) <= STILL * Math.max(Math.abs(before), Math.abs(after));

export function formatValue(metric, value, digits = DIGITS) {
  return shown(value, metric.isShare && Math.abs(value) >= FACTOR ? multiple : metric.style, false, digits);
}

export function formatSigned(metric, value, digits = DIGITS) {
  return shown(value, metric.isShare && Math.abs(value) >= FACTOR ? { ...multiple, decimals: 0 } : metric.signed, true, digits);
}

/** An amount without a plus. */
export const unsigned = (metric, value, digits) => formatSigned(metric, value, digits).replace(/^\+/, "");

/** How many digits tell two numbers apart. */
export function digitsApart(first, second, write) {
  let digits = DIGITS;
  while (!isStill(first, second) && digits < 12 && write(first, digits) === write(second, digits)) digits++;
  return digits;
}

/** A relative change: two decimals at most, unless that leaves fewer than two digits. */
export function formatPercent(ratio) {
  if (Math.abs(ratio) >= FACTOR) return shown(ratio, { ...PLAIN, after: "x" }, true);
  const number = exact(ratio, 2), lead = leading(number), place = Math.max(lead - DIGITS + 1, Math.min(-2, lead - 1));
  return text({ c: roundTo(number, place), e: place }, { ...PLAIN, after: "%", shift: 2 }, true);
}

export function relative(before, change) {
  if (!before) return "";
  const times = (before + change) / before;
  if (Math.abs(change / before) < FACTOR || times <= 0) return formatPercent(change / Math.abs(before));
  return `${shown(times, multiple, false)} as much`;
}

/** A share in whole percent, half up: "92%". */
export const formatShare = (share) => `${Math.round(100 * share)}%`;

/** A share of draws; never 0% of what does happen, nor 100% of what may fail. */
export function percentage(share) {
  if (share > 0 && share < 0.001) return "under 0.1%";
  if (share > 0.999 && share < 1) return "over 99.9%";
  return `${(100 * share).toFixed(share < 0.01 || share > 0.99 ? 1 : 0).replace(/\.0$/, "")}%`;
}

const SCALES = { k: 1e3, thousand: 1e3, m: 1e6, mn: 1e6, million: 1e6, b: 1e9, bn: 1e9, billion: 1e9, t: 1e12, trillion: 1e12 };
const TYPED = /^\s*([+\-−]?)\s*([^\d.]*?)\s*((?:\d{1,3}(?:[, _\u202f\u00a0]\d{3})+|\d+)(?:\.\d+)?|\.\d+)\s*(?:(k|thousand|mn?|million|bn?|billion|t|trillion)(?![a-z]))?\s*(.*)$/iu;

/** The number that somebody typed for a metric: "44.1%", "$50k", "1.2M", "38 points"; NaN where it is not one. */
export function parse(typed, style, code = "") {
  const [, sign, before, digits, scale = "", after] = TYPED.exec(typed) ?? [], unit = after?.trim() ?? "";
  const isOwn = (text) => !text || [style.before?.trim(), code].includes(text);
  if (!digits || !isOwn(before) || !isUnit(unit, style, code)) return NaN;
  const number = Number(digits.replace(/[^\d.]/g, "")) * (SCALES[scale.toLowerCase()] ?? 1);
  return (sign && sign !== "+" ? -number : number) / (style.shift ? 100 : 1);
}

/** Whether what stands after a number can be its unit: not a sign or a code of other money, nor a stray digit. */
function isUnit(text, style, code) {
  if (text === code || text === style.before?.trim()) return true;
  if (text.startsWith("%")) return Boolean(style.shift);
  if (/^pp\b/.test(text)) return style.after === "pp";
  return !/[\d\p{Sc}]|^[.,]|\b[A-Z]{3}\b/u.test(text.startsWith(code) && code ? text.slice(code.length) : text);
}

/** "a, b and c". */
export const joined = (items, last = "and") => (items.length > 1 ? `${items.slice(0, -1).join(", ")} ${last} ${items[items.length - 1]}` : items.join());

export class Words {
  constructor(data) { this.data = data; }

  /** A period: "Oct 2027", without a first day "month 12". */
  at(t) { return this.data.names ? this.data.names.full[t - 1] : `${this.data.period} ${t}`; }

  /** A period after a preposition: "in Oct 2027", "on 4 Jan 2027", "by the week of 4 Jan 2027". */
  timed(preposition, t) { return this.data.names?.[preposition]?.[t - 1] ?? `${preposition} ${this.at(t)}`; }

  /** What the end of a period is called: of a month from 15 Nov its last day, of others their name. */
  ending(t) { return this.data.names?.end?.[t - 1] ?? this.at(t); }

  /** The second of two periods: by its name, or by its number alone. */
  end(t) { return this.data.names ? this.ending(t) : t; }

  /** Whether it pays, from what is left at each horizon: "does not pay back within 12 months but does within 36, in month 21". */
  pays(horizons, payback) {
    const stages = horizons.map(([end, net]) => ({ end, pays: net > 0 })), last = stages.length - 1, ends = [stages[0].pays, stages[last].pays];
    const told = stages.filter(({ pays }, k) => k === 0 || k === last || !ends.includes(pays)), groups = [];
    for (const one of told) (groups.at(-1)?.[0].pays === one.pays ? groups.at(-1) : groups[groups.push([]) - 1]).push(one);
    const parts = [this.opening(groups[0].at(-1), payback)];
    groups.slice(1).forEach(([one], k) => parts.push(this.turn(groups[k].at(-1).end, one, payback)));
    return [parts.slice(0, 2).join(parts[0].includes(" but ") ? ", " : " but "), ...parts.slice(2)].join(", and ");
  }

  opening({ end, pays }, payback) {
    if (payback === null || payback > end) return pays ? "pays" : `does not pay back within ${end} ${this.data.period}${end === 1 ? "" : "s"}`;
    const back = `pays back ${this.timed("in", payback)}`;
    return pays ? back : `${back} but has lost it again ${this.timed("by", end)}`;
  }

  turn(before, { end, pays }, payback) {
    if (!pays) return `has lost it again ${this.timed("by", end)}`;
    if (payback !== null && before < payback && payback <= end) return `does within ${end}, ${this.timed("in", payback)}`;
    return `is ahead again ${this.timed("by", end)}`;
  }

  /** The same below an axis: "Oct 27"; null where periods go by their numbers. */
  get tick() { const { names } = this.data; return names && ((t) => names.short[t - 1]); }

  /** A horizon: "12 months", where periods have names "Nov 2026 to Oct 2027". */
  lasting(count) { return this.data.windows[count].all; }

  /** A change of an outcome: "+$17k"; of an amount that is better lower "saves $17k" or "costs $17k". */
  figure(metric, change, digits = DIGITS) {
    if (!change || !metric.isAmount || metric.better === "higher") return formatSigned(metric, change, digits);
    return `${change < 0 ? "saves" : "costs"} ${unsigned(metric, Math.abs(change), digits)}`;
  }

  /** From one change to another: "+$44.2k to +$130k", "saves $9k to $26k". */
  span(metric, low, high) {
    const digits = digitsApart(low, high, (value, digits) => this.figure(metric, value, digits));
    const [first, second] = [low, high].map((one) => this.figure(metric, one, digits)), verb = /^(saves|costs) /.exec(first)?.[0];
    if (first === second) return first;
    if (!verb || !second.startsWith(verb)) return `${first} to ${second}`;
    return verb === "costs " ? `${first} to ${second.slice(6)}` : `${second} to ${first.slice(6)}`;
  }

  over(metric, count) {
    return this.data.windows[count][metric.rule];
  }

  /** What a change does to the outcome, before and after the amount: "adds", "$84k", "operating profit". */
  effect(metric, before, after, plural) {
    const change = after - before, lower = metric.better === "lower", s = plural ? "" : "s";
    if (isStill(before, after)) return [`${plural ? "do" : "does"} not change`, "", metric.low];
    const amount = unsigned(metric, Math.abs(change));
    if (metric.isAmount) {
      const verb = lower ? (change <= 0 ? "save" : "add") : change >= 0 ? "add" : "cost";
      const [number, word] = amount.split(" ");
      if (!word || /^\p{L}/u.test(number)) return [verb + s, amount, metric.low];
      return metric.low.toLowerCase().split(" ").includes(word) ? [verb + s, number, metric.low] : [verb + s, amount, `of ${metric.low}`];
    }
    const [verb, more] = [change >= 0 ? "raise" : "lower", metric.count ? ` ${metric.count}` : ""];
    return [`${verb}${s} ${metric.low} by`, amount + more, ""];
  }

  /** When a limit is broken, in the periods of a horizon: "BREACHED from month 5". */
  breach(broken, horizon) {
    const first = broken[0], last = broken[broken.length - 1], { period } = this.data;
    if (broken.length === horizon) return horizon > 1 ? `BREACHED in every ${period}` : "BREACHED";
    if (first === last) return `BREACHED ${this.timed("in", first)}`;
    if (broken.length <= last - first) return `BREACHED in ${broken.length} of ${horizon} ${period}s, first ${this.timed("in", first)}`;
    return `BREACHED ${this.timed("from", first)}${last < horizon ? ` ${this.data.names ? this.timed("to", last) : `to ${last}`}` : ""}`;
  }

  tone(metric, change) {
    return change === 0 ? "" : (change > 0) === (metric.better === "higher") ? "good" : "bad";
  }
}
