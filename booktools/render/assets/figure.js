// What the modules of chapters/touch draw with: a figure as Python drew it,
// and on it what moves.
import { drag } from "d3-drag";
import { pointer, select } from "d3-selection";
import { line } from "d3-shape";

// In the unit of Python's drawing, a point: a finger needs 24 pixels or more.
const REACH = 16;
const HEAD = 7;

// A number as text, as Python's f"{number:.2f}", but never as -0.00.
function fixed(number, digits = 2) {
  const text = number.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
}

// Axes that Python drew: data -> places, and the other way round.
function place(svg, { box: [left, top, width, height], x: [x0, x1], y: [y0, y1] }) {
  const layer = svg.append("svg").attr("pointer-events", "none")
    .attr("x", left).attr("y", top).attr("width", width).attr("height", height)
    .attr("viewBox", `${left} ${top} ${width} ${height}`);
  const to = ([x, y]) => [
    left + (width * (x - x0)) / (x1 - x0), top + (height * (y1 - y)) / (y1 - y0),
  ];
  const limit = (value, low, high) => Math.min(Math.max(value, low), high);
  const path = (style) => {
    const added = layer.append("path").attr("fill", "none")
      .attr("stroke-width", 2);
    for (const [name, value] of Object.entries(style)) added.attr(name, value);
    return added;
  };
  return {
    layer,
    box: [left, top, width, height],
    x: [x0, x1],
    y: [y0, y1],
    to,
    // Where the nearest point of the axes is that a place on the page shows.
    from: ([across, down]) => [
      x0 + limit((across - left) / width, 0, 1) * (x1 - x0),
      y1 - limit((down - top) / height, 0, 1) * (y1 - y0),
    ],
    inside: ([x, y]) => [limit(x, x0, x1), limit(y, y0, y1)],
    // Each returns a function that draws it, again and again.
    curve(style) {
      const drawn = path(style);
      return (points) => drawn.attr("d", line()(points.map(to)));
    },
    arrow(style) {
      const drawn = path(style);
      return (start, end) => {
        const [tail, tip] = [to(start), to(end)];
        const angle = Math.atan2(tail[1] - tip[1], tail[0] - tip[0]);
        const side = (turn) => [
          tip[0] + HEAD * Math.cos(angle + turn),
          tip[1] + HEAD * Math.sin(angle + turn),
        ];
        const head = [side(0.5), tip, side(-0.5)];
        drawn.attr("d", line()([tail, tip]) + line()(head));
      };
    },
    dot(style) {
      const drawn = layer.append("circle").attr("r", 3.5);
      for (const [name, value] of Object.entries(style)) drawn.attr(name, value);
      return (point) => {
        const [x, y] = to(point);
        drawn.attr("cx", x).attr("cy", y);
      };
    },
  };
}

// Put a figure where its static form is.  `plane` holds that, `say` shows a
// text below it, `label` names what can be moved.
export function begin({ plane, say, label }, { background, size, axes, colors }) {
  const image = new Image();
  image.alt = "";
  image.decoding = "sync"; // not a moment without it
  // The style for drawings in the dark knows them by how addresses end.
  image.src = `data:image/svg+xml,${encodeURIComponent(background)}#a.svg`;
  plane.append(image);
  const svg = select(plane).append("svg").attr("viewBox", `0 0 ${size.join(" ")}`);

  // Let a value be moved by mouse, finger and keys.
  //   value           to begin with
  //   at(value)       where in the axes the handle of a value is
  //   from(point, value)  the value whose handle is nearest to a point of the
  //                   axes, and the value up to now
  //   key(value, right, up)  the value after an arrow key; each is -1, 0 or 1
  //   name(value)     what a screen reader calls it
  //   number(value), range   the same as a number, and from where to where
  //   show(value)     draws it, and returns the text that belongs to it
  // Returns a function that only puts the handle where another value has it,
  // for figures with several handles.  A click moves the nearest in its axes.
  const places = axes.map((spec) => place(svg, spec));
  const areas = svg.append("g");
  const labels = label.split(/[、;；] */);
  const handles = [];
  function handle(
    on, { value, at, from, key, name, show, number = (v) => at(v)[0], range = on.x },
  ) {
    const first = value;
    if (!handles.some((other) => other.on === on))
      areas.append("rect").attr("x", on.box[0]).attr("y", on.box[1])
        .attr("width", on.box[2]).attr("height", on.box[3]).attr("fill", "none")
        .attr("pointer-events", "all")
        .on("click", (event) => {
          const point = pointer(event, svg.node());
          handles.filter((each) => each.on === on)
            .reduce((a, b) => (b.far(point) < a.far(point) ? b : a)).pull(point);
        });
    const knob = svg.append("g")
      .attr("role", "slider").attr("tabindex", 0)
      .attr("aria-label", labels[handles.length] ?? label)
      .attr("aria-valuemin", range[0]).attr("aria-valuemax", range[1]);
    knob.append("circle").attr("class", "touch-reach").attr("r", REACH);

    const put = (next) => {
      value = next;
      knob.attr("transform", `translate(${on.to(at(value))})`)
        .attr("aria-valuenow", number(value)).attr("aria-valuetext", name(value));
    };
    const move = (next) => {
      put(next);
      say(show(value));
    };
    const pull = (point) => move(from(on.from(point), value));
    const far = ([x, y]) => {
      const [across, down] = on.to(at(value));
      return Math.hypot(x - across, y - down);
    };
    handles.push({ on, far, pull });
    const arrows = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1],
    };
    knob.on("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "Home") move(first);
      else if (event.key in arrows) move(key(value, ...arrows[event.key]));
      else return;
      event.preventDefault();
    });
    knob.call(drag()
      .container(svg.node())
      .subject(() => {
        const [x, y] = on.to(at(value));
        return { x, y };
      })
      .on("start", () => knob.node().focus({ preventScroll: true }))
      .on("drag", ({ x, y }) => pull([x, y])));
    move(value);
    return put;
  }

  return { svg, colors, fixed, handle, axes: places };
}
