// One of many points is moved up and down: the line of least squares follows,
// that of least absolute residuals hardly.

/** The line of least squares, as slope and height at 0. */
export function leastSquares(x, y) {
  const mean = (numbers) => numbers.reduce((a, b) => a + b) / numbers.length;
  const [left, low] = [mean(x), mean(y)];
  const w = mean(x.map((number, i) => (number - left) * (y[i] - low)))
    / mean(x.map((number) => (number - left) ** 2));
  return [w, low - w * left];
}

/** The line of least absolute residuals: one of those through two points. */
export function leastAbsolute(x, y) {
  let best = [Infinity];
  for (let i = 0; i < x.length; i += 1)
    for (let j = i + 1; j < x.length; j += 1) {
      const w = (y[j] - y[i]) / (x[j] - x[i]);
      const b = y[i] - w * x[i];
      const sum = x.reduce((s, number, k) => s + Math.abs(w * number + b - y[k]), 0);
      if (sum < best[0] - 1e-9) best = [sum, w, b];
    }
  return best.slice(1);
}

export function mount(figure, { x, y, start }) {
  const { axes: [plane], colors, fixed } = figure;
  const squared = plane.curve({ stroke: colors[0] });
  const absolute = plane.curve({ stroke: colors[1], "stroke-dasharray": "6 3" });
  const dot = plane.dot({ fill: "black" });
  const last = x.length - 1;
  figure.handle(plane, {
    value: start,
    at: (up) => [x[last], up],
    from: ([, up]) => Math.round(100 * up) / 100,
    key: (up, right, more) => plane.inside([0, up + 0.2 * (right + more)])[1],
    number: (up) => up,
    range: plane.y,
    name: (up) => `y = ${fixed(up)}`,
    show(up) {
      const moved = [...y.slice(0, last), up];
      const [one, other] = [leastSquares(x, moved), leastAbsolute(x, moved)];
      squared(plane.x.map((end) => [end, one[0] * end + one[1]]));
      absolute(plane.x.map((end) => [end, other[0] * end + other[1]]));
      dot([x[last], up]);
      const [w, v] = [fixed(one[0]), fixed(other[0])];
      return `y = ${fixed(up)}: w = ${w} squared, ${v} absolute`;
    },
  });
}
