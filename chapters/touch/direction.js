// A direction is turned round a point, and a dot shows the slope there.

/** The slope in a direction: the gradient times a vector of length 1. */
export function slope(gradient, degrees) {
  const angle = (degrees * Math.PI) / 180;
  return gradient[0] * Math.cos(angle) + gradient[1] * Math.sin(angle);
}

/** Where a step of length 1 from a point leads to. */
export function tip(point, degrees) {
  const angle = (degrees * Math.PI) / 180;
  return [point[0] + Math.cos(angle), point[1] + Math.sin(angle)];
}

/** The direction from one point to another, in whole degrees from 0 to 359. */
export function direction(from, to) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  return (Math.round((angle * 180) / Math.PI) + 360) % 360;
}

export function mount(figure, { point, gradient, start }) {
  const [plane, below] = figure.axes;
  const arrow = plane.arrow({ stroke: figure.colors[0] });
  const dot = below.dot({ fill: figure.colors[0] });
  figure.handle(plane, {
    value: start,
    range: [0, 360],
    at: (degrees) => tip(point, degrees),
    from: (place) => direction(point, place),
    key: (degrees, right, up) => (degrees + 5 * (right + up) + 360) % 360,
    number: (degrees) => degrees,
    name: (degrees) => `${degrees}°`,
    show(degrees) {
      const height = slope(gradient, degrees);
      arrow(point, tip(point, degrees));
      dot([degrees, height]);
      return `${degrees} degrees: slope ${figure.fixed(height)}`;
    },
  });
}
