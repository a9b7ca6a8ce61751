// The quantile of a beta distribution, of which only a page needs it that draws one.
function logGamma(x) {
  let more = 0;
  for (; x < 15; x++) more -= Math.log(x);
  const y = 1 / (x * x);
  return more + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
}

/** The share of a beta distribution below `x`, by its continued fraction (Numerical Recipes, section 6.4). */
export function betaShare(a, b, x) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaShare(b, a, 1 - x);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const safe = (value) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1, d = 1 / safe(1 - ((a + b) * x) / (a + 1)), found = d;
  for (let m = 1; m < 10000; m++) {
    let last = 1;
    for (const part of [(m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)), (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))]) {
      d = 1 / safe(1 + part * d);
      c = safe(1 + part / c);
      last = c * d;
      found *= last;
    }
    if (Math.abs(last - 1) < 1e-16) break;
  }
  return front * found;
}

/** The number below which a share of a beta distribution lies. */
export function betaQuantile(a, b, share) {
  if (share > 0.5) return 1 - betaQuantile(b, a, 1 - share);
  let [low, high] = [0, 1];
  for (let tries = 0; tries < 200 && low < high; tries++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (betaShare(a, b, middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
