// The page in a cell of a notebook. What is moved is drawn at once by the page's own computing; Python answers after it,
// and what Python says stands: the state in words that it keeps, the figures, and after a pause the range.
const SOON = 40, SETTLED = 400, PHONE = 760;

/** Python behind the channel of the widget: `Page` asks it as it asks `Answers`, which answers first. */
class Kernel {
  constructor(data, model) {
    Object.assign(this, { data, model, near: new Answers(data, { isSampling: false }), view: Math.random().toString(36).slice(2), number: 0, revision: 0, isFollowing: false });
  }

  ask(asked, tell) {
    clearTimeout(this.soon);
    clearTimeout(this.settled);
    this.tell = tell;
    this.number++;
    this.near.ask(asked, tell);
    if (!this.isFollowing) this.soon = setTimeout(() => this.send(asked, false), SOON);
    this.settled = setTimeout(() => this.send(asked, true), SETTLED);
  }

  /** Send a question; once the sliders rest, with the state that Python has made of the move meanwhile. */
  send({ dragged }, settled) {
    const { view, number, revision } = this, { changes, horizon, cost } = this.page.state.asked;
    this.model.set("_asked", { view, number, revision, changes, horizon, cost, dragged, settled });
    this.model.save_changes();
  }

  /** Take what Python says: an answer to the last question, or a state that was made elsewhere. Others are too old. */
  hear(told) {
    this.learn(told.timings);
    const { page, view, number } = this, isOwn = told.view === view;
    if (isOwn && told.number !== number) return;
    this.wrong(isOwn ? told.error : "");
    this.revision = told.revision;
    if (!isOwn || told.error) {
      page.state.horizon = told.horizon;
      page.state.take(told.changes);
      page.state.scenario = "";
      this.look(told.changes);
      this.isFollowing = true;
      page.changed();
      this.isFollowing = false;
      this.figures(told);
      return;
    }
    page.state.take(told.changes, page.state.when);
    this.figures(told);
    if (told.ranges) this.tell({ ranges: told.ranges });
  }

  /** Know the times at which changes are in force that Python has brought up. */
  learn(timings) {
    const { model } = this.data, known = (model.timings ??= {}), isNew = Object.keys(timings).some((when) => !Object.hasOwn(known, when));
    if (!isNew) return;
    Object.assign(known, timings);
    model.static = false;
    this.near = new Answers(this.data, { isSampling: false });
  }

  /** Have the page be about what Python has moved. */
  look(changes) {
    const { state } = this.page, inputs = changes.map(([slot]) => slot).filter((slot) => state.values.has(slot));
    if (inputs.length && !inputs.includes(state.focus)) Object.assign(state, { focus: inputs[0], selected: inputs[0] });
  }

  figures({ now }) {
    const { state } = this.page;
    this.near.ask(state.asked, (part) => this.tell(part.now ? { now: { ...part.now, ...now } } : part));
  }

  wrong(text) {
    this.page.root.querySelector(".wrong").hidden = !text;
    this.page.root.querySelector(".wrong").textContent = text;
  }
}

/** Whether a part of a document is as narrow as a phone: what `matchMedia` says of a window. */
class Narrow extends EventTarget {
  constructor(part) {
    super();
    this.matches = false;
    this.seen = new ResizeObserver(([{ contentRect }]) => {
      const matches = contentRect.width > 0 && contentRect.width <= PHONE;
      if (matches === this.matches) return;
      this.matches = matches;
      this.dispatchEvent(new Event("change"));
    });
    this.seen.observe(part);
  }
}

/** Follow the notebook's theme, known by its text: light text stands on a dark ground. */
function followTheme(el, host, changed) {
  const look = () => {
    const [red, green, blue] = (getComputedStyle(el).color.match(/[\d.]+/g) ?? []).map(Number);
    if (blue === undefined) return; // not in the document yet
    const theme = 0.299 * red + 0.587 * green + 0.114 * blue > 128 ? "dark" : "light";
    if (host.dataset.theme === theme) return;
    host.dataset.theme = theme;
    changed();
  };
  const seen = new MutationObserver(() => requestAnimationFrame(look)), media = matchMedia("(prefers-color-scheme: dark)");
  for (const part of [document.documentElement, document.body]) seen.observe(part, { attributes: true });
  media.addEventListener("change", look);
  look();
  requestAnimationFrame(look);
  return () => { seen.disconnect(); media.removeEventListener("change", look); };
}

function render({ model, el }) {
  const host = document.createElement("div"), root = host.attachShadow({ mode: "open" });
  const sheet = document.createElement("style");
  sheet.textContent = model.get("_sheet");
  root.innerHTML = `<p class="wrong" role="alert" hidden></p>${model.get("_body")}`;
  root.prepend(sheet);
  el.dataset.impacttree = model.get("_name");
  host.dataset.lmSuppressShortcuts = "true"; // keys belong to the slider, not to the notebook
  el.append(host);
  const data = JSON.parse(model.get("_contents")), kernel = new Kernel(data, model), phone = new Narrow(host);
  kernel.isFollowing = true;
  const page = new Page(root, data, kernel, { phone });
  kernel.page = page;
  kernel.isFollowing = false;
  const hear = () => kernel.hear(model.get("_told"));
  model.on("change:_told", hear);
  kernel.hear({ ...model.get("_told"), view: null });
  const rest = followTheme(el, host, () => page.update());
  host.explorer = page;
  return () => { model.off("change:_told", hear); rest(); phone.seen.disconnect(); clearTimeout(kernel.soon); clearTimeout(kernel.settled); };
}

export default { render };
