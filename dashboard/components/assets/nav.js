// The navigation of the app, and what belongs to every change of the page: the focus, the place.

const MAIN = '[data-testid="stMain"]';
const APP = '[data-testid="stApp"]';

// After a link or Back, what had the focus may be gone: it goes to the heading of the page, and a page
// that was left at some place is shown there again.
function arrived(place) {
  const started = performance.now();
  const wait = () => {
    const waited = performance.now() - started;
    const busy = document.querySelector(APP)?.dataset.testScriptState !== "notRunning";
    if (waited < 150 || (busy && waited < 8000)) return setTimeout(wait, 60);
    const heading = document.querySelector(`${MAIN} h1`);
    if (heading && (!document.activeElement || document.activeElement === document.body)) {
      heading.tabIndex = -1;
      heading.style.outline = "none";
      heading.focus({ preventScroll: true });
    }
    if (place) document.querySelector(MAIN)?.scrollTo({ top: place });
  };
  wait();
}

// On a phone the filters stand above the list: they begin closed.
function closeFilters() {
  if (window.innerWidth > 640 || window.fieldmarksClosed === document.location.pathname) return;
  const filters = document.querySelector(".st-key-sidebar details[open] summary");
  if (!filters) return;
  window.fieldmarksClosed = document.location.pathname;
  filters.click();
}

function watch() {
  if (window.fieldmarksWatches) return;
  window.fieldmarksWatches = true;
  new MutationObserver(closeFilters).observe(document.querySelector(APP), { childList: true, subtree: true });
  window.addEventListener("popstate", (event) => arrived(event.isTrusted ? event.state?.place : 0));
}

export default function ({ parentElement, data }) {
  watch();
  const root = parentElement.querySelector(".root");
  if (root.dataset.shown === JSON.stringify(data)) return;
  root.dataset.shown = JSON.stringify(data);
  const nav = make("nav", data.is_part ? "part" : "whole");
  nav.setAttribute("aria-label", data.label);
  if (data.title) nav.append(make("span", "title", data.title));
  const list = make("ul");
  for (const entry of data.entries) {
    const item = make("li");
    const link = anchor(entry.href, "", entry.text, true);
    link.dataset.text = entry.text; // room for the bold one: nothing moves
    if (entry.current) link.setAttribute("aria-current", "page");
    item.append(link);
    list.append(item);
  }
  nav.append(list);
  root.replaceChildren(nav);
  const current = nav.querySelector("[aria-current]");
  if (current) list.scrollLeft = current.offsetLeft - list.clientWidth / 2;
}
