-- Written by `make columns` from growth/stored/columns.py.
-- Everything is created if absent. A column that is new in the register is added; one that has
-- left it stays as it is, for what is stored is kept.

create schema if not exists growth;

create table if not exists growth.runs (
    run_id text primary key,
    window_start date not null,
    window_end date not null,
    period text not null,
    kinds text not null,
    min_articles integer not null,
    periods integer not null,
    articles bigint not null,
    topics integer not null,
    converged integer not null,
    input_sha256 text not null,
    code_version text not null,
    fitted_at timestamptz not null
);

alter table growth.runs
    add column if not exists outlet text not null default 'nyt',
    add column if not exists fitted_to date,
    add column if not exists false_discovery_rate double precision not null default 0.05,
    add column if not exists missing_months text not null default '',
    add column if not exists not_converged integer,
    add column if not exists s_curves integer,
    add column if not exists pulses integer,
    add column if not exists steps integer,
    add column if not exists events integer,
    add column if not exists noise_memory double precision,
    add column if not exists noise_deviation double precision,
    add column if not exists seconds double precision;

comment on table growth.runs is 'One row per fitted window and its settings.';

comment on column growth.runs.run_id is 'Key of the fit: its window and settings.';
comment on column growth.runs.outlet is 'Short name of the outlet whose articles were fitted.';
comment on column growth.runs.window_start is 'First day of the fitted window.';
comment on column growth.runs.window_end is 'Last day of the fitted window, which is one of whole months.';
comment on column growth.runs.fitted_to is 'Last day of the window with articles: the fit goes up to it. Before `window_end` where the last month ends early; the same as `window_end` for runs of versions before 0.4.0.';
comment on column growth.runs.period is 'Length of the periods that were fitted.';
comment on column growth.runs.kinds is 'Kinds of topics that were fitted, joined by +, or `all`.';
comment on column growth.runs.min_articles is 'Fewest articles in the window for a topic to be fitted.';
comment on column growth.runs.false_discovery_rate is 'A topic is listed as growing or shrinking where its `q_value` is at most this.';
comment on column growth.runs.missing_months is 'Months of the window that were not loaded (--allow-gaps), else empty.';
comment on column growth.runs.periods is 'Number of periods with articles.';
comment on column growth.runs.articles is 'Number of articles in the window.';
comment on column growth.runs.topics is 'Number of topics in the window.';
comment on column growth.runs.converged is 'Number of topics with a fit.';
comment on column growth.runs.not_converged is 'Number of topics whose fit exists and was not found.';
comment on column growth.runs.s_curves is 'Number of topics whose articles support an S-curve.';
comment on column growth.runs.pulses is 'Number of topics whose articles support a pulse.';
comment on column growth.runs.steps is 'Number of topics whose articles support a step, with or without a drift.';
comment on column growth.runs.events is 'Number of topics whose articles support an event.';
comment on column growth.runs.noise_memory is 'How long the topics'' noise lasts, as measured from all of them: the d of fractional noise, from 0 (weeks have nothing in common) to 0.5.';
comment on column growth.runs.noise_deviation is 'How strong the noise of a typical topic is: the standard deviation of the log-odds of its weekly share.';
comment on column growth.runs.seconds is 'Time that reading and fitting took.';
comment on column growth.runs.input_sha256 is 'Digest of the counts that were fitted.';
comment on column growth.runs.code_version is 'Version of this project that made the fit.';
comment on column growth.runs.fitted_at is 'When the fit was made.';

create table if not exists growth.coefficients (
    run_id text not null references growth.runs (run_id) on delete cascade,
    topic_id bigint not null,
    kind text not null,
    label text not null,
    articles bigint not null,
    status text not null,
    primary key (run_id, topic_id)
);

