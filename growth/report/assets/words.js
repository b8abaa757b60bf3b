// How shares, counts, rates and dates are said: as growth/shown/words.py says them.

const NOTHING = "–";
const formatted = new Intl.NumberFormat("en");
const whole = (value) => formatted.format(value);

function percent(value) {
  if (value === null) return NOTHING;
  if (value < 1e-4) return value > 0 ? "<0.01%" : "0%";
  return value >= 0.1 ? `${(100 * value).toFixed(1)}%` : `${(100 * value).toFixed(2)}%`;
}

const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(1);
const qValue = (value) => (value < 1e-4 ? "<0.0001" : value.toFixed(4));
const duration = (days) => (days < 730 ? `${days.toFixed(0)} days` : `${(days / 365.25).toFixed(1)} years`);
const multiplied = (days) => `${days > 0 ? "doubled" : "halved"} every ${duration(Math.abs(days))}`;

function lasting(days) {
  if (days < 1) return "less than a day";
  return days <= data.to.at(-1) - data.from[0] ? duration(days) : "longer than the window";
}

const interval = (value, low, high) => `${value} (95%: ${low} to ${high})`;

const longDate = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const monthName = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
const date = (day) => longDate.format(day * DAY);
const isoDate = (day) => new Date(day * DAY).toISOString().slice(0, 10);

function binName(k) {
  const [from, to] = [data.from[k], data.to[k]];
  const month = new Date(from * DAY);
  const last = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0));
  if (month.getUTCDate() === 1 && to * DAY === last.getTime()) return monthName.format(month);
  return from === to ? date(from) : longDate.formatRange(from * DAY, to * DAY);
}

function describe(index) {
  const [start, end] = ["share_start", "share_end"].map((column) => percent(number(column, index)));
  return `${data.label[index]}: share of articles from ${start} to ${end}; ${data.happened[index]}`;
}
