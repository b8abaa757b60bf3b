// The table of all topics.

const PAGE = 50;
let rowsShown = PAGE;
let found = [];

const KEYS = {
  label: (index) => data.label[index],
  kind: (index) => name("kind", index),
  count: (index) => data.count[index],
  happened: (index) => data.happened[index],
  share_start: (index) => number("share_start", index),
  share_end: (index) => number("share_end", index),
  sure_growth: (index) => number("sure_growth", index),
  q_value: (index) => number("q_value", index),
};
// A first click on a column puts these the small way up.
const ASCENDING = ["label", "kind", "happened", "q_value"];
const order = new Intl.Collator("en", { numeric: true });
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
let searchable;

function startTable() {
  searchable = data.label.map(plain);
  for (const column of ["kind", "direction", "phase"]) fillChoices(byId(column), data.names[column].names);
  fillChoices(byId("list-kind"), data.names.kind.names);
  byId("search").oninput = (event) => go({ q: event.target.value });
  byId("kind").onchange = (event) => go({ tableKind: event.target.value });
  byId("direction").onchange = (event) => go({ direction: event.target.value });
  byId("phase").onchange = (event) => go({ phase: event.target.value });
  document.querySelector("#all form").onsubmit = (event) => event.preventDefault();
  for (const heading of document.querySelectorAll("th[data-sort]")) {
    heading.querySelector("button").onclick = () => {
      const sort = heading.dataset.sort;
      const up = ASCENDING.includes(sort);
      go({ sort, up: state.sort === sort ? !state.up : up });
    };
  }
  byId("more-rows").onclick = () => {
    rowsShown += 2 * PAGE;
    showRows();
  };
  byId("csv-numbers").onclick = () => saveNumbers(found, "topics.csv");
  byId("csv-series").onclick = () => saveSeries(found, "series.csv");
}

function fillChoices(select, names) {
  select.append(make("option", { value: "" }, "all"), ...names.map((value) => make("option", { value }, value)));
}

function showTable() {
  if (byId("search").value !== state.q) byId("search").value = state.q;
  byId("kind").value = state.tableKind;
  byId("direction").value = state.direction;
  byId("phase").value = state.phase;
  const words = plain(state.q).split(/\s+/).filter(Boolean);
  const wanted = { kind: state.tableKind, direction: state.direction, phase: state.phase };
  found = [];
  for (let index = 0; index < data.id.length; index++) {
    if (
      words.every((word) => searchable[index].includes(word)) &&
      Object.entries(wanted).every(([column, value]) => !value || name(column, index) === value)
    )
      found.push(index);
  }
  const key = KEYS[state.sort];
  const sign = state.up ? 1 : -1;
  const keys = new Map(found.map((index) => [index, key(index)]));
  const text = typeof keys.values().next().value === "string";
  found.sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    return sign * (text ? order.compare(x, y) : x - y) || a - b;
  });
  for (const heading of document.querySelectorAll("th[data-sort]")) {
    if (heading.dataset.sort === state.sort) heading.ariaSort = state.up ? "ascending" : "descending";
    else heading.ariaSort = null;
  }
  rowsShown = PAGE;
  byId("found").textContent =
    found.length === data.id.length
      ? `${whole(found.length)} topics`
      : `${whole(found.length)} of ${whole(data.id.length)} topics`;
  showRows();
}

function showRows() {
  byId("rows").replaceChildren(...found.slice(0, rowsShown).map(makeRow));
  const left = found.length - rowsShown;
  const more = byId("more-rows");
  more.hidden = left <= 0;
  more.textContent = `Show ${whole(Math.min(left, 2 * PAGE))} more of ${whole(left)}`;
  byId("csv-numbers").textContent = `Download the numbers (CSV, ${whole(found.length)} rows)`;
  byId("csv-series").textContent = `Download the series (CSV, ${whole(seriesLength(found))} rows)`;
  byId("csv-numbers").disabled = byId("csv-series").disabled = !found.length;
}

function makeRow(index) {
  const tick = make("input", { type: "checkbox", "aria-label": `Compare ${data.label[index]}` });
  tick.dataset.compare = index;
  tick.checked = state.compare.includes(index);
  tick.disabled = !tick.checked && state.compare.length >= MOST;
  tick.onchange = () => toggleCompared(index);
  const cells = [
    [tick, "tick"],
    [[topicLink(index), make("span", { className: "facts narrow" }, data.happened[index])], "name"],
    [name("kind", index), "wide"],
    [whole(data.count[index]), "figure"],
    [percent(number("share_start", index)), "figure wide"],
    [percent(number("share_end", index)), "figure"],
    [signed(number("sure_growth", index)), "figure wide"],
    [qValue(number("q_value", index)), "figure wide"],
    [data.happened[index], "words"],
  ];
  return make("tr", {}, ...cells.map(([content, className]) => make("td", { className }, ...[content].flat())));
}
