// All that can be searched, in groups that open; what is typed narrows them. A click adds a term to the query.

function entry(item, data) {
  const query = data.typed ? `${data.typed}, ${item.term}` : item.term;
  const link = anchor(`${data.action}${data.action.includes("?") ? "&" : "?"}q=${encodeURIComponent(query)}`, "", null, true);
  link.append(make("span", "", item.text), make("span", "muted", item.n));
  const row = make("li");
  row.append(link);
  return row;
}

export default keepingFocus(function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const input = make("input");
  Object.assign(input, { type: "search", placeholder: data.label, value: root.dataset.typed ?? "" });
  input.setAttribute("aria-label", data.label);
  const list = make("div", "groups");
  const draw = () => {
    const typed = input.value.trim().toLowerCase();
    root.dataset.typed = input.value;
    const groups = data.groups
      .map(({ name, items }) => ({ name, items: items.filter((item) => item.text.toLowerCase().includes(typed)) }))
      .filter(({ items }) => items.length);
    list.replaceChildren(
      ...groups.map(({ name, items }) => {
        const group = make("details");
        group.open = typed !== "";
        const rows = make("ul");
        // rows are made when they are seen
        const fill = () => group.open && !rows.childElementCount && rows.append(...items.map((item) => entry(item, data)));
        group.addEventListener("toggle", fill);
        const summary = make("summary");
        summary.append(make("span", "", name), make("span", "muted", ` ${items.length}`));
        group.append(summary, rows);
        fill();
        return group;
      }),
    );
    if (!groups.length) list.append(make("div", "muted", "Nothing has it."));
  };
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => event.stopPropagation()); // letters are no shortcuts
  draw();
  root.replaceChildren(input, list);
});
