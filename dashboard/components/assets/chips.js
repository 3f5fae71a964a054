// What a list was chosen by: each a link to the list without it.

export default keepingFocus(function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const list = make("ul", "chips");
  for (const chip of data.chips) {
    const item = make("li");
    const link = anchor(chip.href, "", chip.text, false);
    const cross = make("span", "cross", "×");
    cross.setAttribute("aria-hidden", "true");
    link.setAttribute("aria-label", `Remove ${chip.text}`);
    link.title = "Remove";
    link.append(cross);
    item.append(link);
    list.append(item);
  }
  root.replaceChildren(list);
});
