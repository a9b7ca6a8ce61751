// The page: controls, and what follows from them.
import { drawGauge, drawLine, drawTornado, drawTree, element, glyph, KINDS, shape, shortened, standAlone, width, wrapped } from "./draw.js";
import { Answers } from "./answers.js";
import { steps } from "./model.js";
import { State, unpacked } from "./state.js";
import { digitsApart, formatShare, formatSigned, formatValue, isStill, joined, parse, percentage, relative, unsigned, Words } from "./words.js";

const STEPS = 400, LATER = 160, NAMED = 4;
const TABS = ["Tree", "Inputs", "Guardrails", "Share"];
const HEADS = { product: "Product", driver: "Drivers", financial: "Financial" };
const bold = (text, name = null) => element("b", { class: name }, text);
const sentence = (text) => `${capital(text)}.`;
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

export class Page {
  /** Draw `data` into the elements of page.html in `root`, a document or shadow root; `computer` answers (answers.js). */
  constructor(root, data, computer, { address = null, phone = matchMedia("(max-width: 760px)") } = {}) {
    Object.assign(this, { root, data, computer, address, phone });
    this.state = new State(data);
    this.words = new Words(data);
    this.outcome = data.metrics[data.outcome];
    this.sliders = new Map();
    this.waiting = 0;
    this.asking = 0;
    this.controls();
    this.open();
    this.phone.addEventListener("change", () => this.place());
  }

  part(id) { return this.root.getElementById(id); }

  /** Take the state that the address carries, if any does. */
  open() {
    this.state.read(this.address ? this.address.read() : "");
    this.place();
    this.changed();
  }

  // -- controls --------------------------------------------------------------------------------------------------------

  controls() {
    const { data, state } = this;
    this.part("reset").addEventListener("click", () => { state.reset(); this.changed(); });
    this.part("whole").addEventListener("click", () => { state.whole = !state.whole; this.update(); });
    this.part("copy").addEventListener("click", () => this.copy());
    this.part("save").addEventListener("click", () => this.save());
    this.part("link").hidden = !this.address;
    this.part("link").addEventListener("click", () => this.link());
    this.part("given").addEventListener("input", () => this.opened(this.part("given")));
    this.typed(this.part("need"), this.outcome.signed, (value) => { state.need = value; });
    this.typed(this.part("cost"), this.outcome.signed, (value) => { state.cost = value === null ? null : Math.max(0, value); });
    this.part("cost-box").hidden = !data.canCost;
    for (const kind of Object.keys(HEADS)) {
      const slots = [...data.metrics.keys()].filter((slot) => data.metrics[slot].input && data.metrics[slot].kind === kind);
      if (!slots.length) continue;
      const group = element("div", { role: "group", "aria-label": HEADS[kind] }, element("div", { class: "group", "aria-hidden": "true" }, HEADS[kind]));
      for (const slot of slots) group.append(this.slider(slot));
      this.part("sliders").append(group);
    }
    this.scenarioButtons = [["", "Your case", null], ["stated", "As stated", []], ...data.scenarios.map(({ name, label, changes, worth }) => [name, label, changes, worth])]
      .map(([name, label, changes, worth]) => {
        const button = element("button", { type: "button" }, label);
        if (Number.isFinite(worth)) button.append(" ", bold(this.money(worth)));
        button.addEventListener("click", () => this.scenario(name, changes));
        this.part("scenarios").append(button);
        return [name, button];
      });
    this.horizonButtons = data.horizons.map((count) => {
      const button = element("button", { type: "button" }, data.windows[count].choice ?? this.words.lasting(count));
      button.addEventListener("click", () => { state.horizon = count; this.changed(); });
      this.part("horizons").append(button);
      return [count, button];
    });
    if (data.metrics.some(({ input }) => input?.plausible)) this.part("key").append(element("span", { class: "band" }), "plausible range");
    this.part("horizons").hidden = data.horizons.length < 2;
    for (const tab of TABS) {
      const button = element("button", { type: "button" }, tab);
      button.addEventListener("click", () => this.show(tab));
      this.part("tabs").append(button);
    }
    this.show(TABS[0]);
  }

  show(tab) {
    this.part("sheet").dataset.tab = tab;
    for (const button of this.part("tabs").children) button.setAttribute("aria-pressed", button.dataset.tab ? button.dataset.tab === tab : button.textContent.startsWith(tab));
  }

