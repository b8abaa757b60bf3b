// Charts: a specification, a topic's rows in it, drawn by Vega without eval (ast).

const ACCENTS = { growing: "var(--grow)", shrinking: "var(--shrink)" };
const accent = (index) => ACCENTS[name("direction", index)] ?? "var(--steady)";

function prepare(kind, rows, signals, change = {}) {
  const spec = Object.assign(structuredClone(specifications[kind]), change);
  for (const source of spec.data) if (source.name in rows) source.values = rows[source.name];
  for (const signal of spec.signals ?? []) if (signal.name in signals) signal.value = signals[signal.name];
  return spec;
}

function topicChart(kind, index, { top = highest(index), ...change } = {}) {
  const { curve, bins } = seriesOf(index);
  const points = bins
    .map((bin, k) => bin.share !== null && {
      ...bin,
      tip: [
        binName(k),
        `${whole(bin.count)} of ${whole(bin.total)} articles, ${percent(bin.share)}`,
        bin.level === null
          ? "no article before"
          : `level ${interval(...[bin.level, bin.low95, bin.high95].map(percent))}`,
      ].join("\n"),
    })
    .filter(Boolean);
  const last = curve.length - 1;
  const rows = curve.map((point, k) => ({ ...point, end: k === last ? percent(number("share_end", index)) : null }));
  const drawn = [...rows, ...jumpOf(index)].sort((a, b) => a.t - b.t);
  return prepare(kind, { points, curve: drawn }, { accent: accent(index), top }, change);
}

// Both ends of a step or an event, so that it is drawn upright.
function jumpOf(index) {
  const day = data.dates.step_on[index] ?? data.dates.event_on[index];
  if (day === null) return [];
  return ["before", "after"].map((side, late) => ({
    t: day * DAY - 1 + late,
    level: null,
    fitted: number(`jump_share_${side}`, index),
  }));
}

const views = new WeakMap();

async function draw(container, spec) {
  hideTip();
  views.get(container)?.finalize();
  const result = await vegaEmbed(container, spec, {
    mode: "vega",
    ast: true,
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    tooltip: showTip,
  });
  // The container is the picture and has its description.
  container.querySelector("svg").ariaHidden = "true";
  views.set(container, result);
  return result.view;
}

// The room inside a chart's padding.
function innerWidth(container, spec) {
  const { left, right } = spec.padding;
  return Math.max(180, container.clientWidth - left - right);
}

function showTip(handler, event, item, value) {
  const tip = byId("tip");
  tip.hidden = !value;
  if (!value) return;
  tip.textContent = value.tip;
  const [x, y] = [event.clientX ?? 0, event.clientY ?? 0];
  const { width, height } = tip.getBoundingClientRect();
  tip.style.transform =
    `translate(${Math.max(4, Math.min(x + 14, window.innerWidth - width - 4))}px,` +
    `${y - height - 12 > 4 ? y - height - 12 : y + 18}px)`;
}

function hideTip() {
  byId("tip").hidden = true;
}

// A chart as a file: drawn again with its title and the colours of the day in place of variables.

async function picture(spec, title) {
  const stage = make("div");
  const result = await vegaEmbed(
    stage,
    {
      ...spec,
      background: "var(--paper)",
      padding: { ...spec.padding, top: 44 },
      title: {
        text: title, anchor: "start", frame: "group", color: "var(--ink)", fontSize: 15, offset: 14,
        limit: spec.width, font: "sans-serif",
      },
    },
    { mode: "vega", ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: false },
  );
  const svg = await result.view.toSVG();
  result.finalize();
  const style = getComputedStyle(document.documentElement);
  return svg.replace(/var\((--[a-z0-9-]+)\)/g, (_, variable) => style.getPropertyValue(variable).trim());
}

async function savePicture(spec, title, format) {
  const svg = new Blob([await picture(spec, title)], { type: "image/svg+xml" });
  if (format === "svg") return save(svg, `${fileName(title)}.svg`);
  const image = new Image();
  image.src = URL.createObjectURL(svg);
  await image.decode();
  const canvas = make("canvas", { width: 2 * image.width, height: 2 * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return canvas.toBlob((png) => save(png, `${fileName(title)}.png`), "image/png");
}
