// What is too wide or too faint in a document: called with its own ground.
([back]) => {
  const number = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((one, k) => a * one + (1 - a) * below[k]);
  const light = (rgb) => rgb.map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, k) => sum + one * [0.2126, 0.7152, 0.0722][k], 0);
  const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
  const paint = (node) => (node instanceof SVGElement ? getComputedStyle(node).fill : getComputedStyle(node).backgroundColor);
  const ground = (node, x, y) => {
    let found = number(back);
    for (const one of document.elementsFromPoint(x, y).reverse()) {
      if (one.tagName === "text" || one.tagName === "tspan" || one.tagName === "svg" || one.tagName === "g") continue;
      const color = number(paint(one));
      if (color.length >= 3 && getComputedStyle(one).fill !== "none") found = over(color, found);
    }
    return found;
  };
  const wide = [], faint = [];
  for (const node of document.body.querySelectorAll("*")) {
    const box = node.getBoundingClientRect();
    if (box.right > innerWidth + 0.5 && box.width && node.closest("details:not([open]) > :not(summary)") === null) wide.push(`${node.tagName} to ${box.right}`);
    if (node.closest("details:not([open]) > :not(summary)") === null && node.scrollWidth > node.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(node).overflowX) && node.clientWidth) wide.push(`${node.tagName} scrolls`);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement, isDrawn = node instanceof SVGElement;
    if (!texts.currentNode.data.trim() || ["STYLE", "title", "desc"].includes(node.tagName) || node.closest("details:not([open]) > :not(summary)")) continue;
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    scrollTo(0, box.top + scrollY - 200);
    const now = range.getBoundingClientRect(), style = getComputedStyle(node);
    let opacity = 1;
    for (let one = node; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
    const below = ground(node, now.left + now.width / 2, now.top + now.height / 2);
    const [r, g, b, a = 1] = number(isDrawn ? style.fill : style.color), found = ratio(over([r, g, b, a * opacity], below), below);
    const size = parseFloat(style.fontSize) * (isDrawn ? node.getScreenCTM().a : 1), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 600);
    if (found < (isLarge ? 3 : 4.5)) faint.push(`${texts.currentNode.data.trim().slice(0, 30)}: ${found.toFixed(2)} (${r},${g},${b} on ${below.map(Math.round)})`);
  }
  return { wide, faint };
}
