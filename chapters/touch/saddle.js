// The start of a gradient descent is moved, between two valleys and a saddle.

/** The gradient of the landscape of the chapter. */
export function slope([x, y]) {
  return [x ** 3 - x, y];
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
    from: (point) => point.map((x) => Math.round(100 * x) / 100),
    key: ([x, y], right, up) => plane.inside([x + 0.01 * right, y + 0.1 * up]),
    name: ([x, y]) => `x1 = ${fixed(x)}, x2 = ${fixed(y)}`,
    show(point) {
      const path = descend(point, eta, steps);
      line(path);
      path.forEach((place, i) => dots[i](place));
      first(point);
      const [x, y] = path.at(-1);
      return `after ${steps} steps: x1 = ${fixed(x)}, x2 = ${fixed(y)}`;
    },
  });
}
