// A ranked list: a label that leads on, a bar, a number. Dense, readable, sortable by eye.

export default keepingFocus(function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  const list = make("ol", `ranking ${data.tone || ""}`);
  const longest = Math.max(0, ...data.rows.map((row) => row.value.length));
  if (longest < 5) list.classList.add(longest ? "narrow" : "plain");
  list.style.setProperty("--columns", data.columns || 1);
  for (const row of data.rows) {
    const item = make("li", row.tone || "");
    item.title = row.title || "";
    const link = row.href ? anchor(row.href, "row", null, data.to_top) : make("div", "row");
    if (row.active) link.setAttribute("aria-current", "true");
    if (row.src) {
      const image = make("img");
      image.src = row.src;
      image.alt = "";
      link.append(image);
    }
    const label = make("span", "label");
    for (const part of row.label) label.append(make("span", part.tone || "", part.text));
    link.append(label);
    if (row.bar !== undefined && row.bar !== null) {
      const track = make("span", "track");
      const bar = make("span", "bar");
      bar.style.width = `${Math.max(1, 100 * row.bar)}%`;
      track.append(bar);
      link.append(track);
    }
    link.append(make("span", "value", row.value));
    item.append(link);
    list.append(item);
  }
  root.append(list);
});
