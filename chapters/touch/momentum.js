// A learning rate and a momentum are moved; the path that they make is drawn.

const CURVATURES = [0.1, 2];

/** The points that a ball with momentum comes through, the start first. */
export function roll(start, eta, beta, steps) {
  const path = [start];
  let speed = start.map(() => 0);
  for (let step = 0; step < steps; step++) {
    const place = path.at(-1);
    speed = speed.map((v, i) => beta * v + CURVATURES[i] * place[i]);
    path.push(place.map((x, i) => x - eta * speed[i]));
  }
  return path;
}

/** What a step multiplies the distance by, in the long run. */
export function rate(eta, beta) {
  const sizes = CURVATURES.map((curvature) => {
    const b = 1 + beta - eta * curvature;
    const d = b ** 2 - 4 * beta;
    return d < 0 ? Math.sqrt(beta) : (Math.abs(b) + Math.sqrt(d)) / 2;
  });
  return Math.max(...sizes);
}

export function mount(figure, { value, start, steps }) {
  const { axes: [above, below], colors, fixed } = figure;
  const knob = above.dot({ fill: "black" });
  const line = below.curve({ stroke: colors[0] });
  const dots = Array.from({ length: steps + 1 }, () =>
    below.dot({ fill: colors[0], r: 2.5 }));
  const rounded = (pair) => pair.map((x) => Math.round(100 * x) / 100);
  figure.handle(above, {
    value,
    at: (pair) => pair,
    from: rounded,
    key: ([eta, beta], right, up) =>
      rounded(above.inside([eta + 0.02 * right, beta + 0.02 * up])),
    name: ([eta, beta]) => `eta = ${fixed(eta)}, beta = ${fixed(beta)}`,
    show([eta, beta]) {
      const path = roll(start, eta, beta, steps);
      knob([eta, beta]);
      line(path);
      path.forEach((place, i) => dots[i](place));
      return `eta = ${fixed(eta)}, beta = ${fixed(beta)}: in the long run, `
        + `each step times ${fixed(rate(eta, beta), 3)}`;
    },
  });
}
