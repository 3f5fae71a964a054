// A table whose rows are links. The link itself stands in the first cell, around the picture: Tab and the
// arrow keys reach it; a click anywhere on its row follows it.

function bodyRow(row) {
  const line = make("tr");
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
    if (!event.target.closest("a") && !String(window.getSelection())) link.click();
  });
  link.addEventListener("keydown", (event) => {
    const next = { ArrowDown: line.nextElementSibling, ArrowUp: line.previousElementSibling }[event.key];
    if (!next) return;
    event.preventDefault();
    next.querySelector("a").focus();
  });
  return line;
}

function headRow(columns) {
  const head = make("tr");
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

export default keepingFocus(function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const table = make("table");
  table.setAttribute("aria-label", data.label);
  const [head, body] = [make("thead"), make("tbody")];
  head.append(headRow(data.columns));
  for (const row of data.rows) body.append(bodyRow(row));
  table.append(head, body);
  const numbers = data.columns.map((column, i) => (column.is_number ? i + 1 : 0)).filter(Boolean);
  for (const line of body.rows) for (const i of numbers) line.cells[i].classList.add("number");
  root.replaceChildren(table);
});
