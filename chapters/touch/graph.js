// A graph: its inputs are moved, and backward is walked step by step.

/** The values of x1, x2, p = x1 x2, s = x1 + x2, y = max(p, s). */
export function values([x1, x2]) {
  const [p, s] = [x1 * x2, x1 + x2];
  return [x1, x2, p, s, Math.max(p, s)];
}

/** What each has got after some steps: the start, then y, s and p pass on. */
export function gradients(point, step) {
  const [x1, x2, p, s] = values(point);
  const toP = p > s ? 1 : p < s ? 0 : 0.5; // equal ones share
  const [dp, ds] = step >= 2 ? [toP, 1 - toP] : [0, 0];
  const fromS = step >= 3 ? ds : 0;
  const fromP = step >= 4 ? dp : 0;
  return [fromS + fromP * x2, fromS + fromP * x1, dp, ds, step >= 1 ? 1 : 0];
}

// For each node, the step that brings it the first gradient, and the nodes
// that one step after the other passes on to.
const FIRST = [3, 3, 2, 2, 1];
const PASSES = { 2: [4, [2, 3]], 3: [3, [0, 1]], 4: [2, [0, 1]] };

// The middle of the way from one node to another: boxes stay legible.
function between([x0, y0], [x1, y1]) {
  return [0.3, 0.7].map((t) => [x0 + t * (x1 - x0), y0 + t * (y1 - y0)]);
}

/** What is said of a step. */
function say([, , , , y], slopes, step, fixed) {
  const [d1, d2, dp, ds] = slopes.map((slope) => fixed(slope));
  return [
    `only values: y = ${fixed(y)}`,
    "start: dy/dy = 1",
    `max passes on: ${dp} to p, ${ds} to s`,
    `plus passes on ${ds} to both`,
    `y = ${fixed(y)}, dy/dx1 = ${d1}, dy/dx2 = ${d2}`,
  ][step];
}

export function mount(figure, { start, places }) {
  const { axes: [graph, plane, line], colors, fixed } = figure;
  const paths = [0, 1].map(() =>
    graph.curve({ stroke: colors[1], "stroke-width": 6, "stroke-opacity": 0.3 }));
  const dot = plane.dot({ fill: "black" });
  const mark = line.dot({ fill: "black" });
  const write = (place, down, fill) => {
    const [x, y] = graph.to(place);
    return graph.layer.append("text").attr("x", x).attr("y", y + down)
      .attr("fill", fill).attr("font-size", 10).attr("text-anchor", "middle")
      .attr("font-family", "sans-serif");
  };
  const above = places.map((place) => write(place, -16.5, colors[0]));
  const below = places.map((place) => write(place, 23.5, colors[1]));
  let [point, step] = [start, 4];

  function draw() {
    const numbers = values(point);
    const slopes = gradients(point, step);
    numbers.forEach((number, i) => above[i].text(fixed(number)));
    slopes.forEach((slope, i) =>
      below[i].text(step >= FIRST[i] ? fixed(slope) : ""));
    const [from, to] = PASSES[step] ?? [0, []];
    paths.forEach((path, i) =>
      path(i in to ? between(places[from], places[to[i]]) : []));
    dot(point);
    mark([step, 0]);
    return say(numbers, slopes, step, fixed);
  }
  figure.handle(plane, {
    value: start,
    at: (place) => place,
    from: (place) => place.map((x) => Math.round(10 * x) / 10),
    key: ([x, y], right, up) => plane.inside([
      Math.round(10 * x + right) / 10, Math.round(10 * y + up) / 10,
    ]),
    name: ([x, y]) => `x1 = ${fixed(x)}, x2 = ${fixed(y)}`,
    show(place) {
      point = place;
      return draw();
    },
  });
  figure.handle(line, {
    value: step,
    range: [0, 4],
    at: (value) => [value, 0],
    from: ([x]) => Math.min(Math.max(Math.round(x), 0), 4),
    key: (value, right, up) => Math.min(Math.max(value + right + up, 0), 4),
    name: (value) => `step ${value}`,
    show(value) {
      step = value;
      return draw();
    },
  });
}
