// Up to eight topics in one chart.

const MOST = 8;
const TITLES = { share: "Share of articles", count: "Number of articles" };
let compareWidth = 0;

function startCompare() {
  byId("measure").onchange = (event) => go({ measure: event.target.value });
  byId("scale").onchange = (event) => go({ scale: event.target.value });
  byId("compare-csv").onclick = () => saveSeries(state.compare, "comparison.csv");
  byId("compare-clear").onclick = () => go({ compare: [] });
  for (const format of ["svg", "png"])
    byId(`compare-${format}`).onclick = () =>
      savePicture(labelled({ ...comparison(), width: 620 }), TITLES[state.measure], format);
}

function toggleCompared(index) {
  const { compare } = state;
  if (compare.includes(index)) go({ compare: compare.filter((other) => other !== index) });
  else if (compare.length < MOST) go({ compare: [...compare, index] });
}

function showCompare() {
  const { compare } = state;
  byId("compare-count").textContent = compare.length ? `(${compare.length})` : "";
  byId("compare-hint").hidden = compare.length > 0;
  byId("comparison").hidden = !compare.length;
  for (const tick of document.querySelectorAll("[data-compare]")) {
    tick.checked = compare.includes(Number(tick.dataset.compare));
    tick.disabled = !tick.checked && compare.length >= MOST;
  }
  const button = byId("topic-compare");
  const chosen = compare.includes(state.topic);
  button.textContent = chosen ? "Compared" : "Compare";
  button.ariaPressed = String(chosen);
  button.disabled = !chosen && compare.length >= MOST;
  if (!compare.length) return;
  byId("measure").value = state.measure;
  byId("scale").value = state.scale;
  byId("compare-csv").textContent = `Download these series (CSV, ${whole(seriesLength(compare))} rows)`;
  byId("chips").replaceChildren(...compare.map(chip));
  byId("compare-chart").ariaLabel = compare.map(describe).join(". ");
  byId("compare-note").textContent = zeros();
  compareWidth = 0;
  drawCompare();
}

// The paths of the points, as the chart has them.
const shapes = () => specifications.linear.scales.find((scale) => scale.name === "shape").range;

function chip(index, place) {
  const remove = make("button", { type: "button", "aria-label": `Remove ${data.label[index]}` }, "×");
  remove.onclick = () => toggleCompared(index);
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [key, value] of Object.entries({ width: 14, height: 14, viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": true }))
    mark.setAttribute(key, value);
  path.setAttribute("d", shapes()[place]);
  path.setAttribute("fill", `var(--c${place})`);
  mark.append(path);
  return make("li", {}, mark, topicLink(index), remove);
}

function comparison() {
  const count = state.measure === "count";
  const lines = state.compare.flatMap((index, place) =>
    seriesOf(index).bins.flatMap((bin, k) => {
      if (!bin.total) return [];
      const value = count ? bin.count : bin.share;
      const level = bin.level !== null && count ? bin.level * bin.total : bin.level;
      const write = count ? (number) => number.toPrecision(3) : percent;
      return {
        t: data.times[k + 1],
        place: String(place),
        // A logarithm has no zero: what is 0 is said below the chart, not drawn.
        value: state.scale === "log" && !value ? null : value,
        level: state.scale === "log" && !(level > 0) ? null : level,
        tip: `${data.label[index]}\n${binName(k)}\n${whole(bin.count)} of ${whole(bin.total)} articles, ${percent(bin.share)}\n${level === null ? "no article before" : `level ${write(level)}`}`,
      };
    }),
  );
  return prepare(state.scale, { lines }, { measure: state.measure, floor: lowest(lines) });
}

// The lowest of a logarithmic scale: half of the smallest value that is not 0, so that curves which
// come from next to nothing do not press all others together.
function lowest(lines) {
  return Math.min(...lines.map((row) => row.value || Infinity)) / 2;
}

function drawCompare() {
  const container = byId("compare-chart");
  if (!state.compare.length || container.clientWidth === compareWidth) return;
  compareWidth = container.clientWidth;
  const spec = comparison();
  spec.width = innerWidth(container, spec);
  draw(container, spec);
}

function zeros() {
  if (state.scale !== "log") return "";
  const parts = state.compare
    .map((index) => [index, seriesOf(index).bins.filter((bin) => bin.total && !bin.count).length])
    .filter(([, number]) => number)
    .map(([index, number]) => `${data.label[index]} (${number})`);
  return parts.length
    ? `Not drawn, as a logarithmic scale has no zero: ${data.unit}s without an article of ${parts.join(", ")}.`
    : "";
}

// For a file: the names below the chart, which the page shows above it.
function labelled(spec) {
  const room = 18;
  return {
    ...spec,
    padding: { ...spec.padding, bottom: spec.padding.bottom + 14 + room * state.compare.length },
    marks: [
      ...spec.marks,
      ...state.compare.flatMap((index, place) => {
        const y = spec.height + 36 + room * place;
        const colour = { value: `var(--c${place})` };
        return [
          { type: "symbol", encode: { enter: { x: { value: 5 }, y: { value: y }, shape: { value: shapes()[place] }, size: { value: 60 }, fill: colour } } },
          { type: "text", encode: { enter: { x: { value: 16 }, y: { value: y }, text: { value: data.label[index] }, fill: { value: "var(--ink)" }, baseline: { value: "middle" }, fontSize: { value: 12 }, limit: { value: spec.width }, font: { value: "sans-serif" } } } },
        ];
      }),
    ],
  };
}
