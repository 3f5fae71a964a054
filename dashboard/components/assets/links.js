// What all components share: making elements from data, and following a link inside the app.
// Text from data only ever becomes textContent or an attribute; nothing is parsed as HTML.

// Where pages were left, by their address; shared by all components.
const places = (window.fieldmarksPlaces ??= {});

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null && text !== "") node.textContent = text;
  return node;
}

// A link that behaves as one (new tab, copy, keyboard) but is followed without loading the page again:
// the address changes and the app hears of it as it hears of Back and Forward.
function follow(node, href, toTop) {
  const url = new URL(href, document.location.href);
  if (url.origin !== document.location.origin) return node;
  node.href = href;
  node.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(href);
    if (toTop) document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
  });
  return node;
}

function go(href) {
  // Back finds the place on the page again, and so does a link back to it
  const place = document.querySelector('[data-testid="stMain"]')?.scrollTop;
  history.replaceState({ ...history.state, place }, "");
  places[state(document.location.href)] = place;
  history.pushState({}, "", href);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

// An address whatever the order of its parameters.
function state(href) {
  const url = new URL(href, document.location.href);
  url.searchParams.sort();
  return url.href;
}

function anchor(href, className, text, toTop) {
  return follow(make("a", className, text), href, toTop);
}

// A component that draws itself again loses the link that has the focus: the one in its place gets it.
function keepingFocus(draw) {
  return (args) => {
    const scope = args.parentElement.getRootNode();
    const all = () => [...args.parentElement.querySelectorAll("a[href], button, input")];
    const place = all().indexOf(scope.activeElement);
    const result = draw(args);
    if (place >= 0) all()[place]?.focus({ preventScroll: true });
    return result;
  };
}
