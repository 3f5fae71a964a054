// What the marks on words mean.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  const legend = make("div", "legend");
  function entry(node, text) {
    const item = make("span");
    item.append(node, document.createTextNode(text));
    legend.append(item);
  }
  function only(kind, options) {
    const all = marksOn({ seen: "sure", q: 0.75, counts: 0.4, named: null, on: null, ...options });
    const kept = make("span", "marks");
    kept.append(all.querySelector(kind));
    return kept;
  }
  entry(only(".pie"), "how likely it is seen here");
  entry(make("span", "line"), "less sure: up to .8");
  entry(only(".counts"), "how much it counts, beside the other words");
  if (data.captions) {
    entry(only(".named", { named: true }), "in the captions");
    entry(only(".named", { named: false }), "seen, not in the captions");
  }
  if (data.places) {
    entry(only(".place", { on: true }), "heatmap on its part, or on the object");
    entry(only(".place", { on: false }), "beside it");
  }
  root.append(legend);
}
