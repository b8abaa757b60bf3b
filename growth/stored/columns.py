"""The register: every column that a fit stores or the lists add, once.

To store one more number of each topic, add its line to TOPICS and run `make columns`. The tables,
the dbt models, the lists, the exported files and the page follow. Nothing heavy is imported here:
`growth top` reads this module at its start.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from growth.stored.result import Result

TEXT, INTEGER, BIGINT, NUMBER = "text", "integer", "bigint", "double precision"
DATE, BOOLEAN, TIME, TEXTS = "date", "boolean", "timestamptz", "text[]"

SHARE = "part of all articles, 0 to 1"
PROBABILITY = "probability, 0 to 1"
LOG_ODDS_A_YEAR = "log-odds a year"
RATIO = "ratio of variances"
DAYS = "days"

# What q is, said alike in the lists, on the page and in the docs.
Q_VALUE = (
    "of the topics with this q or a smaller one, the part that may be there by chance, given how "
    "news swings in these months"
)


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in Postgres, what it means and in what unit.

    ``value`` takes it from the result of a fit: of a run one value, of topics an array or a list
    with one value a topic. Dates may be given in years since the window's start. A column without
    ``value`` is worked out in SQL. ``of_every_topic``: topics without a fit have it too.

    ``group``: columns with one are in the three lists and in `growth top --json`, group by group,
    and within a group in the order of this module; those with ``in_csv`` are in `growth top --csv`
    too. ``on_page``: it is in the data of `growth report`. ``of_lists_alone``: only the lists have
    it. All others are in marts.fct_topic_growth, exported files and `growth show --json`.

    ``required``: the first version had it, and it is never null. A column that came later has a
    ``default``, in SQL, or is null in the runs that were stored before it. ``staged``: how
    staging selects it, where not by its name; empty where staging leaves it out.
    """

    name: str
    type: str
    value: "Callable[[Result], Any] | None" = None
    meaning: str = ""
    unit: str = ""
    of_every_topic: bool = False
    required: bool = False
    default: str = ""
    staged: str | None = None
    of_lists_alone: bool = False
    group: int = 0
    in_csv: bool = True
    on_page: bool = False


