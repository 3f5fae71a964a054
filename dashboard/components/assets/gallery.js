// A gallery of images: a heatmap laid over each, marks, captions, all leading on by links.

let opacity = 0.6; // shared by all galleries with a slider, kept over repaints

function marker(mark) {
  const dot = make("span", `mark ${mark.kind}`);
  dot.style.top = `${100 * mark.row}%`;
  dot.style.left = `${100 * mark.col}%`;
  if (mark.radius) {
    dot.style.width = dot.style.height = `${200 * mark.radius}%`;
    dot.style.aspectRatio = "1";
  }
  dot.title = mark.title || "";
  return dot;
}

function card(item, options) {
  const figure = make("figure", `card ${item.tone || ""} ${item.active ? "active" : ""}`);
  const frame = item.href ? anchor(item.href, "frame", null, options.to_top) : make("div", "frame");
  frame.title = item.title || "";
  const image = make("img", "photo");
  image.src = item.src;
  image.alt = item.alt;
  frame.append(image);
  if (item.layer) {
    const layer = make("img", "layer");
    layer.src = item.layer;
    layer.alt = "";
    frame.append(layer);
  }
  for (const mark of item.marks || []) frame.append(marker(mark));
  if (item.label) frame.append(make("span", item.is_faint ? "label faint" : "label", item.label));
  if (item.badge) frame.append(make("span", "badge", item.badge));
  figure.append(frame);
  if (item.caption || item.lines) {
    const text = make("figcaption");
    if (item.caption) text.append(make("div", "title", item.caption));
    for (const line of item.lines || []) {
      const row = make("div", `line ${line.tone || "muted"}`);
      row.append(line.href ? anchor(line.href, "", line.text, options.to_top) : make("span", "", line.text));
      row.title = line.title || line.text;
      text.append(row);
    }
    figure.append(text);
  }
  return figure;
}

function slider(root) {
  const label = make("label", "slider muted", "Overlay ");
  const input = make("input");
  Object.assign(input, { type: "range", min: 0, max: 1, step: 0.05, value: opacity });
  input.setAttribute("aria-label", "Opacity of the overlay");
  input.addEventListener("input", () => {
    opacity = Number(input.value);
    root.style.setProperty("--opacity", opacity);
  });
  label.append(input);
  return label;
}

// The column of the pictures stays in sight while the page is read; the function undoes it.
function stick(root) {
  const column = root.getRootNode().host?.closest('[data-testid="stColumn"]');
  const isWide = window.matchMedia("(min-width: 900px)");
  if (!column) return () => {};
  const set = () => {
    const style = isWide.matches ? { position: "sticky", top: "0.75rem", alignSelf: "flex-start" } : {};
    Object.assign(column.style, { position: "", top: "", alignSelf: "", ...style });
  };
  set();
  isWide.addEventListener("change", set);
  return () => {
    isWide.removeEventListener("change", set);
    Object.assign(column.style, { position: "", top: "", alignSelf: "" });
  };
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  root.style.setProperty("--width", `${data.width}px`);
  root.style.setProperty("--opacity", opacity);
  root.classList.toggle("hover", Boolean(data.hover));
  const grid = make("div", data.fixed ? "grid fixed" : "grid");
  if (data.columns) grid.style.gridTemplateColumns = `repeat(${data.columns}, minmax(0, ${data.width}px))`;
  for (const item of data.items) grid.append(card(item, data));
  root.append(grid);
  if (data.slider) root.append(slider(root));
  return data.sticky ? stick(root) : undefined;
}
