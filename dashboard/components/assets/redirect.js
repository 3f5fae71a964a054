// Leads on to another address, which takes the place of this one in the history.

export default function ({ data }) {
  const url = new URL(data.href, document.location.href);
  if (url.origin !== document.location.origin) return;
  history.replaceState({}, "", url);
  window.dispatchEvent(new PopStateEvent("popstate"));
}
