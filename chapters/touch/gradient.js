// A point is moved over a landscape: its gradient, and the contour through it.

/** How high the landscape of the chapter is. */
export function height([x, y]) {
  return x ** 2 + 2 * y ** 2;
}

/** The gradient of height. */
export function gradient([x, y]) {
  return [2 * x, 4 * y];
}

/** A direction along the contour, of length 1; 0 where the gradient is 0. */
export function along(point) {
  const [a, b] = gradient(point);
  const length = Math.hypot(a, b) || 1;
  return [-b / length, a / length];
}

/** Points on the contour through a point: an ellipse. */
export function contour(point) {
  const [a, b] = [Math.sqrt(height(point)), Math.sqrt(height(point) / 2)];
  const angles = Array.from({ length: 101 }, (_, i) => (i * Math.PI) / 50);
  return angles.map((t) => [a * Math.cos(t), b * Math.sin(t)]);
}

export function mount(figure, { start }) {
  const { axes: [plane], colors, fixed } = figure;
  const tangent = plane.curve({ stroke: "#bf00bf", "stroke-dasharray": "6 3" });
  const line = plane.curve({ stroke: colors[0] });
  const arrow = plane.arrow({ stroke: colors[0] });
  const dot = plane.dot({ fill: "black" });
  figure.handle(plane, {
    value: start,
    at: (point) => point,
    from: (point) => point.map((x) => Math.round(100 * x) / 100),
    key: ([x, y], right, up) => plane.inside([x + 0.1 * right, y + 0.1 * up]),
    name: ([x, y]) => `x1 = ${fixed(x)}, x2 = ${fixed(y)}`,
    show(point) {
      const [a, b] = gradient(point);
      const [x, y] = point;
      const [u, v] = along(point);
      tangent([[x - u, y - v], [x + u, y + v]]);
      line(contour(point));
      arrow(point, [x + a / 4, y + b / 4]);
      dot(point);
      const length = fixed(Math.hypot(a, b));
      return `gradient (${fixed(a)}, ${fixed(b)}), length ${length}`;
    },
  });
}