alter table growth.coefficients
    add column if not exists share_start double precision,
    add column if not exists share_end double precision,
    add column if not exists intercept double precision,
    add column if not exists growth_rate double precision,
    add column if not exists growth_rate_se double precision,
    add column if not exists doubling_days double precision,
    add column if not exists ci_low double precision,
    add column if not exists ci_high double precision,
    add column if not exists p_value double precision,
    add column if not exists q_value double precision,
    add column if not exists dispersion double precision,
    add column if not exists share_start_low double precision,
    add column if not exists share_start_high double precision,
    add column if not exists share_end_low double precision,
    add column if not exists share_end_high double precision,
    add column if not exists share_highest double precision,
    add column if not exists highest_on date,
    add column if not exists jumped_on date,
    add column if not exists trend_share_start double precision,
    add column if not exists trend_share_end double precision,
    add column if not exists articles_a_day_end double precision,
    add column if not exists doubling_days_low double precision,
    add column if not exists doubling_days_high double precision,
    add column if not exists degrees_of_freedom double precision,
    add column if not exists long_run_dispersion double precision,
    add column if not exists change double precision,
    add column if not exists change_rate double precision,
    add column if not exists change_se double precision,
    add column if not exists change_p_value double precision,
    add column if not exists sure_growth double precision,
    add column if not exists listed_rate double precision,
    add column if not exists listed_low double precision,
    add column if not exists listed_high double precision,
    add column if not exists listed_doubling_days double precision,
    add column if not exists listed_by text,
    add column if not exists phase text,
    add column if not exists shape text,
    add column if not exists fit_quality double precision,
    add column if not exists step_on date,
    add column if not exists step_low_on date,
    add column if not exists step_high_on date,
    add column if not exists event_on date,
    add column if not exists event_low_on date,
    add column if not exists event_high_on date,
    add column if not exists half_life_days double precision,
    add column if not exists half_life_days_low double precision,
    add column if not exists half_life_days_high double precision,
    add column if not exists jump_share_before double precision,
    add column if not exists jump_share_after double precision,
    add column if not exists event_share_settled double precision,
    add column if not exists drift_rate double precision,
    add column if not exists one_burst boolean,
    add column if not exists shape_p_value double precision,
    add column if not exists ceiling double precision,
    add column if not exists ceiling_low double precision,
    add column if not exists ceiling_high double precision,
    add column if not exists s_curve_rate double precision,
    add column if not exists s_curve_rate_se double precision,
    add column if not exists midpoint_on date,
    add column if not exists midpoint_low_on date,
    add column if not exists midpoint_high_on date,
    add column if not exists peak_on date,
    add column if not exists peak_low_on date,
    add column if not exists peak_high_on date,
    add column if not exists peak_share double precision,
    add column if not exists first_seen_on date,
    add column if not exists new_label boolean,
    add column if not exists seasonal boolean;

comment on table growth.coefficients is 'One row per topic of a run.';