  typed(field, style, take) {
    field.addEventListener("input", () => {
      const value = field.value.trim() ? parse(field.value, style, this.data.currency) : null;
      field.setAttribute("aria-invalid", Number.isNaN(value));
      if (Number.isNaN(value)) return;
      take(value);
      this.changed(field);
    });
    field.addEventListener("blur", () => { field.setAttribute("aria-invalid", "false"); this.fields(); });
  }

  slider(slot) {
    const metric = this.data.metrics[slot], { input } = metric, id = `v-${slot}`, span = input.most - input.least || 1;
    const at = (value) => `${100 * Math.max(0, Math.min(1, (value - input.least) / span))}%`;
    const mark = (name, from, to) => { const part = element("i", { class: name }); part.style.left = at(from); if (to !== null) part.style.width = `calc(${at(to)} - ${at(from)})`; return part; };
    const range = element("input", { type: "range", min: 0, max: STEPS, step: 1, id: `${id}-range`, "aria-label": metric.label });
    const field = element("input", { id, inputmode: "text", autocomplete: "off", "aria-label": `${metric.label}, value` });
    const move = element("i", { class: "move" });
    const name = element("label", { for: `${id}-range` }, input.kind === "ratio" ? `${metric.label}, change` : metric.label);
    const [today, ...ends] = [input.base, ...(input.plausible ?? [input.least, input.most])].map((value) => this.state.written(metric, value));
    const hint = element("p", { class: "hint" }, `today ${today}, ${input.plausible ? "plausible" : "slider"} ${ends.join(" to ")}`), time = element("p", { class: "time" });
    const box = element("div", { class: "slider" }, element("div", { class: "name" }, name, field), hint, time,
      element("div", { class: "track" }, element("i", { class: "rail" }), input.plausible ? mark("band", ...input.plausible) : "", move, mark("tick", input.base, null), range));
    range.addEventListener("input", () => {
      const raw = input.least + (span * range.value) / STEPS, near = Math.abs(raw - input.base) < span / STEPS / 1.5;
      this.state.set(slot, near ? input.base : Number(raw.toPrecision(6)));
      this.changed(range);
    });
    field.addEventListener("input", () => {
      const value = parse(field.value, input.kind === "ratio" ? { shift: 2 } : metric.style, this.data.currency), [least, most] = input.bounds ?? [-1, null];
      const isWrong = Number.isNaN(value) || (input.kind !== "ratio" && /^\s*\+/.test(field.value)) || value < (least ?? -Infinity) || value > (most ?? Infinity);
      field.setAttribute("aria-invalid", isWrong);
      if (isWrong) return;
      this.state.set(slot, value);
      this.changed(field);
    });
    field.addEventListener("blur", () => { field.setAttribute("aria-invalid", "false"); this.fields(); });
    this.sliders.set(slot, { box, range, field, move, at, input, metric, time });
    return box;
  }

  /** On a phone the one slider that matters stands above the tree, with the target. */
  place() {
    const { focus } = this.state, slider = this.sliders.get(focus);
    for (const [slot, { box, home }] of this.sliders) {
      if (home && (slot !== focus || !this.phone.matches)) { home.replaceWith(box); this.sliders.get(slot).home = null; }
    }
    if (this.phone.matches) {
      if (slider && !slider.home) {
        slider.home = document.createComment("");
        slider.box.replaceWith(slider.home);
        this.part("focus-home").prepend(slider.box);
      }
      this.part("focus-home").append(this.part("target"));
    } else this.part("target-home").append(this.part("target"));
  }

  scenario(name, changes) {
    const { state } = this;
    if (!state.scenario) this.own = [...state.changes];
    if (name) state.take(changes);
    else if (this.own) state.take(this.own);
    state.scenario = name;
    this.changed();
  }

