// One topic: a larger chart, its numbers, its articles.

const CURVES = {
  trend: "trend: constant growth",
  s_curve: "S-curve: levels off",
  pulse: "pulse: rises and falls",
  step: "step: from one share to another",
  step_drift: "step with a drift: from one share to another, then constant growth",
  event: "event: a jump that dies away",
};
let topicWidth = 0;

function startTopic() {
  const dialog = byId("topic");
  // By its own button, by Escape or by the address: the address is what counts.
  dialog.onclose = () => state.topic !== null && go({ topic: null });
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  byId("topic-close").onclick = () => dialog.close();
  byId("topic-compare").onclick = () => toggleCompared(state.topic);
  byId("topic-csv").onclick = () => saveSeries([state.topic], `${fileName(data.label[state.topic])}.csv`);
  for (const format of ["svg", "png"]) {
    byId(`topic-${format}`).onclick = () => {
      const spec = topicChart("large", state.topic, { width: 720 });
      savePicture(spec, `${data.label[state.topic]}: share of articles`, format);
    };
  }
}

function showTopic() {
  const dialog = byId("topic");
  const index = state.topic;
  if (index === null) {
    if (dialog.open) dialog.close();
    return;
  }
  byId("topic-title").replaceChildren(make("bdi", {}, data.label[index]));
  const facts = [name("kind", index), `${whole(data.count[index])} articles`, data.happened[index], data.pace[index] && `odds ${data.pace[index]}`];
  byId("topic-facts").replaceChildren(facts.filter(Boolean).join(" · "));
  if (data.also[index]) byId("topic-facts").append(also(index));
  const poorly = data.poor.includes(index) ? `, which fits ${data.fits[index]}` : "";
  byId("topic-dashed").textContent = `Dashed: the fitted ${data.said.shape[name("shape", index)]}${poorly}.`;
  byId("topic-csv").textContent = `Download the series (CSV, ${whole(seriesLength([index]))} rows)`;
  showNumbers(index);
  showEvidence(index);
  showSeries(index);
  if (!dialog.open) {
    dialog.showModal();
    byId("topic-title").focus();
  }
  dialog.scrollTop = 0;
  byId("topic-chart").ariaLabel = describe(index);
  topicWidth = 0;
  drawTopic();
}

function drawTopic() {
  const container = byId("topic-chart");
  if (state.topic === null || container.clientWidth === topicWidth) return;
  topicWidth = container.clientWidth;
  const spec = topicChart("large", state.topic);
  spec.width = innerWidth(container, spec);
  draw(container, spec);
}

function showNumbers(index) {
  const told = (columns, write) => {
    const [value, low, high] = columns.map((column) => number(column, index));
    if (low === null || high === null) return write(value);
    return interval(...[value, low, high].map(write));
  };
  const ends = (column) => [column, `${column}_low`, `${column}_high`];
  const dated = (column) =>
    interval(...["on", "low_on", "high_on"].map((end) => date(data.dates[`${column}_${end}`][index])));
  const [before, after, settled] = ["jump_share_before", "jump_share_after", "event_share_settled"]
    .map((column) => percent(number(column, index)));
  const drift = number("drift_rate", index);
  const growthBy = { trend: "by its trend", change: "by the change from first to last quarter" };
  const first = data.dates.first_seen_on[index];
  const rows = [
    ["Articles", `${whole(data.count[index])}, ${percent(share(index))} of all in the window`],
    ["Share at the start", data.begins[index] ? `no article before ${date(first)}` : told(ends("share_start"), percent)],
    ["Share at the end", told(ends("share_end"), percent)],
    ["Highest share", `${percent(number("share_highest", index))}, about ${date(data.dates.highest_on[index])}`],
    [
      `Growth a year, log-odds, ${growthBy[name("listed_by", index)]}`,
      told(["listed_rate", "listed_low", "listed_high"], signed),
    ],
    ["Pace", data.pace[index] && `odds ${data.pace[index]}`],
    ["Trend over the whole window, a year", told(["growth_rate", "ci_low", "ci_high"], signed)],
    ["Change from first to last quarter, a year", number("change_rate", index) !== null && signed(number("change_rate", index))],
    ["Sure growth a year", signed(number("sure_growth", index))],
    ["How sure", `q ${qValue(number("q_value", index))}: ${data.said.q}`],
    ["One burst", data.flags.one_burst[index] && data.said.one_burst],
    ["Fitted curve (dashed)", CURVES[name("shape", index)]],
    ["It fits", data.fits[index]],
    ["Its ceiling", number("ceiling", index) !== null && told(ends("ceiling"), percent)],
    ["It was half-way", data.dates.midpoint_on[index] !== null && dated("midpoint")],
    ["It peaked", data.dates.peak_on[index] !== null && `${dated("peak")}, at ${percent(number("peak_share", index))}`],
    ["Its step", data.dates.step_on[index] !== null && `${dated("step")}, from ${before} to ${after}`],
    ["From then on", drift !== null && `its odds ${multiplied((Math.LN2 / drift) * 365.25)}`],
    ["Its event", data.dates.event_on[index] !== null && `${dated("event")}, from ${before} to ${after}, then down to ${settled}`],
    ["Half-life", number("half_life_days", index) !== null && `${told(ends("half_life_days"), lasting)}, of what it added to the log-odds`],
    ["Articles a day at the end", number("articles_a_day_end", index)?.toFixed(1)],
    ["Unevenness of days, of weeks and months", `${number("dispersion", index).toFixed(1)}, ${number("long_run_dispersion", index).toFixed(1)} times chance`],
    ["First article loaded", first !== null && date(first)],
  ];
  const shown = rows.filter(([, value]) => value);
  byId("topic-numbers").replaceChildren(
    ...shown.flatMap(([term, value]) => [make("dt", {}, term), make("dd", {}, value)]),
  );
}

// Only addresses of the web become links; any other stays unsaid.
function webAddress(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function showEvidence(index) {
  const { on, url, headline, of, weeks } = data.evidence;
  const items = of[index].map((article, place) => {
    const address = webAddress(url[article]);
    const text = make("bdi", {}, headline[article] || "(no headline)");
    return make(
      "li",
      {},
      address ? make("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, text) : text,
      make("span", { className: "facts" }, `${date(on[article])}, for the week of ${date(on[article] - weeks[index][place])}`),
    );
  });
  byId("topic-evidence").replaceChildren(...items);
  byId("evidence").hidden = !items.length;
}

function showSeries(index) {
  byId("series-title").textContent = `The chart as a table, by ${data.unit}`;
  byId("series-unit").textContent = data.unit === "week" ? "Week" : "Month";
  const rows = seriesOf(index).bins.map((bin, k) => {
    const figures = [whole(bin.count), whole(bin.total), percent(bin.share), percent(bin.level)];
    return make("tr", {}, make("td", {}, binName(k)), ...figures.map((text) => make("td", { className: "figure" }, text)));
  });
  byId("series-rows").replaceChildren(...rows);
}
