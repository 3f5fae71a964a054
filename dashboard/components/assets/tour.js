// Three first steps; one click closes them for good in this browser.

const CLOSED = "fieldmarks.tour";

function isClosed() {
  try {
    return localStorage.getItem(CLOSED) === "closed";
  } catch {
    return true; // where nothing can be remembered, nothing is shown again and again
  }
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  root.replaceChildren();
  if (isClosed()) return;
  const section = make("section", "tour");
  section.setAttribute("aria-label", "First steps");
  const head = make("div", "head");
  head.append(make("strong", "", "First steps"));
  const close = make("button", "", "Do not show again");
  close.type = "button";
  close.addEventListener("click", () => {
    localStorage.setItem(CLOSED, "closed");
    root.replaceChildren();
  });
  head.append(close);
  const list = make("ol");
  for (const step of data.steps) {
    const item = make("li");
    item.append(anchor(step.href, "", step.title, true), make("span", "muted", step.text));
    list.append(item);
  }
  section.append(head, list);
  root.append(section);
}