# fmt: off
RUNS = (
    Column("run_id", TEXT, lambda r: r.run_id, required=True),
    Column("outlet", TEXT, lambda r: r.settings.outlet, default="'nyt'",
        meaning="Short name of the outlet whose articles were fitted."),
    Column("window_start", DATE, lambda r: r.series.window.start, required=True),
    Column("window_end", DATE, lambda r: r.series.window.end, required=True),
    Column("fitted_to", DATE, lambda r: r.series.fitted_to,
        staged="coalesce(fitted_to, window_end) as fitted_to"),
    Column("period", TEXT, lambda r: r.settings.period, required=True,
        meaning="Length of the periods that were fitted."),
    Column("kinds", TEXT, lambda r: r.settings.kinds_text, required=True,
        meaning="Kinds of topics that were fitted, joined by +, or `all`."),
    Column("min_articles", INTEGER, lambda r: r.settings.min_articles, required=True,
        meaning="Fewest articles in the window for a topic to be fitted."),
    Column("false_discovery_rate", NUMBER, lambda r: r.settings.false_discovery_rate,
        default="0.05",
        meaning="A topic is listed as growing or shrinking where its `q_value` is at most this."),
    Column("missing_months", TEXT, lambda r: r.missing_months_text, default="''",
        meaning="Months of the window that were not loaded (--allow-gaps), else empty."),
    Column("periods", INTEGER, lambda r: r.periods, required=True,
        meaning="Number of periods with articles."),
    Column("articles", BIGINT, lambda r: int(r.series.totals.sum()), required=True,
        staged="articles as window_articles",
        meaning="Number of articles in the window."),
    Column("topics", INTEGER, lambda r: len(r.series.topic_ids), required=True,
        meaning="Number of topics in the window."),
    Column("converged", INTEGER, lambda r: r.with_status("converged"), required=True,
        meaning="Number of topics with a fit."),
    Column("not_converged", INTEGER, lambda r: r.with_status("not_converged"),
        meaning="Number of topics whose fit exists and was not found."),
    Column("s_curves", INTEGER, lambda r: r.with_shape("s_curve"),
        meaning="Number of topics whose articles support an S-curve."),
    Column("pulses", INTEGER, lambda r: r.with_shape("pulse"),
        meaning="Number of topics whose articles support a pulse."),
    Column("steps", INTEGER, lambda r: r.with_shape("step") + r.with_shape("step_drift"),
        meaning="Number of topics whose articles support a step, with or without a drift."),
    Column("events", INTEGER, lambda r: r.with_shape("event"),
        meaning="Number of topics whose articles support an event."),
    Column("noise_memory", NUMBER, lambda r: r.fit.noise.memory,
        meaning="How long the topics' noise lasts, as measured from all of them: the d of "
        "fractional noise, from 0 (weeks have nothing in common) to 0.5."),
    Column("noise_deviation", NUMBER, lambda r: r.noise_deviation, unit="log-odds",
        meaning="How strong the noise of a typical topic is: the standard deviation of the "
        "log-odds of its weekly share."),
    Column("seconds", NUMBER, lambda r: r.seconds,
        meaning="Time that reading and fitting took."),
    Column("input_sha256", TEXT, lambda r: r.input_sha256, required=True, staged="",
        meaning="Digest of the counts that were fitted."),
    Column("code_version", TEXT, lambda r: r.code_version, required=True,
        meaning="Version of this project that made the fit."),
    Column("fitted_at", TIME, required=True,
        meaning="When the fit was made."),
)

