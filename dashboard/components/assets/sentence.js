// A sentence whose attributes are links: each leads to the evidence for that word.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  const line = make("p", `sentence ${data.tone || ""}`);
  for (const span of data.spans) {
    if (!span.href) {
      line.append(document.createTextNode(span.text));
      continue;
    }
    const word = anchor(span.href, span.active ? "word active" : "word", span.text);
    if (span.active) word.setAttribute("aria-current", "true");
    word.title = span.title;
    line.append(word);
  }
  root.append(line);
}
