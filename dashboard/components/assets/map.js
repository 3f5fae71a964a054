// A scatter of very many points on a canvas: pan, zoom, lasso and box without asking the server.
// Every frame writes pixels directly, a hundred thousand points in a few milliseconds without a GPU.

const GRID = 256; // cells a side of the index that finds the point under the pointer
const REACH = 9; // pixels within which the pointer finds a point
const REST = 100; // milliseconds on a point after which its picture is asked for
const TOOLS = [
  ["lasso", "Lasso", "Draw around points (L)"],
  ["box", "Box", "Draw a box around points (B)"],
  ["move", "Move", "Drag to move, wheel to zoom (M)"],
];

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function shorts(text) {
  return new Uint16Array(bytes(text).buffer);
}

// The points in drawing order: without a colour first, then colour by colour; and a grid over them.
function load(data) {
  const n = data.n;
  const [places, colour] = [shorts(data.places), shorts(data.colours)];
  const images = new Uint32Array(bytes(data.images).buffer);
  const points = { n, colour, images, col: new Float32Array(n), row: new Float32Array(n) };
  for (let i = 0; i < n; i++) {
    points.col[i] = places[2 * i] / 65535;
    points.row[i] = places[2 * i + 1] / 65535;
  }
  points.order = counted(data.palette.length, n, (i) => colour[i]);
  points.cells = counted(GRID * GRID, n, (i) => cellAt(points.row[i]) * GRID + cellAt(points.col[i]));
  points.named = data.classes.length ? { true: shorts(data.true), predicted: shorts(data.predicted) } : null;
  return points;
}

function cellAt(value) {
  return Math.min(Math.max(Math.floor(value * GRID), 0), GRID - 1);
}

// A counting sort: the members of each key, and where each key's begin.
function counted(nKeys, n, key) {
  const starts = new Uint32Array(nKeys + 1);
  for (let i = 0; i < n; i++) starts[key(i) + 1]++;
  for (let k = 0; k < nKeys; k++) starts[k + 1] += starts[k];
  const next = starts.slice();
  const members = new Uint32Array(n);
  for (let i = 0; i < n; i++) members[next[key(i)]++] = i;
  return { starts, members };
}

// Which points lie in a region: two corners are a box, more a polygon (even-odd rule).
function within(points, corners) {
  const inside = new Uint8Array(points.n);
  if (corners.length === 2) {
    const [[a, b], [c, d]] = corners;
    for (let i = 0; i < points.n; i++) {
      const [x, y] = [points.col[i], points.row[i]];
      inside[i] = x >= Math.min(a, c) && x <= Math.max(a, c) && y >= Math.min(b, d) && y <= Math.max(b, d);
    }
    return inside;
  }
  corners.forEach(([x2, y2], k) => {
    const [x1, y1] = corners[(k || corners.length) - 1];
    for (let i = 0; i < points.n; i++) {
      const y = points.row[i];
      if (y1 > y !== y2 > y && points.col[i] < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) inside[i] ^= 1;
    }
  });
  return inside;
}

// Any colour of CSS as red, green, blue.
function rgb(text) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = text;
  pen.fillRect(0, 0, 1, 1);
  return pen.getImageData(0, 0, 1, 1).data.slice(0, 3);
}

// A disc as pixels around its middle: how far right and down, and how much of each is covered.
function disc(radius) {
  const reach = Math.ceil(radius);
  const pixels = [];
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) {
      const covered = Math.min(Math.max(radius + 0.5 - Math.hypot(right, down), 0), 1);
      if (covered > 0) pixels.push(right, down, covered);
    }
  }
  return Float32Array.from(pixels);
}

