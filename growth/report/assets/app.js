// The state of the page is its address: what is chosen stands after the #, and is read from there.

const DEFAULTS = {
  topic: null, compare: [], kind: "", same: false, q: "", tableKind: "", direction: "", phase: "",
  sort: "count", up: false, measure: "share", scale: "linear",
};
let state = { ...DEFAULTS };

function readAddress() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  const known = (names, value) => (names.includes(value) ? value : "");
  const of = (column, key) => known(data.names[column].names, chosen.get(key));
  const compare = (chosen.get("compare") ?? "").split(",").map((id) => placeOf.get(id));
  return {
    topic: placeOf.get(chosen.get("topic")) ?? null,
    compare: [...new Set(compare)].filter((index) => index !== undefined).slice(0, MOST),
    kind: of("kind", "kind"),
    same: chosen.get("same") === "1",
    q: chosen.get("q") ?? "",
    tableKind: of("kind", "of"),
    direction: of("direction", "direction"),
    phase: of("phase", "phase"),
    sort: known(Object.keys(KEYS), chosen.get("sort")) || DEFAULTS.sort,
    up: chosen.get("up") === "1",
    measure: known(["share", "count"], chosen.get("measure")) || DEFAULTS.measure,
    scale: known(["linear", "log"], chosen.get("scale")) || DEFAULTS.scale,
  };
}

function address() {
  const chosen = new URLSearchParams();
  const put = (key, value, usual) => value !== usual && chosen.set(key, value);
  if (state.topic !== null) chosen.set("topic", data.id[state.topic]);
  put("compare", state.compare.map((index) => data.id[index]).join(","), "");
  put("kind", state.kind, "");
  put("same", state.same ? "1" : "", "");
  put("q", state.q, "");
  put("of", state.tableKind, "");
  put("direction", state.direction, "");
  put("phase", state.phase, "");
  put("sort", state.sort, DEFAULTS.sort);
  put("up", state.up ? "1" : "", "");
  put("measure", state.measure, DEFAULTS.measure);
  put("scale", state.scale, DEFAULTS.scale);
  return chosen.toString().replaceAll("%2C", ",");
}

// Which part shows which choices.
const PARTS = [
  [showLists, ["kind", "same"]],
  [showTable, ["q", "tableKind", "direction", "phase", "sort", "up"]],
  [showCompare, ["compare", "measure", "scale", "topic"]],
  [showTopic, ["topic"]],
];

function change(next, everything = false) {
  const changed = Object.keys(DEFAULTS).filter((key) => String(state[key]) !== String(next[key]));
  state = next;
  for (const [show, keys] of PARTS) if (everything || keys.some((key) => changed.includes(key))) show();
}

function go(choices) {
  const before = state.topic;
  change({ ...state, ...choices });
  const text = address();
  const url = text ? `#${text}` : location.pathname + location.search;
  // Opening a topic is a step back can undo; the rest is not.
  if (state.topic !== null && state.topic !== before) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

// A link to a topic keeps all other choices; one to a part of the page goes there and leaves the
// address as it is.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !data) return;
  event.preventDefault();
  const target = link.getAttribute("href").slice(1);
  if (target.startsWith("topic=")) return go({ topic: placeOf.get(target.slice(6)) });
  const part = byId(target);
  part.tabIndex = -1;
  part.scrollIntoView();
  part.focus({ preventScroll: true });
});
for (const happening of ["hashchange", "popstate"]) {
  addEventListener(happening, () => {
    if (data && (!location.hash || location.hash.includes("="))) change(readAddress());
  });
}
addEventListener("resize", () => {
  drawTopic();
  drawCompare();
});
document.addEventListener("pointerdown", hideTip);

async function start() {
  document.documentElement.classList.add("script");
  specifications = JSON.parse(byId("specifications").textContent);
  data = await unpack(byId("data").textContent);
  data.id.forEach((id, index) => placeOf.set(id, index));
  startLists();
  startTable();
  startTopic();
  startCompare();
  change(readAddress(), true);
  document.documentElement.dataset.ready = "true";
  performance.mark("ready");
}

start().catch((error) => {
  // As without a script: the lists stand there anyway.
  document.documentElement.classList.remove("script");
  throw error;
});
