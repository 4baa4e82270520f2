// A line through points is moved by its ends, and by its point in the plane of
// all lines, where there is one: residuals as squares, and their mean.

/** The square of a residual: its corners, beginning at the point. */
export function square([w, b], [x, y]) {
  const r = w * x + b - y;
  const side = x + Math.abs(r);
  return [[x, y], [side, y], [side, y + r], [x, y + r], [x, y]];
}

/** The mean of the squares of all residuals. */
export function meanSquare([w, b], x, y) {
  const squares = x.map((number, i) => (w * number + b - y[i]) ** 2);
  return squares.reduce((sum, one) => sum + one) / x.length;
}

/** The line through two points, as slope and height at 0. */
export function through([x0, y0], [x1, y1]) {
  const w = (y1 - y0) / (x1 - x0);
  return [w, y0 - w * x0];
}

export function mount(figure, { x, y, ends, start }) {
  const { axes: [plane, lines], colors, fixed } = figure;
  const squares = x.map(() => plane.curve({
    stroke: colors[1], "stroke-width": 1, fill: colors[1], "fill-opacity": 0.15,
  }));
  const drawn = plane.curve({ stroke: colors[0] });
  const dots = ends.map(() => plane.dot({ fill: colors[0] }));
  const dot = lines?.dot({ fill: colors[0] });
  const height = ([w, b], end) => [end, w * end + b];
  const round = (line) => line.map((number) => Math.round(100 * number) / 100);
  const put = [];
  const common = {
    value: start,
    name: ([w, b]) => `w = ${fixed(w)}, b = ${fixed(b)}`,
    show(line) {
      for (const handle of put) handle(line);
      x.forEach((number, i) => squares[i](square(line, [number, y[i]])));
      drawn(plane.x.map((end) => height(line, end)));
      ends.forEach((end, i) => dots[i](height(line, end)));
      dot?.(line);
      const [w, b] = line.map((number) => fixed(number));
      return `w = ${w}, b = ${b}: mean square ${fixed(meanSquare(line, x, y), 3)}`;
    },
  };
  ends.forEach((end, i) => {
    const other = ends[1 - i];
    const turn = (line, up) => round(through([end, up], height(line, other)));
    put.push(figure.handle(plane, {
      ...common,
      at: (line) => height(line, end),
      from: ([, up], line) => turn(line, up),
      key: (line, right, up) => turn(line, height(line, end)[1] + 0.17 * (right + up)),
      number: (line) => height(line, end)[1],
      range: plane.y,
    }));
  });
  if (lines)
    put.push(figure.handle(lines, {
      ...common,
      at: (line) => line,
      from: (point) => round(point),
      key: ([w, b], right, up) =>
        round(lines.inside([w + 0.02 * right, b + 0.1 * up])),
    }));
}
