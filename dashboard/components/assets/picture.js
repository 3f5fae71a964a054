// A picture for whoever asked for it: the map shows it under the pointer.

export default function ({ data }) {
  window.dispatchEvent(new CustomEvent("fieldmarks.picture", { detail: data }));
}
