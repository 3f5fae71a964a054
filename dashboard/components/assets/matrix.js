// A matrix of classes against classes on a canvas: filled rectangles, the pointer and the arrow keys
// find a cell, a click or Enter follows its link. Nothing is drawn for a cell without an image.

const NAMED = 60; // names stand beside the matrix up to so many classes
const REACH = 6; // pixels around the pointer within which a cell is looked for

class Matrix {
  constructor(root) {
    this.frame = make("div", "frame");
    this.canvas = make("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.tip = make("div", "tip");
    this.tip.setAttribute("role", "status");
    this.frame.append(this.canvas, this.tip);
    root.replaceChildren(this.frame);
    new ResizeObserver(() => this.paint()).observe(this.frame);
    this.canvas.addEventListener("pointermove", (event) => this.mark(this.under(event)));
    this.canvas.addEventListener("pointerleave", () => this.mark(null));
    this.canvas.addEventListener("blur", () => this.mark(null));
    this.canvas.addEventListener("click", (event) => this.open(this.under(event)));
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      if (step) this.mark(this.next(step));
      else this.open(this.marked);
    });
  }

  show(data) {
    this.data = data;
    this.at = new Map(data.rows.map((row, i) => [row * data.names.length + data.columns[i], i]));
    this.totals = new Float64Array(data.names.length);
    data.rows.forEach((row, i) => (this.totals[row] += data.counts[i]));
    this.marked = null;
    this.canvas.setAttribute("aria-label", data.label);
    this.paint();
  }

  paint() {
    if (!this.data || !this.frame.clientWidth) return;
    const C = this.data.names.length;
    const ratio = window.devicePixelRatio || 1;
    const style = getComputedStyle(this.frame);
    const font = `12px ${style.fontFamily}`;
    const pen = this.canvas.getContext("2d");
    pen.font = font;
    const longest = C <= NAMED ? Math.max(...this.data.names.map((name) => pen.measureText(name).width)) : 0;
    const margin = Math.min(longest, 170) + 26;
    const width = this.frame.clientWidth;
    const cell = Math.min((width - margin - 2) / C, Math.max(900 / C, 4), 34);
    const side = cell * C;
    this.place = { margin, cell, side };
    this.frame.style.height = `${side + margin + 2}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round((side + margin + 2) * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = style.getPropertyValue("--ground");
    pen.fillRect(margin, 0, side, side);
    const gap = cell > 8 ? 1 : 0;
    this.data.rows.forEach((row, i) => {
      pen.fillStyle = this.data.palette[this.data.levels[i]];
      pen.fillRect(margin + this.data.columns[i] * cell, row * cell, cell - gap, cell - gap);
    });
    pen.fillStyle = style.color;
    pen.font = font;
    pen.textBaseline = "middle";
    if (longest) {
      this.data.names.forEach((name, k) => {
        pen.textAlign = "right";
        pen.fillText(name, margin - 6, (k + 0.5) * cell, margin - 24);
        pen.save();
        pen.translate(margin + (k + 0.5) * cell, side + 6);
        pen.rotate(-Math.PI / 2);
        pen.fillText(name, 0, 0, margin - 24);
        pen.restore();
      });
    }
    pen.globalAlpha = 0.65;
    pen.textAlign = "center";
    pen.fillText("predicted class", margin + side / 2, side + margin - 8);
    pen.translate(9, side / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText("true class", 0, 0);
    pen.globalAlpha = 1;
    this.canvas.dataset.painted = String(C);
    this.mark(this.marked);
  }

  // The filled cell under the pointer, or the nearest one within reach.
  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const { margin, cell } = this.place;
    const [col, row] = [(event.clientX - box.left - margin) / cell, (event.clientY - box.top) / cell];
    const C = this.data.names.length;
    if (col < 0 || row < 0 || col >= C || row >= C) return null;
    const reach = Math.floor(REACH / cell);
    let [best, least] = [null, Infinity];
    for (let r = Math.floor(row) - reach; r <= Math.floor(row) + reach; r++) {
      for (let c = Math.floor(col) - reach; c <= Math.floor(col) + reach; c++) {
        const i = c < 0 || c >= C ? undefined : this.at.get(r * C + c);
        const far = Math.hypot(r + 0.5 - row, c + 0.5 - col);
        if (i !== undefined && far < least) [best, least] = [i, far];
      }
    }
    return best;
  }

  // The next filled cell in a direction, in the same row or column; the first one to begin with.
  next([down, right]) {
    const { rows, columns, names } = this.data;
    if (this.marked === null) return rows.length ? 0 : null;
    let [r, c] = [rows[this.marked] + down, columns[this.marked] + right];
    for (; r >= 0 && c >= 0 && r < names.length && c < names.length; r += down, c += right) {
      const i = this.at.get(r * names.length + c);
      if (i !== undefined) return i;
    }
    return this.marked;
  }

  mark(i) {
    this.marked = i;
    this.canvas.style.cursor = i === null ? "" : "pointer";
    this.tip.style.display = i === null ? "none" : "block";
    if (i === null) return;
    const { rows, columns, counts, names, signed } = this.data;
    const [row, column, count] = [rows[i], columns[i], counts[i]];
    const share = Math.round((100 * count) / this.totals[row]);
    const note = signed ? `${count > 0 ? "+" : "−"}${Math.abs(count)} images` : `${count.toLocaleString("en")} images, ${share}%`;
    this.tip.replaceChildren(make("div", "", `${names[row]} → ${names[column]}`), make("div", "", note));
    const { margin, cell } = this.place;
    const [left, top] = [margin + (column + 1) * cell + 6, (row + 1) * cell + 6];
    this.tip.style.left = `${Math.max(Math.min(left, this.frame.clientWidth - this.tip.offsetWidth - 4), 0)}px`;
    this.tip.style.top = `${top}px`;
  }

  open(i) {
    if (i === null) return;
    const { rows, columns, cs, href, href_right } = this.data;
    const [row, column] = [cs[rows[i]], cs[columns[i]]];
    go((row === column ? href_right : href).replace("TRUE", row).replace("PREDICTED", column));
    document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
  }
}

const matrices = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  let matrix = matrices.get(root);
  if (!matrix) matrices.set(root, (matrix = new Matrix(root)));
  matrix.show(data);
}
