// One point is moved up and down: how far two fitted curves go with it.

/** A curve fitted by least squares, after one y has changed. */
export function moved(curve, column, shift) {
  return curve.map((height, i) => height + column[i] * shift);
}

/** How far the curve went, where it went furthest. */
export function furthest(column, shift) {
  return Math.max(...column.map((part) => Math.abs(part * shift)));
}

export function mount(figure, { x, start, grid, columns, curves }) {
  const { axes, colors, fixed } = figure;
  const lines = axes.map((plane) => plane.curve({ stroke: colors[1] }));
  const dots = axes.map((plane) => plane.dot({ fill: colors[0] }));
  const round = (shift) => Math.round(100 * shift) / 100;
  figure.handle(axes[0], {
    value: 0,
    range: [-3, 3].map((y) => round(y - start)),
    at: (shift) => [x, start + shift],
    from: ([, y]) => round(y - start),
    key: (shift, right, up) =>
      round(axes[0].inside([x, start + shift + 0.1 * (right + up)])[1] - start),
    number: (shift) => shift,
    name: (shift) => `moved ${fixed(shift)}`,
    show(shift) {
      curves.forEach((curve, i) => {
        const heights = moved(curve, columns[i], shift);
        lines[i](heights.map((height, k) => [grid[k], height]));
        dots[i]([x, start + shift]);
      });
      const [few, many] = columns.map((column) => fixed(furthest(column, shift)));
      return `moved ${fixed(shift)}: degree 3 moves at most ${few}, ` +
        `degree 12 at most ${many}`;
    },
  });
}
