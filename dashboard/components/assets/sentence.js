// A sentence whose attributes are links: each leads to the evidence for that word.

export default keepingFocus(function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  const line = make("p", `sentence ${data.tone || ""}`);
  for (const span of data.spans) {
    if (!span.href) {
      line.append(document.createTextNode(span.text));
      continue;
    }
    const word = chip(span);
    if (span.title) word.title = span.title;
    line.append(word);
  }
  for (const link of data.more) line.append(" ", anchor(link.href, "more", link.text, true));
  root.append(line);
});