class Chart {
  constructor(root) {
    this.view = { left: 0, top: 0, scale: 1 };
    this.tool = "lasso";
    this.hidden = new Set();
    this.drawn = [];
    this.pictures = new Map(); // by image, as they are asked for
    this.bar = make("div", "bar");
    this.tools = TOOLS.map(([name, label, title]) => this.button(label, title, () => this.take(name)));
    this.bar.append(...this.tools, make("span", "gap"));
    this.bar.append(this.button("+", "Zoom in (+)", () => this.zoom(1.5)), this.button("−", "Zoom out (−)", () => this.zoom(1 / 1.5)));
    this.bar.append(this.button("Whole map", "Show the whole map (0)", () => this.reset()));
    this.frame = make("div", "frame");
    this.canvas = make("canvas", "points");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.lines = make("canvas", "lines");
    this.tip = make("div", "tip");
    this.frame.append(this.canvas, this.lines, this.tip);
    this.legend = make("div", "legend");
    root.replaceChildren(this.bar, this.frame, this.legend);
    this.listen();
    this.take("lasso");
    new ResizeObserver(() => this.sized()).observe(this.frame);
    window.addEventListener("fieldmarks.picture", ({ detail }) => {
      this.pictures.set(detail.x, detail.src);
      if (this.over === detail.x) this.thumbnail();
    });
    // the theme is a change of style: its colours are read again
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.ask());
  }

  button(label, title, action) {
    const node = make("button", "", label);
    node.type = "button";
    node.title = title;
    node.addEventListener("click", action);
    return node;
  }

  take(name) {
    this.tool = name;
    TOOLS.forEach(([each], i) => this.tools[i].setAttribute("aria-pressed", String(each === name)));
    this.canvas.dataset.tool = name;
  }

  show(data, send, ask_picture) {
    const is_new = !this.data || ["places", "colours", "images"].some((name) => this.data[name] !== data[name]);
    [this.data, this.send, this.ask_picture] = [data, send, ask_picture];
    if (is_new) {
      this.p = load(data);
      this.hidden.clear();
    }
    this.inside = data.region.length ? within(this.p, data.region) : null;
    this.canvas.setAttribute("aria-label", data.label);
    this.describe();
    this.ask();
  }

  describe() {
    const { legend, scale } = this.data;
    this.legend.replaceChildren(
      ...legend.map(({ text, code }) => {
        const entry = this.button("", "Hide or show", () => {
          this.hidden.has(code) ? this.hidden.delete(code) : this.hidden.add(code);
          entry.setAttribute("aria-pressed", String(!this.hidden.has(code)));
          this.ask();
        });
        entry.setAttribute("aria-pressed", String(!this.hidden.has(code)));
        const dot = make("span", "dot");
        dot.style.background = this.data.palette[code];
        entry.append(dot, make("span", "", text));
        return entry;
      }),
    );
    if (scale) {
      const ramp = make("span", "ramp");
      ramp.style.background = `linear-gradient(to right, ${scale.colours.join(", ")})`;
      this.legend.append(make("span", "", scale.title), make("span", "muted", scale.low), ramp, make("span", "muted", scale.high));
    }
  }

  sized() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.frame;
    if (!clientWidth || !clientHeight) return;
    for (const canvas of [this.canvas, this.lines]) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
    }
    this.ratio = ratio;
    this.ask();
  }

  // One frame for all changes until the next repaint.
  ask() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.paint();
    });
  }

  // Pixels of the whole map, and of its corner.
  get place() {
    const { width, height } = this.canvas;
    const side = Math.min(width, height) * 0.98;
    const { left, top, scale } = this.view;
    return { side: side * scale, x: (width - side) / 2 - left * side * scale, y: (height - side) / 2 - top * side * scale };
  }

  paint() {
    const { width, height } = this.canvas;
    if (!this.p || !width) return;
    const pen = this.canvas.getContext("2d");
    if (this.picture?.width !== width || this.picture?.height !== height) this.picture = pen.createImageData(width, height);
    const style = getComputedStyle(this.frame);
    const ground = rgb(style.backgroundColor);
    const pixels = this.picture.data;
    new Uint32Array(pixels.buffer).fill((255 << 24) | (ground[2] << 16) | (ground[1] << 8) | ground[0]);
    this.stamp(pixels, width, height);
    pen.putImageData(this.picture, 0, 0);
    this.overlay();
    this.canvas.dataset.painted = String(Number(this.canvas.dataset.painted || 0) + 1);
  }

  stamp(pixels, width, height) {
    const { p, inside, hidden } = this;
    const { x, y, side } = this.place;
    const size = Math.min(Math.max(130 / Math.sqrt(p.n), 1.1), 4.5);
    const shape = disc(Math.min(size * Math.min(Math.sqrt(this.view.scale), 3), 6) * this.ratio);
    const { starts, members } = p.order;
    this.data.palette.forEach((text, code) => {
      if (hidden.has(code)) return;
      const [red, green, blue] = rgb(text);
      for (let k = starts[code]; k < starts[code + 1]; k++) {
        const i = members[k];
        const col = Math.round(x + p.col[i] * side);
        const row = Math.round(y + p.row[i] * side);
        if (col < 0 || row < 0 || col >= width || row >= height) continue;
        const opacity = this.data.opacity[code] * (inside && !inside[i] ? 0.25 : 1);
        for (let j = 0; j < shape.length; j += 3) {
          const c = col + shape[j];
          const r = row + shape[j + 1];
          if (c < 0 || r < 0 || c >= width || r >= height) continue;
          const at = 4 * (r * width + c);
          const share = shape[j + 2] * opacity;
          pixels[at] += share * (red - pixels[at]);
          pixels[at + 1] += share * (green - pixels[at + 1]);
          pixels[at + 2] += share * (blue - pixels[at + 2]);
        }
      }
    });
  }

  // The region of the link, and the line that is being drawn.
  overlay() {
    const pen = this.lines.getContext("2d");
    pen.clearRect(0, 0, this.lines.width, this.lines.height);
    pen.strokeStyle = getComputedStyle(this.frame).color;
    pen.lineWidth = 1.5 * this.ratio;
    const { x, y, side } = this.place;
    for (const [corners, dash] of [[this.data.region, [3, 3]], [this.drawn, []]]) {
      if (corners.length < 2) continue;
      const is_box = corners === this.drawn ? this.tool === "box" : corners.length === 2;
      const [[a, b], [c, d]] = [corners[0], corners.at(-1)];
      pen.setLineDash(dash.map((each) => each * this.ratio));
      pen.beginPath();
      for (const [col, row] of is_box ? [[a, b], [c, b], [c, d], [a, d]] : corners) pen.lineTo(x + col * side, y + row * side);
      pen.closePath();
      pen.stroke();
    }
  }

  // The place of an event on the map, in [0, 1] where it is on it.
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const { x, y, side } = this.place;
    return [((event.clientX - box.left) * this.ratio - x) / side, ((event.clientY - box.top) * this.ratio - y) / side];
  }

  nearest([col, row]) {
    const { p, hidden } = this;
    const reach = (REACH * this.ratio) / this.place.side;
    let [best, least] = [-1, reach * reach];
    for (let r = cellAt(row - reach); r <= cellAt(row + reach); r++) {
      for (let c = cellAt(col - reach); c <= cellAt(col + reach); c++) {
        const key = r * GRID + c;
        for (let k = p.cells.starts[key]; k < p.cells.starts[key + 1]; k++) {
          const i = p.cells.members[k];
          const square = (p.col[i] - col) ** 2 + (p.row[i] - row) ** 2;
          if (square <= least && !hidden.has(p.colour[i])) [best, least] = [i, square];
        }
      }
    }
    return best;
  }

  point(event) {
    const i = this.nearest(this.at(event));
    this.tip.style.display = i < 0 ? "none" : "block";
    this.canvas.style.cursor = i < 0 ? "" : "pointer";
    const x = i < 0 ? null : this.p.images[i];
    if (x !== this.over) this.rest(x);
    if (i < 0) return;
    const named = this.p.named;
    const lines = [`image ${x}`];
    if (named) {
      const [name, predicted] = [this.data.classes[named.true[i]], this.data.classes[named.predicted[i]]];
      lines.unshift(name === predicted ? name : `${name}, predicted ${predicted}`);
    }
    this.tip.replaceChildren(make("img"), ...lines.map((line) => make("div", "", line)));
    this.thumbnail();
    const box = this.frame.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    this.tip.style.left = `${Math.min(left + 12, box.width - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${top + 12 + this.tip.offsetHeight > box.height ? top - 12 - this.tip.offsetHeight : top + 12}px`;
  }

  // The pointer rests on an image, or on none: its picture is asked for once.
  rest(x) {
    this.over = x;
    clearTimeout(this.resting);
    if (x === null || this.pictures.has(x)) return;
    this.resting = setTimeout(() => this.ask_picture(x), REST);
  }

  thumbnail() {
    const image = this.tip.querySelector("img");
    if (!image) return;
    image.alt = "";
    image.src = this.pictures.get(this.over) ?? "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
  }

  move(right, down) {
    const { side } = this.place;
    this.view.left -= (right * this.ratio) / side;
    this.view.top -= (down * this.ratio) / side;
    this.ask();
  }

  // Zoom around a place of the map, its middle unless told.
  zoom(factor, at) {
    const { view } = this;
    const { width, height } = this.canvas;
    const before = this.place;
    const [col, row] = at ?? [(width / 2 - before.x) / before.side, (height / 2 - before.y) / before.side];
    const [x, y] = [before.x + col * before.side, before.y + row * before.side];
    view.scale = Math.min(Math.max(view.scale * factor, 0.5), 200);
    const after = this.place;
    view.left += (after.x + col * after.side - x) / after.side;
    view.top += (after.y + row * after.side - y) / after.side;
    this.ask();
  }

  reset() {
    this.view = { left: 0, top: 0, scale: 1 };
    this.ask();
  }

  listen() {
    const { canvas } = this;
    let start = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.p) return;
      canvas.setPointerCapture(event.pointerId);
      start = { x: event.clientX, y: event.clientY, last: [event.clientX, event.clientY], far: false };
      this.drawn = [this.at(event)];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.p) return;
      if (!start) return this.point(event);
      start.far ||= Math.hypot(event.clientX - start.x, event.clientY - start.y) > 4;
      const [x, y] = start.last;
      if (this.tool === "move") this.move(event.clientX - x, event.clientY - y);
      else if (this.tool === "box") this.drawn = [this.drawn[0], this.at(event)];
      else if (Math.hypot(event.clientX - x, event.clientY - y) < 3) return;
      else this.drawn.push(this.at(event));
      start.last = [event.clientX, event.clientY];
      this.tip.style.display = "none";
      if (this.tool !== "move") this.overlay();
    });
    canvas.addEventListener("pointerup", (event) => {
      if (!start) return;
      const { far } = start;
      const drawn = this.drawn;
      start = null;
      this.drawn = [];
      this.overlay();
      if (!far) return this.open(event);
      if (this.tool === "move") return;
      if (drawn.length >= (this.tool === "box" ? 2 : 3)) this.send({ corners: drawn, is_box: this.tool === "box" });
    });
    for (const name of ["pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(name, () => {
        start = null;
        this.drawn = [];
        if (this.p) this.overlay();
      });
    }
    canvas.addEventListener("pointerleave", () => {
      this.tip.style.display = "none";
      this.rest(null);
    });
    canvas.addEventListener("wheel", (event) => {
      if (this.tool !== "move" && !event.ctrlKey) return; // else the page scrolls
      event.preventDefault();
      this.zoom(1.0015 ** -event.deltaY, this.at(event));
    });
    canvas.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
      const keys = {
        "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5), 0: () => this.reset(),
        l: () => this.take("lasso"), b: () => this.take("box"), m: () => this.take("move"),
      };
      const action = steps[event.key] ? () => this.move(...steps[event.key]) : keys[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      action();
    });
  }

  open(event) {
    const i = this.nearest(this.at(event));
    if (i < 0) return;
    this.rest(null);
    go(this.data.href + this.p.images[i]);
    document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
  }
}

const charts = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  let chart = charts.get(root);
  if (!chart) charts.set(root, (chart = new Chart(root)));
  chart.show(data, (drawn) => setTriggerValue("drawn", drawn), (x) => setTriggerValue("asked", x));
}
