// The data: unpacked once, a topic's series when it is asked for. Text from the archive becomes
// text nodes and nothing else: no string is ever parsed as HTML.

const DAY = 86400000;
const byId = (id) => document.getElementById(id);

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

async function unpack(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// The inverse of pack._bends: a first value, a first difference, then changes of the difference.
function unbend(row, step) {
  let value = 0;
  let difference = 0;
  return row.map((change) => {
    difference += change;
    value += difference;
    return value * step;
  });
}

const expit = (x) => 1 / (1 + Math.exp(-x));

let data;
let specifications;
const series = new Map();
const placeOf = new Map();

function name(column, index) {
  const { names, of } = data.names[column];
  return names[of[index]];
}
const number = (column, index) => data.numbers[column][index];
const share = (index) => data.count[index] / data.articles;

// What is drawn of a topic: its bins, and its curve from the first day with articles by way of each
// bin's middle to the last: the level, not before the first article, and the fitted trend or curve. A bin
// of which nothing is loaded has neither share nor level.
function seriesOf(index) {
  if (!series.has(index)) {
    const eta = unbend(data.level[index], data.steps[0]);
    const half = unbend(data.half[index], data.steps[1]);
    const fitted = unbend(data.fitted[index], data.steps[0]).map(expit);
    const ratio = data.narrower;
    const begins = data.begins[index];
    const nothing = { level: null, low95: null, high95: null, low80: null, high80: null };
    const points = eta.map((x, k) => ({
      ...nothing,
      t: data.times[k],
      fitted: fitted[k],
      ...(k >= begins && {
      level: expit(x),
      low95: expit(x - half[k]),
      high95: expit(x + half[k]),
      low80: expit(x - ratio * half[k]),
      high80: expit(x + ratio * half[k]),
      }),
    }));
    const [first, last] = [data.times[0], data.times.at(-1)];
    const curve = points.filter(({ t }) => first <= t && t <= last);
    const bins = data.counts[index].map((count, k) => ({
      ...(data.totals[k] ? points[k + 1] : { ...nothing, t: null, fitted: null }),
      from: data.from[k] * DAY,
      to: (data.to[k] + 1) * DAY,
      count,
      total: data.totals[k],
      share: data.totals[k] ? count / data.totals[k] : null,
    }));
    series.set(index, { curve, bins });
  }
  return series.get(index);
}

function highest(index) {
  const { curve, bins } = seriesOf(index);
  return 1.08 * Math.max(...curve.map((p) => p.level ?? 0), ...bins.map((p) => p.share ?? 0));
}
