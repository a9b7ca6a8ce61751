// Pictures: the tree, the tornado, the line. Every text is set as text, so that labels stay text.
const SPACE = "http://www.w3.org/2000/svg";
export const KINDS = { product: "Metric", driver: "Driver", financial: "Financial" };

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  return fill(made, attributes, children);
}

export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SPACE, name), attributes, children);
}

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

let pen = null;
const widths = new Map();
/** How wide a text is at a size, in the page's own letters. */
export function width(text, size, bold = false) {
  const key = `${size} ${bold} ${text}`;
  if (!widths.has(key)) {
    pen ??= document.createElement("canvas").getContext("2d");
    pen.font = `${bold ? "bold " : ""}${size}px Arial, 'Liberation Sans', Helvetica, sans-serif`;
    if (widths.size > 5000) widths.clear();
    widths.set(key, pen.measureText(text).width);
  }
  return widths.get(key);
}

export function shortened(text, size, bold, room) {
  if (width(text, size, bold) <= room) return text;
  let end = text.length;
  while (end > 1 && width(`${text.slice(0, end)}…`, size, bold) > room) end--;
  return `${text.slice(0, end).trimEnd()}…`;
}

export function wrapped(text, size, bold, room, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${word}` : word;
    if (width(longer, size, bold) <= room || !lines[lines.length - 1]) lines[lines.length - 1] = longer;
    else if (lines.length < most) lines.push(word);
    else { lines[lines.length - 1] = longer; }
  }
  return lines.map((line) => shortened(line, size, bold, room));
}

const words = (x, y, size, text, color, more = {}) => shape("text", { x, y, "font-size": size, class: `f-${color}`, ...more }, text);

export function glyph(kind, x, y, size, isInverse) {
  const paint = kind === "product" ? "metric" : kind === "driver" ? "driver" : isInverse ? "glyph" : "better";
  if (kind === "product") return shape("circle", { cx: x + size / 2, cy: y + size / 2, r: size / 2, class: `f-${paint}` });
  if (kind === "driver") return shape("rect", { x: x + 0.5, y: y + 0.5, width: size - 1, height: size - 1, class: `f-${paint}` });
  return shape("path", { d: `M${x + size / 2} ${y - 0.5}l${size / 2 + 0.5} ${size / 2 + 0.5}l${-size / 2 - 0.5} ${size / 2 + 0.5}l${-size / 2 - 0.5} ${-size / 2 - 0.5}Z`, class: `f-${paint}` });
}

/** The tree with what a change carries; `told` gives the texts of each card. */
export function drawTree(view, told, choose) {
  const on = new Set(view.path.slice(1).map((slot, k) => `${view.path[k]} ${slot}`));
  const left = Math.min(...view.cards.map((card) => card[1])) - 4, right = Math.max(...view.cards.map((card) => card[1] + card[3])) + 4;
  const xs = [left, right], ys = [];
  for (const [, , y, , high] of view.cards) ys.push(y - 5, y + high + 5);
  for (const { path } of view.lines) for (const [k, value] of path.match(/-?[\d.]+/g).map(Number).entries()) (k % 2 ? ys : xs).push(value + (k % 2 ? 3 : 0));
  if (view.callout) ys.push(view.callout.box[3] + 4);
  for (const { label } of view.lines) if (label) ys.push(label[1] - 9, label[1] + 12);
  for (const [, , y] of view.heads) ys.push(y - 10);
  const [x0, x1, y0, y1] = [Math.min(...xs) - 2, Math.max(...xs) + 2, Math.min(...ys), Math.max(...ys)];
  const box = [x0, y0, x1 - x0, y1 - y0];
  const svg = shape("svg", { viewBox: box.join(" "), width: box[2], height: box[3], role: "group", "aria-label": told.picture });
  for (const [text, x, y, end] of view.heads) {
    svg.append(words(x, y, 9.5, text, "grey", { "font-weight": 700 }), shape("path", { d: `M${x} ${y + 5.5}H${Math.max(end, x + 60)}`, class: "s-rule", fill: "none" }));
  }
  const [lines, feet, labels] = [0, 0, 0].map(() => shape("g", { "aria-hidden": "true" }));
  const drawn = [...view.lines].sort((one, two) => on.has(`${one.source} ${one.target}`) - on.has(`${two.source} ${two.target}`));
  const arrows = drawn.map((line) => {
    const key = `${line.source} ${line.target}`, amount = told.flows.get(key) ?? 0, isMain = on.has(key) && amount !== 0;
    const share = told.largest ? Math.min(1, Math.abs(amount) / told.largest) : 0, thick = amount ? 1.2 + 7.8 * share : 0.8;
    const delay = line.delay && (amount || (line.label && !told.isMoved)) ? line.delay : "";
    return { line, isMain, thick, paint: isMain ? "accent" : amount ? "edge" : "rule", isLive: amount !== 0, text: told.money(amount), delay };
  });
  for (const { line, thick, paint, isLive } of arrows) {
    const [body, head, foot] = arrow(line.path, thick, paint, line.back ? "5 2 1.5 2" : isLive ? null : "3 2.5", line.assumed);
    lines.append(body, head);
    if (foot) feet.append(foot);
  }
  for (const { rows, isMain } of figures(view, arrows)) {
    for (const [text, x, y, isMoney] of rows) labels.append(words(x, y, isMoney ? 8.5 : 8, text, "", { "text-anchor": "middle", "font-weight": isMoney ? 700 : null, class: `halo f-${isMoney ? (isMain ? "accent-text" : "ink") : "grey"}` }));
  }
  svg.append(lines);
  for (const [slot, x, y, wide, high] of view.cards) svg.append(drawCard(told.card(slot), slot, x, y, wide, high, view.path.includes(slot) && told.isMoved, choose));
  svg.append(feet, labels);
  if (view.callout) svg.append(view.callout.shape);
  return svg;
}

const ROW = 9.5, SHIFTS = [0, -7, 7, -14, 14, -22, 22];

/** The figures of each arrow with their places, which stay while the same arrows carry something. */
function figures(view, arrows) {
  const asked = arrows.filter(({ text, delay }) => text || delay).map((one) => ({ ...one, wide: 8 * Math.ceil(Math.max(width(one.text, 8.5, true), 36) / 8) }));
  const sign = asked.map(({ line, wide, delay }) => `${line.source} ${line.target} ${wide} ${delay}`).join() + view.callout?.box;
  if (view.sign !== sign) {
    view.sign = sign;
    view.places = placed(view, asked);
  }
  return asked.map((one, k) => {
    const [x, y, rows] = view.places[k], money = one.text ? [[one.text, true]] : [];
    const all = [...money, ...rows.map((row) => [row, false])], { gap = 0, dx = 0 } = rows;
    return { ...one, rows: all.map(([text, isMoney], row) => [text, row ? x + dx : x, y + ROW * row + (row ? gap : 0), isMoney]) };
  });
}

/** Places clear of cards, of other arrows and of each other, as near as may be to where the layout has them. */
function placed(view, asked) {
  const taken = view.cards.map(([, x, y, wide, high]) => [x - 2, y - 2, x + wide + 2, y + high + 2, 3]), found = new Map();
  if (view.callout) taken.push([...view.callout.box, 3]);
  for (const line of view.lines) for (const [x, y] of points(line)) taken.push([x - 2.5, y - 2.5, x + 2.5, y + 2.5, 1]);
  const over = ([x0, y0, x1, y1], [a0, b0, a1, b1, weight]) => weight * Math.max(0, Math.min(x1, a1) - Math.max(x0, a0)) * Math.max(0, Math.min(y1, b1) - Math.max(y0, b0));
  for (const one of [...asked].sort((a, b) => b.isMain - a.isMain || b.thick - a.thick)) {
    let best = null;
    for (const [x, y, rows, cost] of choices(one)) {
      const boxes = boxesOf(x, y, rows, one), sum = boxes.reduce((all, box) => taken.reduce((more, other) => more + over(box, other), all), cost);
      if (!best || sum < best.sum - 1e-9) best = { sum, boxes, place: [x, y, rows] };
    }
    taken.push(...best.boxes.map((box) => [...box, 3]));
    found.set(one, best.place);
  }
  return asked.map((one) => found.get(one));
}

/** Where the figures of an arrow may stand: x of the middle, y of the first row, what follows below it, and how far-fetched. */
function* choices({ line, isMain, thick, text, delay, wide }) {
  const numbers = line.path.match(/-?[\d.]+/g).map(Number), [, from, , to] = numbers, halves = delay.split(" ");
  const forms = [[delay].filter(Boolean), ...(halves.length > 1 ? [halves] : []), ...(text && delay ? [[]] : [])];
  for (const [form, rows] of forms.entries()) {
    if (isMain && from === to && numbers.length === 4) {
      const below = Math.max(thick, 7) + 4.5;
      for (const dx of [0, -4, 4, -8, 8]) yield [(numbers[0] + numbers[2]) / 2, from - Math.max(thick, 7) / 2 - 4, Object.assign([...rows], { gap: below, dx }), 12 * form + 0.4 * Math.abs(dx)];
      continue;
    }
    const [x, y, anchor = "middle"] = line.label ?? middle(line.path), centre = anchor === "middle" ? x : anchor === "start" ? x + wide / 2 : x - wide / 2;
    for (const dy of SHIFTS) for (const dx of SHIFTS) yield [centre + dx, y + dy, rows, 12 * form + 0.4 * (Math.abs(dx) + Math.abs(dy))];
    for (const [px, py] of points(line).slice(2, -2)) for (const side of [-1, 1]) yield [px + side * (wide / 2 + 4), py, rows, 6 + 12 * form];
  }
}

function boxesOf(x, y, rows, { text, wide }) {
  const box = (long, row, size) => {
    const low = y + ROW * row + (row ? rows.gap ?? 0 : 0), middle = x + (row ? rows.dx ?? 0 : 0);
    return [middle - long / 2, low - size + 1, middle + long / 2, low + 2];
  };
  const first = text ? 1 : 0;
  return [...(text ? [box(wide - 4, 0, 8.5)] : []), ...rows.map((told, row) => box(width(told, 8), row + first, 8))];
}

/** Points along an arrow. */
function points(line) {
  if (!line.points) {
    const path = shape("path", { d: line.path }), long = path.getTotalLength(), count = Math.max(6, Math.round(long / 7));
    line.points = Array.from({ length: count + 1 }, (_, k) => { const { x, y } = path.getPointAtLength((long * k) / count); return [x, y]; });
  }
  return line.points;
}

/** Where a label stands that the layout made no room for. */
function middle(path) {
  const numbers = path.match(/-?[\d.]+/g).map(Number), [x, y] = numbers.slice(-2);
  return [(numbers[0] + x) / 2, (numbers[1] + y) / 2 - 3];
}

/** A line with its head; the line ends where the head begins. */
function arrow(path, thick, paint, dash, isAssumed) {
  const numbers = path.match(/-?[\d.]+/g).map(Number), [x, y] = numbers.slice(-2);
  let [fromX, fromY] = numbers.slice(-4, -2);
  const long = Math.max(6, thick * 1.3), half = Math.max(3.2, thick * 0.95);
  const way = Math.hypot(x - fromX, y - fromY) || 1, [ux, uy] = [(x - fromX) / way, (y - fromY) / way];
  const [bx, by] = [x - ux * long, y - uy * long];
  const cut = path.replace(/-?[\d.]+[ ,]-?[\d.]+$/, `${bx.toFixed(1)} ${by.toFixed(1)}`);
  const [sx, sy, tx, ty] = numbers, out = Math.hypot(tx - sx, ty - sy) || 1;
  return [
    shape("path", { d: cut, fill: "none", class: `s-${paint}`, "stroke-width": thick.toFixed(2), "stroke-dasharray": dash, "stroke-linejoin": "round" }),
    shape("path", { d: `M${x} ${y}L${bx - uy * half} ${by + ux * half}L${bx + uy * half} ${by - ux * half}Z`, class: `f-${paint}` }),
    ...(isAssumed ? [shape("circle", { cx: sx + (2 * (tx - sx)) / out, cy: sy + (2 * (ty - sy)) / out, r: Math.max(2.2, thick / 2), class: `f-back s-${paint}`, "stroke-width": 1.2 })] : []),
  ];
}

function drawCard(card, slot, x, y, wide, high, isMain, choose) {
  const dark = card.kind === "financial", ink = dark ? "financial-text" : "ink", grey = dark ? "financial-grey" : "grey";
  const room = wide - 13, inside = x + 6.5;
  const group = shape("g", { class: `card${card.isChosen ? " chosen" : ""}`, role: "button", tabindex: 0, "aria-pressed": card.isChosen, "data-slot": slot });
  group.append(
    shape("rect", { x: x - 3.5, y: y - 3.5, width: wide + 7, height: high + 7, rx: card.kind === "product" ? 10 : 4, fill: "none", class: "ring" }),
    shape("rect", { x, y, width: wide, height: high, rx: card.kind === "product" ? 8 : 2, class: `f-${dark ? "financial" : "card"} s-${isMain ? "accent" : card.isGuard ? "guard" : "rule"}`, "stroke-width": isMain ? 2.2 : 1.1, "stroke-dasharray": card.isGuard && !isMain ? "4 2.5" : null }),
    glyph(card.kind, inside, y + 8, 6.5, dark),
    words(inside + 10, y + 14, 8, card.isGuard ? "Guardrail" : KINDS[card.kind], dark ? "glyph" : card.kind === "product" ? "metric" : "grey", { "font-weight": 700 }),
  );
  const isLow = high < 90, [, isTwo] = wrapped(card.label, isLow ? 9.5 : 10.5, true, room, 2), isTight = isLow && isTwo && card.pill;
  const [size, first, large] = isTight ? [8.5, 23, 11.5] : isLow ? [9.5, 25, 13.5] : [10.5, 26.5, 13.5];
  wrapped(card.label, size, true, room, 2).forEach((line, k) => group.append(words(inside, y + first + (size + (isTight ? 0 : 0.8)) * k, size, line, ink, { "font-weight": 700 })));
  const bottom = y + high, valueY = bottom - (isTight ? 20 : card.pill ? 22.5 : 9);
  const value = shortened(card.value, large, false, room);
  group.append(words(inside, valueY, large, value, ink));
  const left = room - width(value, large) - 4;
  const unit = [card.unit, card.brief].find((text) => text && width(text, 8) <= left);
  if (unit) group.append(words(x + wide - 6.5, valueY, 8, unit, grey, { "text-anchor": "end" }));
  if (card.pill) {
    const long = width(card.pill, 8.5, true) + 10;
    group.append(
      shape("rect", { x: inside - 1, y: bottom - 18, width: long, height: 13, rx: 6.5, class: card.tone === "bad" ? "f-pill-bad s-accent" : "f-pill s-pill", "stroke-width": 1.1 }),
      words(inside - 1 + long / 2, bottom - 8.5, 8.5, card.pill, card.tone === "bad" ? "pill-bad-text" : "pill-text", { "text-anchor": "middle", "font-weight": 700 }),
    );
  }
  for (const part of [...group.children]) part.after(" ");
  group.addEventListener("click", () => choose(slot));
  group.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(slot); } });
  return group;
}

/** Bars from P10 to P90 around the result, coloured by what is better for the business. */
export function drawTornado(bars, total, written, isBetter) {
  const wide = 360, row = 30, top = 6, bar = 17, label = 132;
  const margin = Math.max(46, ...bars.flatMap(({ worths }) => worths.map((worth) => width(written(worth), 11.5) + 6)));
  const high = top + row * bars.length + 26;
  const ends = bars.flatMap(({ worths }) => worths).concat(total), low = Math.min(...ends), most = Math.max(...ends);
  const at = (value) => label + margin + ((value - low) / (most - low || 1)) * (wide - label - 2 * margin);
  const alt = `${bars.map(({ label: name, worths }) => `${name}: ${written(Math.min(...worths))} to ${written(Math.max(...worths))}`).join("; ")}.`;
  const svg = shape("svg", { viewBox: `0 0 ${wide} ${high}`, width: "100%", role: "img", "aria-label": alt });
  bars.forEach(({ label: name, worths }, k) => {
    const y = top + row * k, [lowest, highest] = [Math.min(...worths), Math.max(...worths)];
    const lines = wrapped(name, 11.5, false, label - 4, 2);
    lines.forEach((line, at) => svg.append(words(0, y + (lines.length > 1 ? 8 : 13) + 12 * at, 11.5, line, "ink")));
    for (const [from, to, end] of [[lowest, Math.min(total, highest), lowest], [Math.max(total, lowest), highest, highest]]) {
      if (to <= from) continue;
      svg.append(shape("rect", { x: at(from), y, width: Math.max(0.5, at(to) - at(from)), height: bar, class: isBetter(end - total) ? "f-better s-better" : "f-worse s-better", "stroke-width": 1 }));
    }
    svg.append(words(at(lowest) - 4, y + 13, 11.5, written(lowest), "grey", { "text-anchor": "end" }), words(at(highest) + 4, y + 13, 11.5, written(highest), "grey"));
  });
  svg.append(shape("path", { d: `M${at(total)} 0V${high - 24}`, class: "s-ink", "stroke-width": 1.5 }));
  for (const [x, name, text] of [[0, "worse", "worse"], [80, "better", "better"]]) {
    svg.append(shape("rect", { x: x + 0.5, y: high - 14, width: 22, height: 11, class: `f-${name} s-better` }), words(x + 28, high - 4.5, 12, text, "grey"));
  }
  return svg;
}

const rounded = (span) => {
  const power = 10 ** Math.floor(Math.log10(span / 4 || 1)), part = span / 4 / power;
  return power * (part > 5 ? 10 : part > 2 ? 5 : part > 1 ? 2 : 1);
};

/** A line over periods; `mark` is a period to point out, `second` another line, dashed, `band` lies from P10 to P90. */
export function drawLine({ values, second = null, band = null, written, period, tick = null, mark = null, markText = "", alt, high = 222, isSmall = false, hasZero = true }) {
  const wide = 360, left = isSmall ? 4 : 56, right = isSmall ? 74 : 62, top = 10, bottom = isSmall ? 18 : 34;
  const all = [...values, ...(second ?? []), ...(band ?? []).flat(), ...(hasZero ? [0] : [])].filter(Number.isFinite);
  let [low, most] = [Math.min(...all), Math.max(...all)];
  if (low === most) [low, most] = [low - Math.abs(low || 1) * 0.01, most + Math.abs(most || 1) * 0.01];
  const step = rounded(most - low);
  if (!isSmall) [low, most] = [Math.floor(low / step + 1e-9) * step, Math.ceil(most / step - 1e-9) * step];
  const x = (t) => left + (values.length > 1 ? t / (values.length - 1) : 0.5) * (wide - left - right);
  const y = (value) => top + ((most - value) / (most - low)) * (high - top - bottom);
  const svg = shape("svg", { viewBox: `0 0 ${wide} ${high}`, width: "100%", role: "img", "aria-label": alt });
  if (!isSmall) {
    const levels = [];
    for (let level = low; level <= most + step / 2; level += step) levels.push(Math.abs(level) < step / 1e6 ? 0 : level);
    let digits = 3;
    while (digits < 9 && new Set(levels.map((level) => written(level, digits))).size < levels.length) digits++;
    for (const told of levels) {
      svg.append(shape("path", { d: `M${left} ${y(told)}H${wide - right}`, class: told ? "s-grid" : "s-ink", "stroke-width": 1 }), words(left - 6, y(told) + 4, 11.5, written(told, digits), "grey", { "text-anchor": "end" }));
    }
  }
  const trace = (path) => path.map((value, t) => `${t ? "L" : "M"}${x(t).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const last = values.length - 1;
  if (band) {
    const [low, high] = band, back = low.map((value, t) => `L${x(t).toFixed(1)} ${y(value).toFixed(1)}`).reverse().join("");
    svg.append(shape("path", { d: `${trace(high)}${back}Z`, class: "f-spread" }));
    for (const edge of band) svg.append(shape("path", { d: trace(edge), fill: "none", class: "s-grey", "stroke-width": 1.2, "stroke-dasharray": "4 3" }));
    const ends = [high, low].map((edge) => [y(edge[last]), written(edge[last])]);
    for (const [place, told] of ends) if (Math.abs(place - y(values[last])) >= 13) svg.append(words(x(last) + 6, place + 4, 11.5, told, "grey"));
  }
  if (second) svg.append(shape("path", { d: trace(second), fill: "none", class: "s-grey", "stroke-width": 1.3, "stroke-dasharray": "4 3" }));
  svg.append(shape("path", { d: trace(values), fill: "none", class: "s-accent", "stroke-width": 2.2 }));
  const apart = second && Math.abs(y(second[last]) - y(values[last])) < 13 ? (y(second[last]) < y(values[last]) ? -7 : 7) : 0;
  svg.append(words(x(last) + 6, y(values[last]) + 4 - apart, 12, written(values[last]), "accent-text", { "font-weight": 700 }));
  if (second && written(second[last]) !== written(values[last])) svg.append(words(x(last) + 6, y(second[last]) + 4 + apart, 12, written(second[last]), "grey"));
  if (mark !== null) {
    const [dx, dy, anchor] = x(mark) > wide - right - 64 ? [-8, -8, "end"] : [8, 17, null]; // clear of the figures at the end
    svg.append(shape("circle", { cx: x(mark), cy: y(values[mark]), r: 5, class: "f-back s-accent", "stroke-width": 2.5 }), words(x(mark) + dx, y(values[mark]) + dy, 12, markText, "ink", { "font-weight": 700, "text-anchor": anchor, class: "f-ink halo" }));
  }
  const ticks = isSmall ? [0, last] : [0, ...[1 / 3, 2 / 3, 1].map((part) => Math.round(part * (last + 1)) - 1)];
  for (const t of new Set(ticks)) svg.append(words(x(t), high - bottom + 15, 11.5, tick ? tick(t + 1) : isSmall ? `${period} ${t + 1}` : t + 1, "grey", { "text-anchor": isSmall ? (t ? "end" : "start") : "middle" }));
  if (!isSmall) svg.append(words((left + wide - right) / 2, high - 2, 11.5, period, "grey", { "text-anchor": "middle" }));
  return svg;
}

export function drawGauge(value, limit, alt) {
  const most = 1.6 * Math.max(Math.abs(value), Math.abs(limit)) || 1, at = (one) => 100 * Math.max(0, Math.min(1, one / most));
  return shape("svg", { viewBox: "0 0 100 12", height: 12, preserveAspectRatio: "none", role: "img", "aria-label": alt },
    shape("rect", { x: 0, y: 3, width: 100, height: 6, class: "f-rule" }), shape("rect", { x: 0, y: 3, width: at(value), height: 6, class: "f-driver" }),
    shape("path", { d: `M${at(limit)} 0V12`, class: "s-guard", "stroke-width": 3, "vector-effect": "non-scaling-stroke" }));
}

const PAINTS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "text-anchor", "paint-order"];

