// A square is moved over a plane: what a function makes of it, and what its
// Jacobian does.

/** The function of the chapter. */
export function bend([x, y]) {
  return [x + y ** 2 / 2, y - x ** 2 / 2];
}

/** Its Jacobian, row by row. */
export function jacobian([x, y]) {
  return [[1, y], [-x, 1]];
}

/** Where the Jacobian at a center takes a point that is some steps from it. */
export function flat(center, [right, up]) {
  const [y1, y2] = bend(center);
  const [[a, b], [c, d]] = jacobian(center);
  return [y1 + a * right + b * up, y2 + c * right + d * up];
}

/** Steps from the center of a square to its edge, all around. */
export function edge(width) {
  const side = Array.from({ length: 21 }, (_, i) => (width * (i - 10)) / 20);
  const half = width / 2;
  return [
    ...side.map((t) => [t, -half]), ...side.map((t) => [half, t]),
    ...side.map((t) => [-t, half]), ...side.map((t) => [-half, -t]),
  ];
}

export function mount(figure, { start, width }) {
  const { axes: [above, below], colors, fixed } = figure;
  const square = above.curve({ stroke: colors[0] });
  const dot = above.dot({ fill: colors[0] });
  const bent = below.curve({
    stroke: colors[0], fill: colors[0], "fill-opacity": 0.1,
  });
  const straight = below.curve({ stroke: colors[1], "stroke-dasharray": "6 3" });
  const steps = edge(width);
  figure.handle(above, {
    value: start,
    at: (center) => center,
    from: (center) => center.map((x) => Math.round(100 * x) / 100),
    key: ([x, y], right, up) => above.inside([x + 0.1 * right, y + 0.1 * up]),
    name: ([x, y]) => `x1 = ${fixed(x)}, x2 = ${fixed(y)}`,
    show(center) {
      const corners = steps.map(([a, b]) => [center[0] + a, center[1] + b]);
      square(corners);
      dot(center);
      bent(corners.map(bend));
      straight(steps.map((step) => flat(center, step)));
      const rows = jacobian(center).map((row) => row.map((x) => fixed(x)).join(" "));
      return `J = [${rows.join("; ")}]`;
    },
  });
}
