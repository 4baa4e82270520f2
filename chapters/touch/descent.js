// The start of a gradient descent is moved; its path is drawn anew.

/** The gradient of the valley of the chapter. */
export function slope([x, y]) {
  return [0.1 * x, 2 * y];
}

/** The points that gradient descent comes through, the start first. */
export function descend(start, eta, steps) {
  const path = [start];
  for (let step = 0; step < steps; step++) {
    const [x, y] = path.at(-1);
    const [a, b] = slope([x, y]);
    path.push([x - eta * a, y - eta * b]);
  }
  return path;
}

export function mount(figure, { start, eta, steps }) {
  const { axes: [plane], colors, fixed } = figure;
  const line = plane.curve({ stroke: colors[0] });
  const dots = Array.from({ length: steps + 1 }, () =>
    plane.dot({ fill: colors[0], r: 2.5 }));
  const first = plane.dot({ fill: colors[1], r: 5 });
  figure.handle(plane, {
    value: start,
    at: (point) => point,
    from: (point) => point.map((x) => Math.round(20 * x) / 20),
    key: ([x, y], right, up) => plane.inside([x + 0.1 * right, y + 0.1 * up]),
    name: ([x, y]) => `x1 = ${fixed(x)}, x2 = ${fixed(y)}`,
    show(point) {
      const path = descend(point, eta, steps);
      line(path);
      path.forEach((place, i) => dots[i](place));
      first(point);
      return `after ${steps} steps: distance ${fixed(Math.hypot(...path.at(-1)), 3)}`;
    },
  });
}
