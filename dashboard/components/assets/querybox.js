// A search field that completes attributes and classes while one types, without asking the server.

const SHOWN = 8;
const NEGATION = /^\s*(?:not|no|without)\s+/i;
const CLASS_TERM = /(true|predicted|pred):"?([^"]*)$/i;

// The part of the text that is being typed: from the last comma, or the class term at its end.
function current(text) {
  const start = Math.max(text.lastIndexOf(","), text.lastIndexOf(";")) + 1;
  const term = text.slice(start);
  const classTerm = term.match(CLASS_TERM);
  if (classTerm) {
    return { start: start + classTerm.index, role: classTerm[1], typed: classTerm[2].toLowerCase() };
  }
  const lead = term.match(NEGATION)?.[0] ?? term.match(/^\s*/)[0];
  return { start: start + lead.length, role: null, typed: term.slice(lead.length).toLowerCase() };
}

// Beginnings of phrases first, then beginnings of words, then anything inside; common ones first.
function matches(text, data) {
  const { role, typed } = current(text);
  const pool = role ? data.classes : data.phrases;
  if (!typed.trim() && !role) return [];
  const score = (name) => {
    const folded = name.toLowerCase();
    if (folded.startsWith(typed)) return 0;
    if (folded.split(/\s+/).some((word) => word.startsWith(typed))) return 1;
    return folded.includes(typed) ? 2 : 3;
  };
  return pool
    .map((entry, i) => ({ ...entry, rank: score(entry.search ?? entry.text) * 1e7 + i }))
    .filter((entry) => entry.rank < 3e7 && entry.text !== typed)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, SHOWN);
}

function build(root) {
  const form = make("form", "query");
  const input = make("input");
  const list = make("ul");
  Object.assign(input, { type: "search", autocomplete: "off", spellcheck: false, id: "field" });
  const roles = { role: "combobox", "aria-autocomplete": "list", "aria-controls": "near", "aria-expanded": "false" };
  for (const [name, value] of Object.entries(roles)) input.setAttribute(name, value);
  list.id = "near";
  list.setAttribute("role", "listbox");
  form.append(input, list);
  root.replaceChildren(form);

  const box = { form, input, list, data: null, options: [], at: -1 };
  const draw = () => {
    box.options = matches(input.value, box.data);
    box.at = Math.min(box.at, box.options.length - 1);
    list.replaceChildren(
      ...box.options.map((option, i) => {
        const item = make("li", i === box.at ? "active" : "");
        item.id = `option${i}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", String(i === box.at));
        item.append(make("span", "", option.text), make("span", "muted", option.note));
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          take(option);
        });
        return item;
      }),
    );
    input.setAttribute("aria-expanded", String(box.options.length > 0));
    input.setAttribute("aria-activedescendant", box.at >= 0 ? `option${box.at}` : "");
  };
  const close = () => {
    box.options = [];
    box.at = -1;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
  };
  const submit = () => {
    close();
    const query = input.value.trim().replace(/[,;\s]+$/, "");
    const asked = new URLSearchParams(document.location.search);
    const wanted = box.data.kept.filter((key) => asked.get(key)).map((key) => [key, asked.get(key)]);
    if (query) wanted.push(["q", query]);
    go(`${box.data.page}?${new URLSearchParams(wanted)}`);
  };
  const take = (option) => {
    const { start, role } = current(input.value);
    input.value = input.value.slice(0, start) + (role ? `${role}:"${option.text}"` : option.text);
    submit();
  };
  input.addEventListener("input", () => {
    box.at = -1;
    draw();
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // letters typed here are no shortcuts
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && box.options.length) {
      event.preventDefault();
      box.at = (box.at + step + box.options.length) % box.options.length;
      draw();
    } else if (event.key === "Escape") close();
    else if (event.key === "Tab" && box.at >= 0) {
      event.preventDefault();
      take(box.options[box.at]);
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (box.at >= 0) take(box.options[box.at]);
    else submit();
  });
  return box;
}

const boxes = new WeakMap();

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  let box = boxes.get(root);
  if (!box) boxes.set(root, (box = build(root)));
  box.data = data;
  box.input.placeholder = data.placeholder;
  box.input.setAttribute("aria-label", data.label);
  if (box.shown !== data.value) box.input.value = data.value;
  box.shown = data.value;
}