  /** Something was changed by hand: ask anew; what is told of an older question is dropped. */
  changed(from = null) {
    this.from = from;
    const number = ++this.asking, begun = performance.now(), dragged = from?.type === "range" ? this.state.focus : null;
    this.computer.ask({ ...this.state.asked, dragged }, (part) => { if (number === this.asking) this.told(part, begun); });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.follow(), LATER);
  }

  told({ now, later, ranges }, begun) {
    if (now) {
      this.computing = performance.now() - begun;
      this.found = now;
      this.ranges = null;
      this.largest = Math.max(Math.abs(now.total), ...now.flows.map(([, , amount]) => Math.abs(amount)));
      this.update();
    }
    if (later) {
      this.needs(later.needed);
      this.tornado(later.tornado);
    }
    if (ranges) {
      this.ranges = ranges;
      this.update();
    }
  }

  // -- what follows ----------------------------------------------------------------------------------------------------

  money(amount) { return formatSigned(this.outcome, amount); }

  plain(amount) { return unsigned(this.outcome, amount); }

  /** A metric period by period, over the horizon that is shown. */
  path(rows, slot) { return Array.from({ length: this.state.horizon }, (_, t) => rows[rows.length > 1 ? t : 0][slot]); }

  update() {
    this.sentence();
    this.fields();
    this.bar();
    this.tree();
    this.guards();
    this.panel();
    this.line();
    this.basis();
  }

  /** What may come a moment later: the place of the slider, the address, what a screen reader says. */
  follow() {
    if (!this.phone.matches || this.root.activeElement?.type !== "range") this.place();
    const { state, data } = this, isFresh = state.isStated && state.cost === data.cost && state.need === null && state.focus === data.focus && state.selected === data.focus;
    this.address?.write(isFresh ? "" : state.fragment);
    this.part("status").textContent = this.part("sentence").textContent;
  }

  said() {
    const { found, state, outcome, words } = this, moves = state.moves(), slot = this.data.outcome;
    const when = words.over(outcome, state.horizon);
    if (!Number.isFinite(found.total)) return [`${outcome.label} has no value ${when}`, "", ""];
    if (!moves.length) return [`As stated, ${outcome.low} is `, formatValue(outcome, found.before[slot]), ` ${when}`];
    const names = moves.length > 2 ? `${moves.length} changes together` : moves.map(({ text }) => text).join(" and ");
    const [verb, amount, what] = words.effect(outcome, found.before[slot], found.after[slot], moves.length > 1);
    return [`${names} ${verb} `, amount, `${what ? ` ${what}` : ""} ${when}`];
  }

  sentence() {
    const { state, found, data } = this, [start, amount, end] = this.said();
    const unbroken = start.split(/(\d+-\d+)/).map((text, k) => (k % 2 ? element("span", { class: "whole" }, text) : text));
    this.part("sentence").replaceChildren(...unbroken, ...(amount ? [bold(amount)] : []), end);
    const parts = state.moves().slice(0, NAMED).map(({ slot }) => {
      const value = this.total(slot, found.before[slot], found.after[slot]);
      return state.moves().length > 1 ? `${data.metrics[slot].label} ${value}` : value;
    });
    this.part("sub").textContent = [parts.join("; "), this.range(), this.through()].filter(Boolean).map(sentence).join(" ");
  }

  /** P10 to P90 of the result: of the draws, and of the case as written until they are done or where there are none. */
  range() {
    const { state, data, ranges, words, outcome } = this, told = (ends) => (ends ? `${words.span(outcome, ...ends)} (P10 to P90)` : "");
    if (!state.changes.size) return "";
    if (state.isStated && data.range && !ranges?.isAll) return told(data.range);
    if (ranges) return `${ranges.isAll || !ranges.total ? "" : "about "}${told(ranges.total)}`;
    return data.draws.count ? (data.draws.inputs.length ? "P10 to P90 follows" : "") : "ranges are known for the case as written alone";
  }

  /** Through which metric most of it leaves the one that is moved: "92% of it through lower monthly churn". */
  through() {
    const { found, data, state } = this, [slot, ...others] = state.changes.keys(), { total, flows } = found;
    const out = flows.filter(([source]) => source === slot).sort((one, two) => two[2] / total - one[2] / total), share = out.length ? out[0][2] / total : 0;
    if (others.length || out.length < 2 || !(share >= 0.5 && share <= 1 + 1e-9)) return "";
    const target = out[0][1], way = found.after[target] < found.before[target] ? "lower" : "higher";
    return `${formatShare(share)} of it through ${way} ${data.metrics[target].low}`;
  }

  fields() {
    const { state, from } = this, idle = (field) => field !== this.root.activeElement || (field !== from && field.getAttribute("aria-invalid") !== "true" && from !== null);
    for (const [slot, slider] of this.sliders) {
      const { box, range, field, move, at, input, metric, time } = slider, when = state.when.get(slot);
      const value = state.value(slot), isMoved = state.values.has(slot);
      if (slider.shown === value && slider.isMoved === isMoved && from) continue;
      Object.assign(slider, { shown: value, isMoved });
      const shownValue = state.written(metric, value);
      box.classList.toggle("moved", isMoved);
      time.textContent = when ? `moved ${this.inForce(when)}` : "";
      if (range !== from) range.value = Math.round((STEPS * (value - input.least)) / (input.most - input.least || 1));
      range.setAttribute("aria-valuetext", shownValue);
      if (field !== from && idle(field)) { field.value = shownValue; field.style.width = `${Math.max(76, 7.2 * shownValue.length + 18)}px`; }
      const [a, b] = [Math.min(value, input.base), Math.max(value, input.base)];
      move.style.left = at(a);
      move.style.width = `calc(${at(b)} - ${at(a)})`;
    }
    for (const id of ["need", "cost"]) if (this.part(id) !== from && idle(this.part(id))) this.part(id).value = state[id] === null ? "" : this.plain(state[id]);
    this.part("target").classList.toggle("idle", state.need === null);
    this.part("need-label").textContent = `I need, ${this.words.over(this.outcome, state.horizon).replace("in the first", "in")}`;
    this.from = null;
  }

  bar() {
    const { state, found, data, words } = this, isStated = !state.changes.size;
    for (const [name, button] of this.scenarioButtons) button.setAttribute("aria-pressed", state.scenario ? state.scenario === name : name === (isStated ? "stated" : ""));
    for (const [count, button] of this.horizonButtons) button.setAttribute("aria-pressed", count === state.horizon);
    if (!data.canCost || state.cost === null || isStated) { this.part("net").replaceChildren(); return; }
    const nets = found.net.horizons.flatMap(([count, net], k) => [k ? ", " : "", bold(this.money(net)), ` ${words.timed("by", count)}`]);
    const back = () => bold(capital(words.pays(found.net.horizons, found.net.payback)));
    this.part("net").replaceChildren(`${capital(data.basis.net)} `, ...nets, ...(state.cost ? ["\n", back(), this.paidBack(), ...(data.paid.length > 1 || data.paid[0][1] > 1 ? [`\nPaid${state.cost === data.cost ? "" : " in the same parts"}: ${this.terms()}`] : [])] : []));
  }

  /** When it is paid back from P10 to P90: " (P10 to P90: month 17 to 30)". */
  paidBack() {
    const [early, late] = this.ranges?.net?.payback ?? [];
    if (early === late) return "";
    const { found, words } = this;
    return ` (P10 to P90: ${words.ending(early)} to ${late ? words.end(late) : `after ${words.end(found.net.line.length)}`})`;
  }

  /** Values of a metric, of a sum with what it is of as on its card: "$2.73M (discounted)". */
  total(slot, ...values) {
    const metric = this.data.metrics[slot], texts = new Set(values.map((value) => formatValue(metric, value)));
    return `${[...texts].join(" → ")}${metric.rule === "sum" ? ` (${this.data.windows[this.state.horizon].card})` : ""}`;
  }

  /** What a card says of a metric. */
  card(slot) {
    const { found, data, state, words } = this, metric = data.metrics[slot], before = found.before[slot], after = found.after[slot];
    const moves = Number.isFinite(before) && Number.isFinite(after) && !isStill(before, after);
    const pill = moves ? relative(before, after - before) || formatSigned(metric, after - before) : "";
    const [value, ...word] = formatValue(metric, after).split(" "), summed = !word.length && metric.rule === "sum" ? data.windows[state.horizon] : null;
    const unit = word.join(" ") || (summed ? summed.card : metric.unit.replace(/^per /, "/"));
    return {
      slot, kind: metric.kind, label: metric.label, value, unit, brief: summed?.brief, pill, tone: words.tone(metric, moves ? after - before : 0),
      isGuard: data.guardrails.some((limit) => limit.index === slot), isChosen: state.selected === slot,
    };
  }

  tree() {
    const { data, state, found } = this, [part, all = part] = data.views, inPart = new Set(part.cards.map(([slot]) => slot));
    const isBeyond = found.flows.some(([source, target]) => !inPart.has(source) || !inPart.has(target)), view = state.whole || isBeyond ? all : part;
    const focused = this.root.activeElement?.closest?.(".card")?.getAttribute("data-slot");
    const isMoved = state.changes.size > 0;
    const told = {
      flows: new Map(found.flows.map(([source, target, amount]) => [`${source} ${target}`, amount])), largest: this.largest, isMoved, picture: this.part("sentence").textContent,
      money: (amount) => (amount ? this.money(amount) : ""), card: (slot) => this.card(slot),
    };
    view.callout = isMoved && Number.isFinite(found.total) ? this.callout(view) : null;
    const svg = drawTree(view, told, (slot) => this.choose(slot));
    if (view === all && all !== part) svg.style.minWidth = `${Math.round(svg.viewBox.baseVal.width * 1.05)}px`;
    this.part("tree").replaceChildren(svg);
    this.part("tree").tabIndex = svg.style.minWidth ? 0 : -1;
    if (focused) this.part("tree").querySelector(`[data-slot="${focused}"]`)?.focus();
    this.rows(view);
    const shown = new Set(view.cards.map(([slot]) => slot)), hidden = [...data.metrics.keys()].filter((slot) => !shown.has(slot));
    this.part("rest").hidden = all === part;
    this.part("whole").style.visibility = isBeyond ? "hidden" : "";
    this.part("whole").textContent = view === part ? "Show the whole tree" : "Show what carries money";
    const names = hidden.slice(0, NAMED).map((slot) => `${data.metrics[slot].label} ${this.total(slot, found.after[slot])}`);
    this.part("rest-text").textContent = hidden.length
      ? `${hidden.length} ${isMoved ? "" : "more "}metric${hidden.length > 1 ? "s" : ""}${isMoved ? ` carr${hidden.length > 1 ? "y" : "ies"} no money in this change` : ""}: ${names.join(", ")}${hidden.length > NAMED ? ` and ${hidden.length - NAMED} more` : ""}`
      : `All ${data.metrics.length} metrics are shown`;
  }

  /** The box by the outcome, where there is room below its card; null where there is none. */
  callout(view) {
    const { found, state, words, outcome, data } = this, card = view.cards.find(([slot]) => slot === data.outcome);
    if (!card) return null;
    const [, x, y, wide, high] = card, long = Math.max(wide, 92), left = x + wide - long, told = this.range(), range = told.endsWith(")") && !told.startsWith("about") ? told : "";
    const what = wrapped(outcome.low, 9, false, long - 12, 2), low = (range ? 72 : 54) + 10 * (what.length - 1), top = y + high + 22;
    const isFree = view.cards.every(([, cx, cy, cw, ch]) => cx + cw < left || cx > left + long || cy + ch <= y + high + 1 || cy > top + low);
    if (!isFree) return null;
    const text = (dy, size, words, paint, weight = null) => shape("text", { x: left + 8, y: top + dy, "font-size": size, "font-weight": weight, class: `f-${paint}` }, words);
    const when = capital(words.over(outcome, state.horizon).replace("in the ", "")), size = Math.max(6, Math.min(8.5, 8.5 * (long - 12) / width(when, 8.5, true)));
    return { box: [left, top, left + long, top + low], shape: shape("g", { "aria-hidden": "true" },
      shape("rect", { x: left, y: top, width: long, height: low, class: "f-tint" }), shape("rect", { x: left, y: top, width: 3, height: low, class: "f-accent" }),
      text(13, size, shortened(when, size, true, long - 11), "accent-text", 700), text(33, 17, this.money(found.total), "accent", 700), ...what.map((line, k) => text(46 + 10 * k, 9, line, "ink")),
      ...(range ? range.split(/ (?=\()/).map((part, k) => text(low - 15 + 9 * k, 7.5, part, "tint-text")) : [])) };
  }

  rows(view) {
    const { found, data, state } = this, { changes } = state, into = new Map();
    for (const [, target, amount] of found.flows) into.set(target, (into.get(target) ?? 0) + amount);
    const order = [...view.path, ...view.cards.map(([slot]) => slot).filter((slot) => !view.path.includes(slot))];
    this.part("rows").replaceChildren(...order.map((slot) => {
      const card = this.card(slot), isStart = changes.has(slot), flow = into.get(slot) ?? (isStart && found.flows.length ? found.total : 0);
      const icon = shape("svg", { viewBox: "-1 -1 14 14", width: 14, height: 14, "aria-hidden": "true" }, glyph(card.kind, 0, 0, 12, false));
      const button = element("button", { type: "button", "aria-pressed": card.isChosen }, icon, element("strong", {}, card.label), element("span", { class: "value" }, card.value),
        element("span", { class: "kind" }, `${KINDS[card.kind]}${data.metrics[slot].owner ? `, ${data.metrics[slot].owner}` : ""}${card.unit ? `, ${card.unit}` : ""}`), element("span", { class: "flow" }, flow ? this.money(flow) : ""),
        card.pill ? element("span", { class: `pill ${card.tone}` }, card.pill) : element("span"));
      button.addEventListener("click", () => { this.choose(slot); this.part("panel").scrollIntoView({ "block": "nearest" }); });
      return element("li", { class: view.path.includes(slot) && state.changes.size ? "main" : null }, button);
    }));
  }

  choose(slot) {
    this.state.selected = slot;
    this.changed();
    this.part("status").textContent = `Details of ${this.data.metrics[slot].label}`;
  }

  guards() {
    const { found, data } = this;
    this.part("guards-box").hidden = !found.guardrails.length;
    this.part("guards").replaceChildren(...found.guardrails.map(({ index, side, limit, value, period, broken }, which) => {
      const metric = data.metrics[index], label = metric.label, isBroken = broken.length > 0;
      const verdict = isBroken ? this.words.breach(broken, this.state.horizon) : "holds";
      const digits = digitsApart(value, limit, (one, digits) => formatValue(metric, one, digits)), [shown, bound] = [value, limit].map((one) => formatValue(metric, one, digits));
      const share = this.ranges?.risks[which] ?? null, risk = share === null ? "" : `, risk ${percentage(share)}`;
      return element("li", { class: isBroken ? "broken" : null },
        element("div", { class: "top" }, element("span", {}, element("span", { class: "mark", "aria-hidden": "true" }, "▲ "), label), element("span", {}, shown)),
        element("div", { class: "gauge" }, drawGauge(value, limit, `${shown} ${this.words.timed("in", period)}`), element("span", { class: "how" }, `${side} ${bound}: ${verdict}${risk}`)));
    }));
    const broken = found.guardrails.filter((one) => one.broken.length).length, [, inputs, guards] = this.part("tabs").children;
    inputs.textContent = `Inputs, ${this.sliders.size}`;
    guards.replaceChildren("Guardrails", element("br"), bold(found.guardrails.length ? (broken ? `${broken} broken` : `${found.guardrails.length} hold`) : "none"));
    for (const [k, button] of [...this.part("tabs").children].entries()) button.dataset.tab = TABS[k];
  }

  panel() {
    const { state, found, data } = this, slot = state.selected, metric = data.metrics[slot], term = (name, ...texts) => texts.filter(Boolean).flatMap((text, k) => [element("dt", {}, k ? "" : name), element("dd", {}, text)]);
    const [path, was] = [found.rows, found.baseRows].map((rows) => this.path(rows, slot)), better = metric.better === "lower" ? "; lower is better" : "";
    this.part("panel").replaceChildren(
      element("div", { class: "top" }, element("h2", { id: "panel-head" }, metric.label), bold(this.total(slot, found.before[slot], found.after[slot]))),
      metric.about ? element("p", {}, metric.about) : "",
      element("dl", {}, ...term("Formula", metric.formula), ...term("Moves with", ...metric.moves.map((one) => one.words)),
        ...term("Unit", `${metric.unit || metric.style.words[1] || metric.style.before.trim() || (metric.isShare ? "%" : metric.style.after) || "number"}${better}`),
        ...term("Owner", metric.owner), ...term("Source", metric.source), ...term("Evidence", ...metric.moves.map((one) => one.evidence)), ...term("Notes", metric.notes)),
      path.every(Number.isFinite) && was.every(Number.isFinite) && path.length > 1
        ? drawLine({ values: path, second: was, written: (value) => formatValue(metric, value), period: data.period, tick: this.words.tick, high: 78, isSmall: true, hasZero: false, alt: `${metric.label} goes from ${formatValue(metric, path[0])} to ${formatValue(metric, path[path.length - 1])}; as stated to ${formatValue(metric, was[was.length - 1])}` })
        : "");
  }

  line() {
    const { state, found, data, outcome } = this, isSummed = data.canCost && state.changes.size > 0;
    const at = (rows) => this.path(rows, data.outcome);
    const path = isSummed ? found.net.line : at(found.rows), second = isSummed || !state.changes.size ? null : at(found.baseRows);
    const hasLine = path.length > 1 && [...path, ...(second ?? [])].every(Number.isFinite);
    this.part("line-box").hidden = !hasLine;
    if (!hasLine) return;
    if (isSummed) { this.net(path); return; }
    const told = (value, digits) => formatValue(outcome, value, digits), last = path.length - 1;
    this.part("line-head").textContent = `${outcome.label}, ${this.words.lasting(path.length)}`;
    this.part("line").replaceChildren(drawLine({
      values: path, second, written: told, period: data.period, tick: this.words.tick, hasZero: false,
      alt: `${outcome.label} goes from ${told(path[0])} to ${told(path[last])}${second ? `; as stated to ${told(second[last])}` : ""}`,
    }));
  }

  /** What a change returns, added up, less what it costs. */
  net(line) {
    const { state, found, data, words, outcome } = this, { payback } = found.net, last = line.length - 1;
    const plain = this.plain(state.cost ?? 0), what = outcome.better === "lower" ? "saving" : "change";
    const head = state.cost ? `Cumulative ${data.basis.net} of the ${plain}` : `Cumulative ${what} of ${outcome.low}`;
    const { low, high } = this.ranges?.net ?? {}, isSure = low && [...low, ...high].every(Number.isFinite);
    this.part("line-head").textContent = `${head}, ${words.lasting(line.length)}`;
    this.part("line").replaceChildren(drawLine({
      values: line, band: isSure ? [low, high] : null, written: (value, digits) => formatSigned(outcome, value, digits), period: data.period, tick: words.tick,
      mark: payback === null ? null : payback - 1, markText: payback === null ? "" : words.at(payback),
      alt: `${head}: ${this.money(line[last])} ${words.timed("by", line.length)}${isSure ? `, P10 to P90 ${this.money(low[last])} to ${this.money(high[last])}` : ""}`,
    }));
  }

  tornado(bars) {
    const { found, words, outcome } = this;
    this.part("tornado-box").hidden = !bars.length;
    if (!bars.length) return;
    this.part("tornado-head").textContent = `What the ${this.plain(found.total)} rests on (P10 to P90)`;
    this.part("tornado").replaceChildren(drawTornado(bars, found.total, (value) => this.plain(value), (change) => words.tone(outcome, change) === "good"));
  }

  needs(found) {
    const isOpen = found !== null && found.value !== null && !found.isToday && found.value !== this.state.value(this.state.focus);
    this.part("take").hidden = !isOpen;
    this.part("take").onclick = () => { this.state.set(this.state.focus, found.value); this.changed(); };
    const { state, data } = this, metric = data.metrics[state.focus], output = this.part("needs");
    const when = state.when.get(state.focus), asked = state.need === null ? "" : this.plain(state.need);
    if (state.need === null) { output.replaceChildren(`Type an amount: what must ${metric.low} be?`); return; }
    if (!found) output.replaceChildren(`${metric.label} is not an input`);
    else if (found.isToday) output.replaceChildren(`${asked} needs no move of ${metric.low}`);
    else if (found.value === null) output.replaceChildren(`No value of ${metric.low} alone gives ${asked}`);
    else output.replaceChildren(`${asked} needs ${metric.low} at `, bold(state.written(metric, found.value, found.digits)), when ? ` ${this.inForce(when)}` : "");
  }

  basis() {
    const { data, state, found } = this, { meant, before, marked } = data.basis, isMoved = state.changes.size > 0;
    const cost = state.cost && data.canCost ? `; ${this.costing()}` : "";
    const told = [meant, ...(isMoved ? [`${before}${cost}; ${this.held()}${found.isFull ? data.basis.full : ""}`] : [])].filter(Boolean).join(", ");
    const isMade = state.isStated && state.cost === data.cost, says = (texts, lead) => texts.map((text) => `${lead}${text}.`);
    const notes = [...says(found.notes, "Note: "), ...says(isMade ? data.made : [], "Not modelled: ")];
    const basis = [`Basis: ${[told, marked].filter(Boolean).join("; ")}.`, data.asOf && `As of ${data.asOf}.`, ...says(data.notes, ""), `${data.name}, version ${data.version}.`].filter(Boolean).join(" ");
    this.basisText = [...notes, basis].join(" ");
    this.part("notes").textContent = notes.join("\n");
    this.part("basis").textContent = basis;
  }

  /** What is off the figures that are called net: "net is after a cost of $250k, paid once in month 1". */
  costing() { return `${this.data.basis.after}${this.terms()}`; }

  /** What is paid and when; of another total than was stated, the same parts of it. */
  terms() {
    const { data, state: { cost } } = this, isStated = cost === data.cost;
    return joined(data.paid.map(([share, , , , text, when]) => (isStated ? text : this.plain(cost * share)) + when));
  }

  /** When changes are in force: "lift held from month 1", "lift from month 4, in full from month 6". */
  held() {
    const { state, data } = this, each = [...state.changes.values()].flatMap(steps), told = each.map(({ when }) => this.inForce(when));
    const times = new Set(each.map(({ when }) => String(data.model.timings?.[when]?.weights)));
    return `${state.changes.size > 1 ? "changes" : "lift"} ${times.size > 1 ? data.basis.each : told[0]}`;
  }

  inForce(when) { return (this.data.model.timings?.[when] ?? { told: this.data.basis.held }).told; }

  // -- sharing ---------------------------------------------------------------------------------------------------------

  copy() { return this.copied(this.part("copy"), `${this.part("sentence").textContent}. ${this.part("sub").textContent} ${this.basisText}`); }

  /** The address carries the state: as it is now, not as it was a moment ago. */
  link() {
    this.follow();
    return this.copied(this.part("link"), this.address.link());
  }

  /** Take the state of a link that was pasted: what stands after its #. */
  opened(field) {
    const [, fragment] = field.value.split("#");
    field.setAttribute("aria-invalid", Boolean(field.value.trim()) && !fragment);
    if (!fragment) return;
    this.state.read(fragment);
    this.place();
    this.changed();
    this.show(TABS[0]);
    field.value = "";
  }

  async copied(button, text) {
    let isDone = true;
    try { await navigator.clipboard.writeText(text); } catch { isDone = this.copiedByHand(text); }
    this.tell(button, isDone ? "Copied" : "Could not copy");
  }

  /** Where a file may not reach the clipboard: select the text and copy that. */
  copiedByHand(text) {
    const field = element("textarea", { class: "quiet", "aria-hidden": "true", tabindex: -1 });
    field.value = text;
    document.body.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    return isDone;
  }

  tell(button, text) {
    const was = button.textContent;
    button.textContent = text;
    this.part("status").textContent = text;
    setTimeout(() => { button.textContent = was; }, 1500);
  }

  save() {
    const svg = this.part("tree").querySelector("svg"), text = standAlone(svg, this.part("sentence").textContent, this.basisText), image = new Image();
    const name = this.data.name.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase() || "tree";
    const download = (blob, suffix) => {
      const link = element("a", { href: URL.createObjectURL(blob), download: `${name}${suffix}` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      this.tell(this.part("save"), "Saved");
    };
    image.onload = () => {
      const canvas = element("canvas", { width: image.width, height: image.height });
      canvas.getContext("2d").drawImage(image, 0, 0);
      canvas.toBlob((blob) => download(blob, ".png"));
    };
    image.onerror = () => download(new Blob([text], { type: "image/svg+xml" }), ".svg");
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  }
}

/** Begin in a file of its own: the state stands in the address. */
export function start() {
  const data = unpacked(JSON.parse(document.getElementById("data").textContent));
  const address = {
    read: () => location.hash.slice(1),
    link: () => location.href,
    write: (fragment) => history.replaceState(null, "", fragment ? `#${fragment}` : location.pathname + location.search),
  };
  const page = new Page(document, data, new Answers(data), { address });
  addEventListener("hashchange", () => { if (location.hash.slice(1) !== page.state.fragment) page.open(); });
  window.impacttree = page;
}
