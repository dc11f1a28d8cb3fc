// The figure on the pages of update rules: two numbers move by the page's own rule, and everything
// can be changed. One form can be laid beside another; where they part is said in words as well.
import { rules, valley } from "./rules.mjs";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 560, HEIGHT = 300;

// What is minimised: the function, its gradient, and the part of the plane that is shown.
const surfaces = {
  "a valley: x²/20 + y²": {
    f: (x, y) => x * x / 20 + y * y,
    gradient: (x, y) => [x / 10, 2 * y],
    x: [-9, 9], y: [-3.2, 3.2], levels: [0.1, 0.5, 1, 2, 3.5, 5.5, 8],
  },
  "a bowl: (x² + y²)/4": {
    f: (x, y) => (x * x + y * y) / 4,
    gradient: (x, y) => [x / 2, y / 2],
    x: [-9, 9], y: [-4.8, 4.8], levels: [0.2, 1, 2.5, 5, 8, 13, 19],
  },
  "a saddle: x²/20 − y²/8": {
    f: (x, y) => x * x / 20 - y * y / 8,
    gradient: (x, y) => [x / 10, -y / 4],
    x: [-9, 9], y: [-4.8, 4.8], levels: [-2.5, -1.5, -0.8, -0.3, 0, 0.3, 0.8, 1.5, 2.5],
  },
};

// Positions of a slider, 0 to 1000, for each kind of domain.
const scales = {
  rate: { to: (p) => (p ? 10 ** (p / 1000 * 10 - 9) : 0), from: (v) => (v > 0 ? (Math.log10(v) + 9) * 100 : 0) },
  decay: { to: (p) => 1 - 10 ** (-p / 1000 * 4), from: (v) => -Math.log10(1 - v) * 250 },
};
const scaleOf = (domain) => (/, 1[)\]]$/.test(domain) ? scales.decay : scales.rate);
const show = (v) => (v !== 0 && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e4) ? v.toExponential(2) : String(Number(v.toPrecision(4))));

/** The path of a form from a start: a list of points, the start included. */
export function walk(form, given, start, steps, surface) {
  const states = [{}, {}];
  let point = start.map(Number);
  const path = [point];
  for (let t = 1; t <= steps; t++) {
    const g = surface.gradient(...point);
    point = point.map((W, k) => form.step(W, g[k], states[k], given, t));
    path.push(point);
    if (!point.every(Number.isFinite)) break;
  }
  return path;
}

/** The first step at which two paths differ by more than rounding, or 0. */
export function findParting(one, other) {
  for (let t = 1; t < Math.min(one.length, other.length); t++)
    for (let k = 0; k < 2; k++)
      if (!(Math.abs(one[t][k] - other[t][k]) <= 1e-9 * Math.max(1, Math.abs(one[t][k])))) return t;
  return 0;
}

