// A table whose rows are links. The link itself stands in the first cell, around the picture: Tab and the
// arrow keys reach it; a click anywhere on its row follows it.

function bodyRow(row, box) {
  const line = make("tr");
  if (box) line.append(boxed("td", box));
  const first = make("td", "picture");
  const link = anchor(row.href, "", null, true);
  const image = make("img");
  image.src = row.src;
  image.alt = row.alt;
  link.append(image);
  first.append(link);
  line.append(first);
  for (const cell of row.cells) {
    const node = make("td", cell.bar === null ? cell.tone : `${cell.tone} barred`);
    node.title = cell.title;
    node.append(make("span", "text", cell.text));
    if (cell.bar !== null) {
      const track = make("span", "track");
      const bar = make("span");
      bar.style.width = `${100 * cell.bar}%`;
      track.append(bar);
      node.append(track);
    }
    line.append(node);
  }
  line.addEventListener("click", (event) => {
    if (!event.target.closest("a, .choose") && !String(window.getSelection())) link.click();
  });
  link.addEventListener("keydown", (event) => {
    const next = { ArrowDown: line.nextElementSibling, ArrowUp: line.previousElementSibling }[event.key];
    if (!next) return;
    event.preventDefault();
    next.querySelector("a").focus();
  });
  return line;
}

function boxed(tag, box) {
  const cell = make(tag, "choose");
  cell.append(box);
  return cell;
}

// Boxes of the rows and of all of them; what is ticked is of this list only.
const chosenIn = new WeakMap(); // list and ids by root, kept over repaints

function chooser(root, data, send) {
  if (chosenIn.get(root)?.list !== data.list) chosenIn.set(root, { list: data.list, ids: new Set() });
  const { ids } = chosenIn.get(root);
  // no input: with the focus in one, keys would be typed into it and be no shortcuts
  const box = (name, toggle) => {
    const button = make("button");
    button.type = "button";
    button.setAttribute("role", "checkbox");
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => {
      toggle(button.getAttribute("aria-checked") !== "true");
      tell();
      send({ list: data.list, ids: [...ids] });
    });
    return button;
  };
  const set = (id, is_on) => (is_on ? ids.add(id) : ids.delete(id));
  const all = box(`Select all ${data.rows.length}`, (is_on) => data.rows.forEach((row) => set(row.id, is_on)));
  const boxes = data.rows.map(({ id }) => box(`Select image ${id}`, (is_on) => set(id, is_on)));
  const tell = () => {
    boxes.forEach((each, i) => each.setAttribute("aria-checked", ids.has(data.rows[i].id)));
    all.setAttribute("aria-checked", boxes.length > 0 && data.rows.every((row) => ids.has(row.id)));
  };
  tell();
  return { all, boxes };
}

function headRow(columns, box) {
  const head = make("tr");
  if (box) head.append(boxed("th", box));
  const picture = make("th");
  picture.scope = "col";
  picture.append(make("span", "hidden", "Picture"));
  head.append(picture);
  for (const column of columns) {
    const node = make("th", column.is_number ? "number" : "");
    node.scope = "col";
    node.title = column.title;
    if (column.sort) node.setAttribute("aria-sort", column.sort);
    const arrow = { ascending: " ▴", descending: " ▾" }[column.sort] ?? "";
    node.append(column.href ? anchor(column.href, "", column.text + arrow) : make("span", "", column.text));
    head.append(node);
  }
  return head;
}

export default keepingFocus(function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const choice = data.list === null ? null : chooser(root, data, (what) => setStateValue("chosen", what));
  root.classList.toggle("scrolls", choice !== null);
  const table = make("table");
  table.setAttribute("aria-label", data.label);
  const [head, body] = [make("thead"), make("tbody")];
  head.append(headRow(data.columns, choice?.all));
  data.rows.forEach((row, i) => body.append(bodyRow(row, choice?.boxes[i])));
  table.append(head, body);
  const numbers = data.columns.map((column, i) => (column.is_number ? i + (choice ? 2 : 1) : 0)).filter(Boolean);
  for (const line of body.rows) for (const i of numbers) line.cells[i].classList.add("number");
  root.replaceChildren(table);
});
