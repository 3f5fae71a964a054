// The marks on a word, drawn by all that draw words: how likely it is seen (a pie), how much it counts
// (a bar), whether captions name it (a quotation mark), whether its heatmap lies where it should (a ring).

function marksOn(mark) {
  const group = make("span", "marks");
  group.setAttribute("aria-hidden", "true");
  const pie = make("span", `pie ${mark.seen}`);
  if (mark.q !== null) pie.style.setProperty("--q", `${Math.round(360 * mark.q)}deg`);
  const track = make("span", "counts");
  const bar = make("span");
  bar.style.width = `${Math.round(100 * mark.counts)}%`;
  track.append(bar);
  group.append(pie, track);
  if (mark.named !== null) group.append(make("span", mark.named ? "named" : "named not"));
  if (mark.on !== null) group.append(make("span", mark.on ? "place on" : "place off"));
  return group;
}

function chip(item) {
  const seen = item.mark ? item.mark.seen : "";
  const node = anchor(item.href, `word ${seen} ${item.active ? "active" : ""}`.trim(), item.text);
  if (item.mark) {
    node.append(marksOn(item.mark));
    node.title = item.mark.text;
  }
  if (item.active) node.setAttribute("aria-current", "true");
  return node;
}