TOPICS = (
    Column("rank", INTEGER, of_lists_alone=True, group=1,
        meaning="Place in the list, from 1, within the run."),
    Column("run_id", TEXT, group=10, in_csv=False,
        meaning="Key of the fit: its window and settings."),
    Column("outlet", TEXT,
        meaning="Short name of the outlet whose articles were fitted."),
    Column("window_start", DATE, group=9, in_csv=False,
        meaning="First day of the fitted window."),
    Column("window_end", DATE, group=9, in_csv=False,
        meaning="Last day of the fitted window, which is one of whole months."),
    Column("fitted_to", DATE, group=10, in_csv=False,
        meaning="Last day of the window with articles: the fit goes up to it. Before `window_end` "
        "where the last month ends early; the same as `window_end` for runs of versions "
        "before 0.4.0."),
    Column("topic_id", BIGINT, lambda r: r.series.topic_ids, of_every_topic=True, group=9,
        meaning="Key of the topic: the first 64 bits of the MD5 of its kind and label, the same "
        "in every warehouse."),
    Column("kind", TEXT, lambda r: r.series.kinds, of_every_topic=True, required=True, group=2,
        on_page=True,
        meaning="`subject`, `person`, `organization`, `place` or `work` for the paper's own "
        "keywords; `term` for a word of headlines, `phrase` for two or three of them."),
    Column("label", TEXT, lambda r: r.series.labels, of_every_topic=True, required=True, group=1,
        meaning="The keyword as the paper writes it, or the word or phrase in lower case."),
    Column("other_labels", TEXTS, of_lists_alone=True, group=1,
        meaning="Labels of the twins that are shown under this topic; null where it has none."),
    Column("articles", BIGINT, lambda r: r.fit.trend.articles, unit="articles", of_every_topic=True,
        required=True, group=2,
        meaning="Number of articles that carry the topic; an article counts once for a topic."),
    Column("share", NUMBER, unit=SHARE, group=2,
        meaning="Articles with the topic, as a part of all articles of the window."),
    Column("share_start", NUMBER, lambda r: r.fit.share_start, unit=SHARE, group=2, on_page=True,
        meaning="Share of all articles at which the topic stood at the window's start: its level "
        "over the first two weeks; of windows above 15 months, over the first "
        "thirty-second (docs/model.md). Runs of versions before 0.4.0 have the fitted "
        "curve's share here."),
    Column("share_end", NUMBER, lambda r: r.fit.share_end, unit=SHARE, group=2, on_page=True,
        meaning="Share of all articles at which the topic stood at the window's end: its level "
        "over the last two weeks with articles; of windows above 15 months, over the last "
        "thirty-second. Runs of versions before 0.4.0 have the fitted curve's share here."),
    Column("intercept", NUMBER, lambda r: r.fit.trend.intercept, unit="log-odds",
        meaning="Log-odds of the trend's share at the window's start."),
    Column("growth_rate", NUMBER, lambda r: r.fit.trend.growth_rate, unit=LOG_ODDS_A_YEAR, group=6,
        on_page=True,
        meaning="Growth of the log-odds of the share, a year, along a straight line over the "
        "whole window: the odds multiply by e to this power each year. What the lists "
        "show is `listed_rate`."),
    Column("growth_rate_se", NUMBER, lambda r: r.fit.trend.growth_rate_se, unit=LOG_ODDS_A_YEAR,
        meaning="Standard error of the growth rate over the whole window; it allows for bursts of "
        "articles."),
    Column("doubling_days", NUMBER, lambda r: r.in_days(r.fit.doubling), unit=DAYS,
        meaning="Days in which the odds of the share double along the trend over the whole "
        "window; negative, the days in which they halve. What the lists show is "
        "`listed_doubling_days`."),
    Column("ci_low", NUMBER, lambda r: r.fit.trend.ci_low, unit=LOG_ODDS_A_YEAR, group=6,
        on_page=True,
        meaning="Lower end of the 95 % confidence interval of the growth rate over the whole "
        "window."),
    Column("ci_high", NUMBER, lambda r: r.fit.trend.ci_high, unit=LOG_ODDS_A_YEAR, group=6,
        on_page=True,
        meaning="Upper end of the 95 % confidence interval of the growth rate over the whole "
        "window."),
    Column("p_value", NUMBER, lambda r: r.fit.trend.p_value, unit=PROBABILITY, on_page=True,
        meaning="Two-sided p-value of the hypothesis that the growth rate is 0."),
    Column("q_value", NUMBER, lambda r: r.fit.q_value, unit="false discovery rate, 0 to 1", group=5,
        on_page=True,
        meaning=f"How sure it is: {Q_VALUE}. It is the smallest false discovery rate at which the "
        "topic would be listed: 1.35 times the smaller of the p-values of growth rate and change, "
        "adjusted for the number of topics (Benjamini and Hochberg, 1995)."),
    Column("dispersion", NUMBER, lambda r: r.fit.trend.dispersion, unit=RATIO, on_page=True,
        meaning="How much more the counts of single days vary than the binomial model says, at "
        "least 1."),
    Column("share_start_low", NUMBER, lambda r: r.fit.share_start_low, unit=SHARE, on_page=True,
        meaning="Lower end of the 95 % interval of the level at the window's start."),
    Column("share_start_high", NUMBER, lambda r: r.fit.share_start_high, unit=SHARE, on_page=True,
        meaning="Upper end of the 95 % interval of the level at the window's start."),
    Column("share_end_low", NUMBER, lambda r: r.fit.share_end_low, unit=SHARE, group=2,
        in_csv=False, on_page=True,
        meaning="Lower end of the 95 % interval of the level at the window's end."),
    Column("share_end_high", NUMBER, lambda r: r.fit.share_end_high, unit=SHARE, group=2,
        in_csv=False, on_page=True,
        meaning="Upper end of the 95 % interval of the level at the window's end."),
    Column("share_highest", NUMBER, lambda r: r.fit.share_highest, unit=SHARE, group=2,
        on_page=True,
        meaning="The highest level of the topic in the window, as a share of all articles. Null "
        "in runs of versions before 0.4.0."),
    Column("highest_on", DATE, lambda r: r.fit.highest, group=2, on_page=True,
        meaning="Middle of the week, or of the few weeks, in which the level was highest."),
    Column("jumped_on", DATE, lambda r: r.fit.jumped, group=2, on_page=True,
        meaning="Middle of the week, or of the few weeks, to which the level jumped on its way to "
        "the highest: the odds tripled from the one before to the one after. Null where "
        "there was no jump."),
    Column("trend_share_start", NUMBER, lambda r: r.fit.trend_share_start, unit=SHARE, on_page=True,
        meaning="Share on the window's first day by the curve fitted over the whole window, "
        "that of `shape`. On one day it may be far from what was counted."),
    Column("trend_share_end", NUMBER, lambda r: r.fit.trend_share_end, unit=SHARE, on_page=True,
        meaning="Share on the window's last day by the curve fitted over the whole window, as "
        "`trend_share_start`."),
    Column("articles_a_day_end", NUMBER, lambda r: r.fit.share_end * r.articles_a_day,
        unit="articles a day", on_page=True,
        meaning="Articles a day at the level of the window's end, with as many articles a day as "
        "the window had."),
    Column("doubling_days_low", NUMBER, lambda r: r.in_days(r.fit.doubling_low), unit=DAYS,
        meaning="Lower end of the 95 % interval of the doubling time; null where the rate may be "
        "0."),
    Column("doubling_days_high", NUMBER, lambda r: r.in_days(r.fit.doubling_high), unit=DAYS,
        meaning="Upper end of the 95 % interval of the doubling time; null where the rate may be "
        "0."),
    Column("degrees_of_freedom", NUMBER, lambda r: r.fit.trend.freedom, unit="degrees of freedom",
        meaning="Degrees of freedom of the t distribution that the growth rate, divided by its "
        "error, is compared with."),
    Column("long_run_dispersion", NUMBER, lambda r: r.fit.trend.long_run_dispersion, unit=RATIO,
        on_page=True,
        meaning="Variance of the topic's slow swings, divided by what the binomial model "
        "expects. Where it is above 1, the growth rate's error is multiplied by its square root."),
    Column("change", NUMBER, lambda r: r.fit.change.change, unit="log-odds",
        meaning="Log-odds of the share in the window's last quarter, less those in its first. "
        "Null in windows of fewer than 32 periods."),
    Column("change_rate", NUMBER, lambda r: r.fit.change.change / r.fit.change.years,
        unit=LOG_ODDS_A_YEAR, on_page=True,
        meaning="The change over the time from the middle of the first quarter to that of the "
        "last: log-odds a year."),
    Column("change_se", NUMBER, lambda r: r.fit.change.change_se, unit="log-odds",
        meaning="Standard error of the change."),
    Column("change_p_value", NUMBER, lambda r: r.fit.change.p_value, unit=PROBABILITY,
        meaning="p-value of the hypothesis that first and last quarter are alike."),
    Column("sure_growth", NUMBER, lambda r: r.fit.sure_growth, unit=LOG_ODDS_A_YEAR, group=4,
        on_page=True,
        meaning="The smallest growth, in log-odds a year, that is still plausible: the end of "
        "the interval from `listed_low` to `listed_high` that is nearest 0; negative where the "
        "topic shrank, 0 where the interval holds 0, or where the level ends on the other side "
        "of its start."),
    Column("listed_rate", NUMBER, lambda r: r.fit.listed_rate, unit=LOG_ODDS_A_YEAR, group=3,
        on_page=True,
        meaning="Growth of the log-odds, a year, that the lists show and rank by: the growth rate "
        "of the trend, or the change from the first quarter of the window to the last "
        "over its time, whichever is surer."),
    Column("listed_low", NUMBER, lambda r: r.fit.listed_low, unit=LOG_ODDS_A_YEAR, group=3,
        on_page=True,
        meaning="Lower end of the 95 % interval of `listed_rate`."),
    Column("listed_high", NUMBER, lambda r: r.fit.listed_high, unit=LOG_ODDS_A_YEAR, group=3,
        on_page=True,
        meaning="Upper end of the 95 % interval of `listed_rate`."),
    Column("listed_doubling_days", NUMBER, lambda r: r.in_days(r.fit.listed_doubling),
        unit=DAYS, group=3, on_page=True,
        meaning="Days in which the odds doubled at `listed_rate`; negative, the days in which "
        "they halved. Null unless the topic is listed and kept to one pace: no jump, no bend, no "
        "fall below half of its highest level, a level that moved at this pace, and a window of "
        "at least half this length."),
    Column("listed_by", TEXT, lambda r: r.fit.listed_by, group=3, on_page=True,
        meaning="Where `listed_rate` is from: `trend` or `change`."),
    Column("phase", TEXT, lambda r: r.fit.phase, of_every_topic=True, group=6, on_page=True,
        meaning="The word for what happened, judged by the level: `still rising`, `holding high`, "
        "`past its peak`, `came and went`, `fading`, `steady`, `unclear`, `every year`, "
        "or `too few articles`. docs/model.md has the rules. Runs of versions before "
        "0.4.0 have other words."),
    Column("shape", TEXT, lambda r: r.fit.shape, on_page=True,
        meaning="The shape that the articles support: `trend` (constant growth), `s_curve` "
        "(levels off at a ceiling), `pulse` (rises and falls), `step` (from one share to another "
        "on a date), `step_drift` (a step, then constant growth) or `event` (a jump that halves "
        "every so many days, down to a share of its own). Null without a fit."),
    Column("fit_quality", NUMBER, lambda r: r.fit.fit_quality, group=7, in_csv=False,
        on_page=True,
        meaning="How much of what moved between sixteenths of the window the shape describes: 1 "
        "less its deviance over that of a constant, both less what bursts explain. 1 is all; "
        "below 0.5 the shape fits poorly. Null where nothing moved beyond chance and bursts."),
    Column("step_on", DATE, lambda r: r.jumped(r.fit.jump.at, "step", "step_drift"), group=7,
        on_page=True,
        meaning="First day after a step. Null for other shapes, as its interval is."),
    Column("step_low_on", DATE, lambda r: r.jumped(r.fit.jump.at_low, "step", "step_drift"),
        group=7, in_csv=False, on_page=True,
        meaning="First day of the step's 95 % interval."),
    Column("step_high_on", DATE, lambda r: r.jumped(r.fit.jump.at_high, "step", "step_drift"),
        group=7, in_csv=False, on_page=True,
        meaning="Last day of the step's 95 % interval."),
    Column("event_on", DATE, lambda r: r.jumped(r.fit.jump.at, "event"), group=7, on_page=True,
        meaning="Day on which an event's share jumped. Null for other shapes, as its interval and "
        "its half-life are."),
    Column("event_low_on", DATE, lambda r: r.jumped(r.fit.jump.at_low, "event"), group=7,
        in_csv=False, on_page=True,
        meaning="First day of the event's 95 % interval."),
    Column("event_high_on", DATE, lambda r: r.jumped(r.fit.jump.at_high, "event"), group=7,
        in_csv=False, on_page=True,
        meaning="Last day of the event's 95 % interval."),
    Column("half_life_days", NUMBER, lambda r: r.in_days(r.fit.jump.half_life), unit=DAYS,
        group=7, on_page=True,
        meaning="Days in which what was left of an event's jump, in the log-odds, halved. After a "
        "large jump the share itself halves sooner."),
    Column("half_life_days_low", NUMBER, lambda r: r.in_days(r.fit.jump.half_life_low), unit=DAYS,
        group=7, in_csv=False, on_page=True,
        meaning="Lower end of the half-life's 95 % interval."),
    Column("half_life_days_high", NUMBER, lambda r: r.in_days(r.fit.jump.half_life_high),
        unit=DAYS, group=7, in_csv=False, on_page=True,
        meaning="Upper end of the half-life's 95 % interval."),
    Column("jump_share_before", NUMBER, lambda r: r.fit.jump.share_before, unit=SHARE, group=7,
        in_csv=False, on_page=True,
        meaning="Share of all articles before a step or an event."),
    Column("jump_share_after", NUMBER, lambda r: r.fit.jump.share_after, unit=SHARE, group=7,
        in_csv=False, on_page=True,
        meaning="Share of all articles just after a step or an event."),
    Column("event_share_settled", NUMBER, lambda r: r.fit.jump.share_settled, unit=SHARE,
        group=7, in_csv=False, on_page=True,
        meaning="Share of all articles to which an event's share falls back."),
    Column("drift_rate", NUMBER, lambda r: r.fit.jump.drift, unit=LOG_ODDS_A_YEAR, on_page=True,
        meaning="Growth after a step that drifts."),
    Column("one_burst", BOOLEAN, lambda r: r.fit.one_burst, group=8, on_page=True,
        meaning="Whether one sixteenth of the window makes the movement for which the topic is "
        "listed: it has two thirds or more of what the higher of the window's first and last "
        "quarter has above the other. False where it is not listed."),
    Column("shape_p_value", NUMBER, lambda r: r.fit.shape_p_value, unit=PROBABILITY,
        meaning="p-value of the hypothesis that the log-odds of the share are a straight line."),
    Column("ceiling", NUMBER, lambda r: r.fit.s_curve.ceiling, unit=SHARE, on_page=True,
        meaning="Share at which an S-curve over the whole window levels off, or from which it "
        "falls. Null for other shapes, as are the columns with its interval and its "
        "midpoint."),
    Column("ceiling_low", NUMBER, lambda r: r.fit.s_curve.ceiling_low, unit=SHARE, on_page=True,
        meaning="Lower end of the ceiling's 95 % interval."),
    Column("ceiling_high", NUMBER, lambda r: r.fit.s_curve.ceiling_high, unit=SHARE, on_page=True,
        meaning="Upper end of the ceiling's 95 % interval."),
    Column("s_curve_rate", NUMBER, lambda r: r.fit.s_curve.growth_rate, unit=LOG_ODDS_A_YEAR,
        on_page=True,
        meaning="Growth rate of the S-curve, a year."),
    Column("s_curve_rate_se", NUMBER, lambda r: r.fit.s_curve.growth_rate_se, unit=LOG_ODDS_A_YEAR,
        meaning="Standard error of the S-curve's growth rate."),
    Column("midpoint_on", DATE, lambda r: r.fit.s_curve.midpoint, group=8, on_page=True,
        meaning="Day on which an S-curve over the whole window passes half its ceiling."),
    Column("midpoint_low_on", DATE, lambda r: r.fit.s_curve.midpoint_low, on_page=True,
        meaning="First day of the midpoint's 95 % interval."),
    Column("midpoint_high_on", DATE, lambda r: r.fit.s_curve.midpoint_high, on_page=True,
        meaning="Last day of the midpoint's 95 % interval."),
    Column("peak_on", DATE, lambda r: r.fit.pulse.peak, group=7, on_page=True,
        meaning="Day on which a pulse over the whole window peaks. Null for other shapes, as are "
        "the columns with its interval and its share."),
    Column("peak_low_on", DATE, lambda r: r.fit.pulse.peak_low, on_page=True,
        meaning="First day of the peak's 95 % interval."),
    Column("peak_high_on", DATE, lambda r: r.fit.pulse.peak_high, on_page=True,
        meaning="Last day of the peak's 95 % interval."),
    Column("peak_share", NUMBER, lambda r: r.fit.pulse.peak_share, unit=SHARE, on_page=True,
        meaning="Fitted share of all articles on the day of the peak."),
    Column("first_seen_on", DATE, lambda r: r.series.first_seen_on, of_every_topic=True, group=8,
        on_page=True,
        meaning="Day of the topic's first article that is loaded."),
    Column("new_label", BOOLEAN, lambda r: r.new_label, of_every_topic=True, group=8,
        meaning="Whether the topic's first loaded article lies in the window: the event is new, "
        "or the vocabulary changed. Null where a month of the window, or one of the "
        "twelve before it, is not loaded."),
    Column("seasonal", BOOLEAN, lambda r: r.seasonal, group=8,
        meaning="Whether most of the up to three earlier years show the same movement in the same "
        "window, undone in between. Null where none is loaded, the window is longer than "
        "a year, or nothing moved."),
    Column("status", TEXT, lambda r: r.fit.trend.status, of_every_topic=True, required=True,
        meaning="`converged`, or why there is no fit; then the estimates are null. `no_articles`, "
        "`every_article`, `first_period_only`, `last_period_only`, `separated`: no finite "
        "estimate exists. `too_few_articles`, `too_few_periods`: not fitted. "
        "`not_converged`: the search failed."),
    Column("direction", TEXT, group=8, on_page=True,
        meaning="`growing` or `shrinking` where growth rate or change differ from 0 at the "
        "run's false discovery rate, `steady` where they do not, `unknown` where "
        "there is no fit."),
)


