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
    if (place) scrollBack(place);
  };
  wait();
}

// The page grows while its components are drawn: the place is tried again until it is there, or until
// somebody scrolls.
function scrollBack(place) {
  const until = performance.now() + 4000;
  let isLeft = false;
  const leave = () => (isLeft = true);
  const gestures = ["wheel", "keydown", "pointerdown", "touchstart"];
  for (const name of gestures) window.addEventListener(name, leave, { once: true, passive: true });
  const attempt = () => {
    const main = document.querySelector(MAIN);
    if (main && !isLeft) main.scrollTo({ top: place });
    if (main && !isLeft && Math.abs(main.scrollTop - place) > 2 && performance.now() < until) return setTimeout(attempt, 60);
    for (const name of gestures) window.removeEventListener(name, leave);
  };
  attempt();
}

// On a phone the filters stand above the list: they begin closed. Streamlit may open them once more while
// the page arrives, so they are closed again until somebody has touched them on this page.
const begun = new WeakSet();

function closeFilters() {
  const filters = document.querySelector(".st-key-sidebar details");
  if (window.innerWidth > 640 || !filters || begun.has(filters)) return;
  begun.add(filters);
  const until = performance.now() + 8000;
  const attempt = () => {
    const isTouched = window.fieldmarksTouched === document.location.pathname;
    if (isTouched || !filters.isConnected || performance.now() > until) return;
    if (filters.open && !filters.getAnimations().length) filters.querySelector("summary").click();
    setTimeout(attempt, 300);
  };
  attempt();
}

function touched(event) {
  if (event.target.closest?.(".st-key-sidebar")) window.fieldmarksTouched = document.location.pathname;
}

// A table of figures may be wider than a phone: it scrolls by itself, by touch and by keyboard.
function scrollTables() {
  for (const table of document.querySelectorAll('[data-testid="stMarkdownContainer"] table')) {
    const frame = table.parentElement;
    frame.style.overflowX = "auto";
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }
}

let returning = 0; // the place on the page that a link leads back to

// Streamlit follows its own links to the page on show without changing the address: what was on show stays
// in it and comes back with the next click; nor does it open a new tab where one is asked for. They are
// followed as the links of components are.
function followed(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  const href = link?.getAttribute("href");
  if (!href || href.startsWith("#") || link.target || link.hasAttribute("download")) return;
  if (link.origin !== document.location.origin) return;
  event.stopPropagation();
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  returning = places[state(link.href)] ?? 0;
  go(link.href);
  returning = 0;
  document.querySelector(MAIN)?.scrollTo({ top: 0 });
}

function watch() {
  if (window.fieldmarksWatches) return;
  window.fieldmarksWatches = true;
  document.addEventListener("click", followed, { capture: true });
  for (const name of ["keydown", "pointerdown"]) document.addEventListener(name, touched, { capture: true });
  let isDue = false; // once a frame: to ask for a width lays the page out again
  const fit = () => ((isDue = false), closeFilters(), scrollTables());
  const due = () => {
    if (!isDue) requestAnimationFrame(fit);
    isDue = true;
  };
  new MutationObserver(due).observe(document.querySelector(APP), { childList: true, subtree: true });
  fit(); // what was drawn before
  window.addEventListener("popstate", (event) => arrived(event.isTrusted ? event.state?.place : returning));
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
