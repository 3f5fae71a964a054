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

// Choosing several images: a box on each, and what can be done with the chosen ones at once.
const chosenIn = new WeakMap(); // ids by root, kept over repaints

function chooser(root, data, send) {
  const chosen = chosenIn.get(root);
  const bar = make("div", "bar");
  const count = make("span", "count");
  count.setAttribute("role", "status");
  const input = data.actions.some((action) => action.needs_text) ? make("input") : null;
  const buttons = data.actions.map((action) => {
    const button = make("button", "", action.label);
    button.type = "button";
    button.addEventListener("click", () => {
      send({ action: action.name, ids: [...chosen], text: input?.value.trim() ?? "" });
      chosen.clear();
      if (input) input.value = "";
      tell();
    });
    return button;
  });
  const all = make("button", "plain");
  all.type = "button";
  all.addEventListener("click", () => {
    const is_any = chosen.size > 0;
    chosen.clear();
    if (!is_any) for (const item of data.items) chosen.add(item.id);
    tell();
  });
  const tell = () => {
    const n = chosen.size;
    bar.classList.toggle("some", n > 0);
    count.textContent = n ? `${n} selected` : "";
    all.textContent = n ? "Clear" : "Select all on this page";
    buttons.forEach((button, i) => (button.disabled = !n || (data.actions[i].needs_text && !input.value.trim())));
    for (const box of root.querySelectorAll("input.choose")) box.checked = chosen.has(Number(box.value));
  };
  if (input) {
    Object.assign(input, { type: "text", placeholder: data.text_label, maxLength: 100 });
    input.setAttribute("aria-label", data.text_label);
    input.addEventListener("input", tell);
    input.addEventListener("keydown", (event) => event.stopPropagation()); // letters are no shortcuts
  }
  bar.append(count, ...(input ? [input] : []), ...buttons, all);
  return { bar, tell };
}

function chooseBox(item, data, root, tell) {
  const chosen = chosenIn.get(root);
  const box = make("input", "choose");
  Object.assign(box, { type: "checkbox", value: item.id });
  box.setAttribute("aria-label", `Select image ${item.id}`);
  box.addEventListener("click", (event) => {
    const ids = data.items.map((each) => each.id);
    const [from, to] = [ids.indexOf(root.lastChosen), ids.indexOf(item.id)];
    const range = event.shiftKey && from >= 0 ? ids.slice(Math.min(from, to), Math.max(from, to) + 1) : [item.id];
    for (const id of range) box.checked ? chosen.add(id) : chosen.delete(id);
    root.lastChosen = item.id;
    tell();
  });
  return box;
}

export default keepingFocus(function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  root.style.setProperty("--width", `${data.width}px`);
  root.style.setProperty("--opacity", opacity);
  root.classList.toggle("hover", Boolean(data.hover));
  const grid = make("div", data.fixed ? "grid fixed" : "grid");
  if (data.columns) grid.style.gridTemplateColumns = `repeat(${data.columns}, minmax(0, ${data.width}px))`;
  const send = (what) => setTriggerValue("acted", what);
  let choice = null;
  if (data.actions.length) {
    const ids = new Set(data.items.map((item) => item.id));
    chosenIn.set(root, new Set([...(chosenIn.get(root) ?? [])].filter((id) => ids.has(id))));
    choice = chooser(root, data, send);
    root.append(choice.bar);
  }
  for (const item of data.items) {
    const figure = card(item, data);
    if (choice) figure.prepend(chooseBox(item, data, root, choice.tell));
    if (data.is_each) {
      const row = make("div", "each");
      for (const action of data.actions) {
        const button = make("button", "", action.label);
        button.type = "button";
        button.setAttribute("aria-label", `${action.label}: image ${item.id}`);
        button.addEventListener("click", () => send({ action: action.name, ids: [item.id], text: "" }));
        row.append(button);
      }
      figure.append(row);
    }
    grid.append(figure);
  }
  root.append(grid);
  if (data.slider) root.append(slider(root));
  if (choice) choice.tell();
  return data.sticky ? stick(root) : undefined;
});