function make(tag, attributes = {}, ...children) {
  const node = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

class Figure {
  constructor(place, number) {
    this.rule = rules[place.dataset.rule];
    this.id = `try-it-${number}`;
    this.values = Object.fromEntries(Object.entries(this.rule.hyperparameters).map(([n, h]) => [n, h.value]));
    Object.assign(this.values, { x: valley.start[0], y: valley.start[1], steps: valley.steps });
    this.picture = make("svg:svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": `${this.id}-said` });
    this.said = make("output", { id: `${this.id}-said`, "aria-live": "polite" });
    this.text = make("pre", { "aria-label": "the rules that are shown", tabindex: 0 });
    this.sliders = make("div", { class: "sliders" });
    this.surface = this.choose("surface", Object.keys(surfaces), Object.keys(surfaces)[0]);
    const forms = Object.keys(this.rule.forms);
    this.first = this.choose("form", forms, forms[0]);
    this.second = this.choose("beside it", ["nothing", ...forms], "nothing");
    const reset = make("button", { type: "button" }, "start again");
    reset.addEventListener("click", () => this.reset());
    place.replaceChildren(
      make("div", { class: "choices" }, this.surface.label, this.first.label, this.second.label, reset),
      make("div", { class: "picture" }, this.picture), this.said, this.sliders, this.text);
    this.picture.addEventListener("pointerdown", (event) => this.moveStart(event));
    this.picture.addEventListener("pointermove", (event) => event.buttons && this.moveStart(event));
    this.initial = { ...this.values };
    this.lay();
  }

  choose(name, words, chosen) {
    const select = make("select", {}, ...words.map((word) => make("option", { value: word }, word)));
    select.value = chosen;
    select.addEventListener("change", () => this.lay());
    return { select, label: make("label", {}, `${name} `, select) };
  }

  reset() {
    this.values = { ...this.initial };
    this.surface.select.selectedIndex = this.first.select.selectedIndex = this.second.select.selectedIndex = 0;
    this.lay();
  }

  get forms() {
    return [this.first, this.second].map((c) => c.select.value).filter((n) => n in this.rule.forms)
      .map((name) => ({ name, ...this.rule.forms[name] }));
  }

  // The sliders of what the chosen forms read.
  lay() {
    const surface = surfaces[this.surface.select.value];
    const rows = Object.entries(this.rule.hyperparameters).map(([name, h]) => [name, h.meaning, scaleOf(h.domain)]);
    for (const form of this.forms)
      for (const [name, value] of Object.entries(form.more)) {
        this.values[name] ??= value;
        if (!rows.some((row) => row[0] === name)) rows.push([name, "of this variant", scales.rate]);
      }
    const linear = ([low, high]) => ({ to: (p) => low + (high - low) * p / 1000, from: (v) => (v - low) / (high - low) * 1000 });
    rows.push(["x", "start", linear(surface.x)], ["y", "start", linear(surface.y)],
      ["steps", "how many", { to: (p) => Math.round(1 + p / 1000 * 199), from: (v) => (v - 1) / 199 * 1000 }]);
    this.sliders.replaceChildren(...rows.map((row) => this.slide(...row)));
    this.draw();
  }

  slide(name, meaning, scale) {
    const range = make("input", { type: "range", min: 0, max: 1000, step: 1, "data-name": name, "aria-label": `${name}: ${meaning}` });
    const number = make("input", { type: "number", step: "any", "aria-label": `${name} as a number` });
    const put = () => { range.value = scale.from(this.values[name]); number.value = show(this.values[name]); };
    put();
    range.addEventListener("input", () => { this.values[name] = scale.to(Number(range.value)); number.value = show(this.values[name]); this.draw(); });
    number.addEventListener("change", () => {
      if (number.value === "" || !Number.isFinite(Number(number.value))) return put();
      this.values[name] = name === "steps" ? Math.min(Math.max(Math.round(Number(number.value)), 1), 1000) : Number(number.value);
      put();
      this.draw();
    });
    return make("div", { class: "slider", title: meaning }, make("span", {}, make("code", {}, name)), range, number);
  }

  // A click or a drag on the picture chooses where the path starts.
  moveStart(event) {
    const box = this.picture.getBoundingClientRect(), surface = surfaces[this.surface.select.value];
    const [px, py] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.values.x = surface.x[0] + (surface.x[1] - surface.x[0]) * px;
    this.values.y = surface.y[1] - (surface.y[1] - surface.y[0]) * py;
    event.preventDefault();
    this.lay();
  }

  draw() {
    const surface = surfaces[this.surface.select.value], { x, y, steps } = this.values;
    const at = ([u, v]) => [
      (u - surface.x[0]) / (surface.x[1] - surface.x[0]) * WIDTH,
      (surface.y[1] - v) / (surface.y[1] - surface.y[0]) * HEIGHT,
    ];
    const paths = this.forms.map((form) => walk(form, { ...this.values }, [x, y], steps, surface));
    const parts = contours(surface).map((d) => make("svg:path", { d, class: "contour" }));
    paths.forEach((path, k) => {
      const points = path.filter((p) => p.every(Number.isFinite)).map(at);
      const near = points.map(([a, b]) => [Math.min(Math.max(a, -1e4), 1e4), Math.min(Math.max(b, -1e4), 1e4)]);
      parts.push(make("svg:polyline", { points: near.map((p) => p.map((c) => c.toFixed(2)).join(",")).join(" "), class: `path path-${k}` }));
      for (const [cx, cy] of near) parts.push(make("svg:circle", { cx: cx.toFixed(2), cy: cy.toFixed(2), r: 2.6, class: `dot dot-${k}` }));
    });
    const [sx, sy] = at([x, y]);
    parts.push(make("svg:circle", { cx: sx, cy: sy, r: 6, class: "start" }));
    this.picture.replaceChildren(...parts);
    this.said.textContent = this.describe(paths, surface);
    this.text.textContent = this.forms.map((form) => `# ${form.name}\n${form.text}`).join("\n\n");
  }

  describe(paths, surface) {
    const said = this.forms.map(({ name }, k) => {
      const end = paths[k].at(-1), t = paths[k].length - 1, mark = this.forms.length > 1 ? ["blue", "orange, dashed"][k] : "";
      const where = end.every(Number.isFinite) ? `is at (${end.map(show).join(", ")}), where f = ${show(surface.f(...end))}` : "is no longer a number";
      return `${name}${mark ? ` (${mark})` : ""}: after ${t} ${t === 1 ? "step" : "steps"} it ${where}.`;
    });
    if (paths.length === 2) {
      const t = findParting(...paths);
      said.push(t ? `They part at step ${t}: (${paths[0][t].map(show).join(", ")}) and (${paths[1][t].map(show).join(", ")}).` : "They do not part.");
    }
    return said.join(" ");
  }
}

/** The contours of a surface as the edges of a fine grid, by marching squares. */
function contours({ f, x, y, levels }) {
  const columns = 112, rows = 60, found = [];
  const u = (i) => x[0] + (x[1] - x[0]) * i / columns, v = (j) => y[0] + (y[1] - y[0]) * j / rows;
  const values = Array.from({ length: columns + 1 }, (_, i) => Array.from({ length: rows + 1 }, (_, j) => f(u(i), v(j))));
  const px = (i) => (i / columns * WIDTH).toFixed(1), py = (j) => ((1 - j / rows) * HEIGHT).toFixed(1);
  for (const level of levels) {
    let d = "";
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < rows; j++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const crossings = corners.flatMap(([a, b], k) => {
          const [c, e] = corners[(k + 1) % 4], one = values[a][b] - level, two = values[c][e] - level;
          if ((one < 0) === (two < 0)) return [];
          const part = one / (one - two);
          return [[a + (c - a) * part, b + (e - b) * part]];
        });
        for (let k = 0; k + 1 < crossings.length; k += 2)
          d += `M${px(crossings[k][0])} ${py(crossings[k][1])}L${px(crossings[k + 1][0])} ${py(crossings[k + 1][1])}`;
      }
    found.push(d);
  }
  return found;
}

if (typeof document !== "undefined")
  document.querySelectorAll(".try-it").forEach((place, number) => new Figure(place, number));