/** The picture as a file of its own, with the sentence above and the basis below; paints are those shown. */
export function standAlone(svg, sentence, basis) {
  const [x, y, wide, high] = svg.getAttribute("viewBox").split(" ").map(Number), copy = svg.cloneNode(true);
  const ours = [...svg.querySelectorAll("*")], theirs = [...copy.querySelectorAll("*")];
  ours.forEach((node, k) => {
    const style = getComputedStyle(node);
    for (const paint of PAINTS) theirs[k].setAttribute(paint, style.getPropertyValue(paint));
    for (const name of ["class", "role", "tabindex", "aria-pressed"]) theirs[k].removeAttribute(name);
  });
  const root = getComputedStyle(svg), color = (name) => root.getPropertyValue(`--${name}`).trim();
  const lines = wrapped(sentence, 16, true, wide - 8, 3), notes = wrapped(basis, 8, false, wide - 8, 3);
  const above = 22 * lines.length + 14, below = 11 * notes.length + 14;
  copy.setAttribute("viewBox", `${x} ${y - above} ${wide} ${high + above + below}`);
  copy.setAttribute("xmlns", SPACE);
  copy.setAttribute("font-family", "Arial, 'Liberation Sans', Helvetica, sans-serif");
  copy.setAttribute("width", wide * 2);
  copy.setAttribute("height", (high + above + below) * 2);
  copy.prepend(shape("rect", { x, y: y - above, width: wide, height: high + above + below, fill: color("back") }));
  lines.forEach((line, k) => copy.append(shape("text", { x: x + 4, y: y - above + 20 + 22 * k, "font-size": 16, "font-weight": 700, fill: color("ink") }, line)));
  notes.forEach((line, k) => copy.append(shape("text", { x: x + 4, y: y + high + 14 + 11 * k, "font-size": 8, fill: color("grey") }, line)));
  return new XMLSerializer().serializeToString(copy);
}