_KEYS = tuple(column for column in TOPICS if column.name in ("topic_id", "kind", "label"))
# An exported series: what was counted, and the lines, which are drawn again when it is written.
COUNTED = (
    *_KEYS,
    Column("period_start", DATE,
        meaning="First day of the period: a day, a week from Monday, or a month; the window's "
        "first day, where the window cuts it."),
    Column("days", INTEGER, unit=DAYS,
        meaning="Days of the period that are in the window and loaded."),
    Column("articles", BIGINT, unit="articles",
        meaning="Articles of these days that carry the topic."),
    Column("all_articles", BIGINT, unit="articles",
        meaning="All articles of these days."),
    Column("share", NUMBER, unit=SHARE,
        meaning="articles / all_articles; null where there are no articles."),
)
DRAWN = (
    Column("level", NUMBER, unit=SHARE,
        meaning="The share at which the topic stood: its level at the mean time of the period's "
        "articles; null before its first article."),
    Column("level_low", NUMBER, unit=SHARE,
        meaning="Lower end of the level's 95 % interval."),
    Column("level_high", NUMBER, unit=SHARE,
        meaning="Upper end of the level's 95 % interval."),
    Column("trend_share", NUMBER, unit=SHARE,
        meaning="The share by the curve that was fitted over the whole window, that of "
        "`shape`."),
)
# fmt: on


def of_topics() -> list[Column]:
    """Return the columns of marts.fct_topic_growth: all that is told of a topic of a run."""
    return [column for column in TOPICS if not column.of_lists_alone]


def stored() -> list[Column]:
    """Return the columns of growth.coefficients, without the run's key."""
    return [column for column in TOPICS if column.value is not None]


def listed() -> list[Column]:
    """Return the columns of the three lists, in their order."""
    return sorted((column for column in TOPICS if column.group), key=lambda column: column.group)


def on_page() -> list[Column]:
    """Return the columns that the page has, in the order of the lists; others come after those."""
    last = max(column.group for column in TOPICS) + 1
    columns = [column for column in TOPICS if column.on_page]
    return sorted(columns, key=lambda column: column.group or last)


def column(name: str) -> Column:
    """Return the column of topics with a name."""
    return next(column for column in TOPICS if column.name == name)


def names(columns: Iterable[Column]) -> list[str]:
    """Return the names of columns."""
    return [column.name for column in columns]
