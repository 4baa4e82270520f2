// The start of a gradient descent is moved; its path is drawn anew.

const distance = ([x, y], fixed) => `distance ${fixed(Math.hypot(x, y), 3)}`;
const place = ([x, y], fixed) => `x1 = ${fixed(x)}, x2 = ${fixed(y)}`;

// The landscapes of the chapter: the gradient; to what a finger is rounded; how
// far a key goes; what is said of the end of the path.
const LANDS = {
  "valley": {
    slope: ([x, y]) => [0.1 * x, 2 * y],
    unit: 0.05, across: 0.1, tell: distance,
  },
  // A saddle lies between them: small steps decide.
  "two valleys": {
    slope: ([x, y]) => [x ** 3 - x, y],
    unit: 0.01, across: 0.01, tell: place,
  },
};

/** The points that gradient descent comes through, the start first. */
export function descend(land, start, eta, steps) {
  const path = [start];
  for (let step = 0; step < steps; step++) {
    const [x, y] = path.at(-1);
    const [a, b] = LANDS[land].slope([x, y]);
    path.push([x - eta * a, y - eta * b]);
  }
  return path;
}

export function mount(figure, { land, start, eta, steps }) {
  const { axes: [plane], colors, fixed } = figure;
  const { unit, across, tell } = LANDS[land];
  const line = plane.curve({ stroke: colors[0] });
  const dots = Array.from({ length: steps + 1 }, () =>
    plane.dot({ fill: colors[0], r: 2.5 }));
  const first = plane.dot({ fill: colors[1], r: 5 });
  figure.handle(plane, {
    value: start,
    at: (point) => point,
    from: (point) => point.map((x) => Math.round(x / unit) * unit),
    key: ([x, y], right, up) => plane.inside([x + across * right, y + 0.1 * up]),
    name: (point) => place(point, fixed),
    show(point) {
      const path = descend(land, point, eta, steps);
      line(path);
      path.forEach((each, i) => dots[i](each));
      first(point);
      return `after ${steps} steps: ${tell(path.at(-1), fixed)}`;
    },
  });
}
