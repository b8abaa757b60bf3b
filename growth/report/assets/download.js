// Downloads: what is shown as CSV, never cut short.

function save(blob, file) {
  const link = make("a", { href: URL.createObjectURL(blob), download: file });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const fileName = (text) =>
  text.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80).toLowerCase() || "topics";

// A spreadsheet takes a cell that begins so for a formula: an apostrophe keeps it text.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]*[=+\-@]|^[\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function saveCsv(header, rows, file) {
  const lines = [header, ...rows].map((row) => `${row.map(cell).join(",")}\n`);
  save(new Blob(lines, { type: "text/csv;charset=utf-8" }), file);
}

const SERIES_COLUMNS = [
  "topic", "kind", "from", "to", "articles", "total", "share", "level", "level_low_95",
  "level_high_95", "trend_share",
];
const digits = (value) => (value === null ? null : Number(value.toPrecision(4)));

function* seriesRows(topics) {
  for (const index of topics) {
    for (const [k, bin] of seriesOf(index).bins.entries()) {
      yield [
        data.label[index], name("kind", index), isoDate(data.from[k]), isoDate(data.to[k]), bin.count, bin.total,
        bin.share, digits(bin.level), digits(bin.low95), digits(bin.high95), digits(bin.fitted),
      ];
    }
  }
}

const seriesLength = (topics) => topics.length * data.totals.length;

function saveSeries(topics, file) {
  saveCsv(SERIES_COLUMNS, seriesRows(topics), file);
}

function saveNumbers(topics, file) {
  const numbers = Object.keys(data.numbers);
  const dates = Object.keys(data.dates);
  const flags = Object.keys(data.flags);
  const header = [
    "topic_id", "topic", "kind", "articles", "share", "direction", "phase", "shape", "what_happened", ...numbers, ...dates, ...flags,
  ];
  const rows = topics.map((index) => [
    data.id[index], data.label[index], name("kind", index), data.count[index], share(index), name("direction", index),
    name("phase", index), name("shape", index), data.happened[index], ...numbers.map((column) => number(column, index)),
    ...dates.map((column) => (data.dates[column][index] === null ? null : isoDate(data.dates[column][index]))),
    ...flags.map((column) => data.flags[column][index]),
  ]);
  saveCsv(header, rows, file);
}
