// Groups of words as chips with marks, each group with its heading.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  const list = make("dl", "groups");
  for (const group of data.groups) {
    const tone = group.tone || "plain";
    const words = make("dd", tone);
    for (const item of group.chips) words.append(chip(item));
    if (!group.chips.length) words.append(make("span", "empty", group.empty));
    for (const [text, href] of group.links) words.append(anchor(href, "more", text, true));
    list.append(make("dt", tone, group.title), words);
  }
  root.append(list);
}