comment on column growth.coefficients.run_id is 'Key of the fit: its window and settings.';
comment on column growth.coefficients.topic_id is 'Key of the topic: the first 64 bits of the MD5 of its kind and label, the same in every warehouse.';
comment on column growth.coefficients.kind is '`subject`, `person`, `organization`, `place` or `work` for the paper''s own keywords; `term` for a word of headlines, `phrase` for two or three of them.';
comment on column growth.coefficients.label is 'The keyword as the paper writes it, or the word or phrase in lower case.';
comment on column growth.coefficients.articles is 'Number of articles that carry the topic; an article counts once for a topic.';
comment on column growth.coefficients.share_start is 'Share of all articles at which the topic stood at the window''s start: its level over the first two weeks; of windows above 15 months, over the first thirty-second (docs/model.md). Runs of versions before 0.4.0 have the fitted curve''s share here.';
comment on column growth.coefficients.share_end is 'Share of all articles at which the topic stood at the window''s end: its level over the last two weeks with articles; of windows above 15 months, over the last thirty-second. Runs of versions before 0.4.0 have the fitted curve''s share here.';
comment on column growth.coefficients.intercept is 'Log-odds of the trend''s share at the window''s start.';
comment on column growth.coefficients.growth_rate is 'Growth of the log-odds of the share, a year, along a straight line over the whole window: the odds multiply by e to this power each year. What the lists show is `listed_rate`.';
comment on column growth.coefficients.growth_rate_se is 'Standard error of the growth rate over the whole window; it allows for bursts of articles.';
comment on column growth.coefficients.doubling_days is 'Days in which the odds of the share double along the trend over the whole window; negative, the days in which they halve. What the lists show is `listed_doubling_days`.';
comment on column growth.coefficients.ci_low is 'Lower end of the 95 % confidence interval of the growth rate over the whole window.';
comment on column growth.coefficients.ci_high is 'Upper end of the 95 % confidence interval of the growth rate over the whole window.';
comment on column growth.coefficients.p_value is 'Two-sided p-value of the hypothesis that the growth rate is 0.';
comment on column growth.coefficients.q_value is 'How sure it is: of the topics with this q or a smaller one, the part that may be there by chance, given how news swings in these months. It is the smallest false discovery rate at which the topic would be listed: 1.35 times the smaller of the p-values of growth rate and change, adjusted for the number of topics (Benjamini and Hochberg, 1995).';
comment on column growth.coefficients.dispersion is 'How much more the counts of single days vary than the binomial model says, at least 1.';
comment on column growth.coefficients.share_start_low is 'Lower end of the 95 % interval of the level at the window''s start.';
comment on column growth.coefficients.share_start_high is 'Upper end of the 95 % interval of the level at the window''s start.';
comment on column growth.coefficients.share_end_low is 'Lower end of the 95 % interval of the level at the window''s end.';
comment on column growth.coefficients.share_end_high is 'Upper end of the 95 % interval of the level at the window''s end.';
comment on column growth.coefficients.share_highest is 'The highest level of the topic in the window, as a share of all articles. Null in runs of versions before 0.4.0.';
comment on column growth.coefficients.highest_on is 'Middle of the week, or of the few weeks, in which the level was highest.';
comment on column growth.coefficients.jumped_on is 'Middle of the week, or of the few weeks, to which the level jumped on its way to the highest: the odds tripled from the one before to the one after. Null where there was no jump.';
comment on column growth.coefficients.trend_share_start is 'Share on the window''s first day by the curve fitted over the whole window, that of `shape`. On one day it may be far from what was counted.';
comment on column growth.coefficients.trend_share_end is 'Share on the window''s last day by the curve fitted over the whole window, as `trend_share_start`.';
comment on column growth.coefficients.articles_a_day_end is 'Articles a day at the level of the window''s end, with as many articles a day as the window had.';
comment on column growth.coefficients.doubling_days_low is 'Lower end of the 95 % interval of the doubling time; null where the rate may be 0.';
comment on column growth.coefficients.doubling_days_high is 'Upper end of the 95 % interval of the doubling time; null where the rate may be 0.';
comment on column growth.coefficients.degrees_of_freedom is 'Degrees of freedom of the t distribution that the growth rate, divided by its error, is compared with.';
comment on column growth.coefficients.long_run_dispersion is 'Variance of the topic''s slow swings, divided by what the binomial model expects. Where it is above 1, the growth rate''s error is multiplied by its square root.';
comment on column growth.coefficients.change is 'Log-odds of the share in the window''s last quarter, less those in its first. Null in windows of fewer than 32 periods.';
comment on column growth.coefficients.change_rate is 'The change over the time from the middle of the first quarter to that of the last: log-odds a year.';
comment on column growth.coefficients.change_se is 'Standard error of the change.';
comment on column growth.coefficients.change_p_value is 'p-value of the hypothesis that first and last quarter are alike.';
comment on column growth.coefficients.sure_growth is 'The smallest growth, in log-odds a year, that is still plausible: the end of the interval from `listed_low` to `listed_high` that is nearest 0; negative where the topic shrank, 0 where the interval holds 0, or where the level ends on the other side of its start.';
comment on column growth.coefficients.listed_rate is 'Growth of the log-odds, a year, that the lists show and rank by: the growth rate of the trend, or the change from the first quarter of the window to the last over its time, whichever is surer.';
comment on column growth.coefficients.listed_low is 'Lower end of the 95 % interval of `listed_rate`.';
comment on column growth.coefficients.listed_high is 'Upper end of the 95 % interval of `listed_rate`.';
comment on column growth.coefficients.listed_doubling_days is 'Days in which the odds doubled at `listed_rate`; negative, the days in which they halved. Null unless the topic is listed and kept to one pace: no jump, no bend, no fall below half of its highest level, a level that moved at this pace, and a window of at least half this length.';
comment on column growth.coefficients.listed_by is 'Where `listed_rate` is from: `trend` or `change`.';
comment on column growth.coefficients.phase is 'The word for what happened, judged by the level: `still rising`, `holding high`, `past its peak`, `came and went`, `fading`, `steady`, `unclear`, `every year`, or `too few articles`. docs/model.md has the rules. Runs of versions before 0.4.0 have other words.';
comment on column growth.coefficients.shape is 'The shape that the articles support: `trend` (constant growth), `s_curve` (levels off at a ceiling), `pulse` (rises and falls), `step` (from one share to another on a date), `step_drift` (a step, then constant growth) or `event` (a jump that halves every so many days, down to a share of its own). Null without a fit.';
comment on column growth.coefficients.fit_quality is 'How much of what moved between sixteenths of the window the shape describes: 1 less its deviance over that of a constant, both less what bursts explain. 1 is all; below 0.5 the shape fits poorly. Null where nothing moved beyond chance and bursts.';
comment on column growth.coefficients.step_on is 'First day after a step. Null for other shapes, as its interval is.';
comment on column growth.coefficients.step_low_on is 'First day of the step''s 95 % interval.';
comment on column growth.coefficients.step_high_on is 'Last day of the step''s 95 % interval.';
comment on column growth.coefficients.event_on is 'Day on which an event''s share jumped. Null for other shapes, as its interval and its half-life are.';
comment on column growth.coefficients.event_low_on is 'First day of the event''s 95 % interval.';
comment on column growth.coefficients.event_high_on is 'Last day of the event''s 95 % interval.';
comment on column growth.coefficients.half_life_days is 'Days in which what was left of an event''s jump, in the log-odds, halved. After a large jump the share itself halves sooner.';
comment on column growth.coefficients.half_life_days_low is 'Lower end of the half-life''s 95 % interval.';
comment on column growth.coefficients.half_life_days_high is 'Upper end of the half-life''s 95 % interval.';
comment on column growth.coefficients.jump_share_before is 'Share of all articles before a step or an event.';
comment on column growth.coefficients.jump_share_after is 'Share of all articles just after a step or an event.';
comment on column growth.coefficients.event_share_settled is 'Share of all articles to which an event''s share falls back.';
comment on column growth.coefficients.drift_rate is 'Growth after a step that drifts.';
comment on column growth.coefficients.one_burst is 'Whether one sixteenth of the window makes the movement for which the topic is listed: it has two thirds or more of what the higher of the window''s first and last quarter has above the other. False where it is not listed.';
comment on column growth.coefficients.shape_p_value is 'p-value of the hypothesis that the log-odds of the share are a straight line.';
comment on column growth.coefficients.ceiling is 'Share at which an S-curve over the whole window levels off, or from which it falls. Null for other shapes, as are the columns with its interval and its midpoint.';
comment on column growth.coefficients.ceiling_low is 'Lower end of the ceiling''s 95 % interval.';
comment on column growth.coefficients.ceiling_high is 'Upper end of the ceiling''s 95 % interval.';
comment on column growth.coefficients.s_curve_rate is 'Growth rate of the S-curve, a year.';
comment on column growth.coefficients.s_curve_rate_se is 'Standard error of the S-curve''s growth rate.';
comment on column growth.coefficients.midpoint_on is 'Day on which an S-curve over the whole window passes half its ceiling.';
comment on column growth.coefficients.midpoint_low_on is 'First day of the midpoint''s 95 % interval.';
comment on column growth.coefficients.midpoint_high_on is 'Last day of the midpoint''s 95 % interval.';
comment on column growth.coefficients.peak_on is 'Day on which a pulse over the whole window peaks. Null for other shapes, as are the columns with its interval and its share.';
comment on column growth.coefficients.peak_low_on is 'First day of the peak''s 95 % interval.';
comment on column growth.coefficients.peak_high_on is 'Last day of the peak''s 95 % interval.';
comment on column growth.coefficients.peak_share is 'Fitted share of all articles on the day of the peak.';
comment on column growth.coefficients.first_seen_on is 'Day of the topic''s first article that is loaded.';
comment on column growth.coefficients.new_label is 'Whether the topic''s first loaded article lies in the window: the event is new, or the vocabulary changed. Null where a month of the window, or one of the twelve before it, is not loaded.';
comment on column growth.coefficients.seasonal is 'Whether most of the up to three earlier years show the same movement in the same window, undone in between. Null where none is loaded, the window is longer than a year, or nothing moved.';
comment on column growth.coefficients.status is '`converged`, or why there is no fit; then the estimates are null. `no_articles`, `every_article`, `first_period_only`, `last_period_only`, `separated`: no finite estimate exists. `too_few_articles`, `too_few_periods`: not fitted. `not_converged`: the search failed.';
