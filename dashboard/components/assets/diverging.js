// Diverging bars: to the right where the first is larger, to the left where the second is.

export default keepingFocus(function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  const head = make("div", "head");
  const sides = make("span", "sides");
  sides.append(make("span", "second", `◂ ${data.second}`), make("span", "first", `${data.first} ▸`));
  head.append(sides);
  const list = make("ol");
  for (const row of data.rows) {
    const item = make("li");
    item.title = row.title;
    const link = anchor(row.href, row.pale ? "row pale" : "row", null, data.to_top);
    if (row.active) link.setAttribute("aria-current", "true");
    const track = make("span", "track");
    const bar = make("span", `bar ${row.length < 0 ? "second" : "first"}`);
    bar.style.width = `${50 * Math.abs(row.length)}%`;
    track.append(bar);
    const label = make("span", "label");
    label.append(make("span", "name", row.label));
    for (const src of row.pictures) {
      const image = make("img");
      image.src = src;
      image.alt = "";
      label.append(image);
    }
    if (row.pictures.length) label.classList.add("pictured");
    link.append(label, track, make("span", "value", row.value));
    item.append(link);
    list.append(item);
  }
  root.append(head, list);
});
