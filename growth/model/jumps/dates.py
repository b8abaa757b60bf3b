"""Dates steps and events to the period, and measures them on periods instead of parts.

With the shape before and the shape after known, the log-likelihood of a date is a cumulative sum of
what each period says for the one and for the other. It is divided by how much more such counts vary
than by chance, 1 + s^2 times the articles of a part of the window, s the topic's noise. The
interval of the date holds all for which twice the difference to the likeliest is below 7.35, the 95
% point of that statistic's limit (Hansen, 2000, Econometrica 68, 575-603, table 1). Coefficients
are the likeliest by Fisher scoring, their errors follow from the information over the same
dispersion."""

from dataclasses import dataclass, fields

import numpy as np
from scipy import special

from growth.model.counts import Design, Floats, Integers
from growth.model.jumps.search import (
    DRIFT,
    EVENT,
    FREE,
    Jumps,
    Parts,
    clip_coefficients,
    log_odds_of,
)

# For the date, shares before and after differ by this factor at most.
_MOST_TOLD = np.log(30.0)
# Parts to either side of the place that was found, in which the date is looked for.
_REACH = 1.5
_ROUNDS, _ITERATIONS = 2, 4
_LONGEST_STEP, _RIDGE = 1.0, 1e-3
# Periods are put together where there are more than so many.
_MOST_BINS = 768
# A time is not before another where only rounding is between them: a second, in years.
_ROUNDING = 3e-8
# The 95 % point of the likelihood ratio of a date.
_DATE_POINT = -2 * np.log(1 - np.sqrt(0.95))


@dataclass(frozen=True)
class JumpFit:
    """Steps, steps that drift and events of T topics; every array has shape (T,), NaN for topics of
    another shape.

    ``at`` is the time of the first period after the jump, with its interval; ``half_life`` that in
    which what is left of an event's jump halves, on the log-odds. ``share_before`` is the share
    before the jump, ``share_after`` that just after it, ``share_settled`` that to which an event
    goes down; ``drift`` the growth of the log-odds per unit of time after a step that drifts."""

    at: Floats
    at_low: Floats
    at_high: Floats
    half_life: Floats
    half_life_low: Floats
    half_life_high: Floats
    share_before: Floats
    share_after: Floats
    share_settled: Floats
    drift: Floats

    @classmethod
    def nothing(cls, size: int) -> "JumpFit":
        """Return that of topics of other shapes, to be filled in."""
        return cls(*(np.full(size, np.nan) for _ in fields(cls)))

    def fill(self, rows: Integers, dated: "Dated", design: Design, margin: float) -> None:
        """Fill in the topics ``rows``. ``margin`` is how many errors the intervals of half-lives
        reach to either side."""
        time = design.centre + design.scale * design.scaled
        a, b, c, log_h = dated.coefficients.T
        self.at[rows], self.at_low[rows] = time[dated.first], time[dated.first_low]
        self.at_high[rows] = time[dated.first_high]
        self.share_before[rows] = special.expit(a)
        self.share_after[rows] = special.expit(b + (c if dated.kind == EVENT else 0))
        if dated.kind == DRIFT:
            self.drift[rows] = c / design.scale
        if dated.kind == EVENT:
            self.share_settled[rows] = special.expit(b)
            half = margin * dated.half_life_error
            self.half_life[rows] = design.scale * np.exp(log_h)
            self.half_life_low[rows] = design.scale * np.exp(log_h - half)
            self.half_life_high[rows] = design.scale * np.exp(log_h + half)

    def log_odds(self, times: Floats) -> Floats:
        """Return the log-odds of the shapes at ``times``, shape (K,). Shape (T, K)."""
        before, after, settled = (
            special.logit(share)[:, None]
            for share in (self.share_before, self.share_after, self.share_settled)
        )
        since = times - self.at[:, None]
        drift = np.nan_to_num(self.drift)[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            decayed = settled + (after - settled) * np.exp2(-since / self.half_life[:, None])
            later = np.where(np.isnan(self.half_life)[:, None], after + drift * since, decayed)
        return np.asarray(np.where(since < -_ROUNDING, before, later))


@dataclass(frozen=True)
class Dated:
    """Jumps of F topics of one kind, with dates: ``first``, ``first_low`` and ``first_high`` are
    the first period after the jump and its interval; ``half_life_error`` is that of the
    logarithm."""

    kind: str
    coefficients: Floats
    first: Integers
    first_low: Integers
    first_high: Integers
    half_life_error: Floats

    def log_odds(self, design: Design, times: Floats) -> Floats:
        """Return log-odds at scaled times, shape (K,). Shape (F, K)."""
        begins = design.scaled[self.first][:, None]
        return log_odds_of(self.kind, self.coefficients, times, begins)[0]


def date_jumps(
    jumps: Jumps, counts: Floats, parts: Parts, design: Design, strength: Floats
) -> Dated:
    """Date the jumps of F topics. ``counts``, shape (F, P), are those of each period, ``strength``,
    shape (F, 1), the topics' noise over a part."""
    found = parts.first[jumps.place]
    first, coefficients = found, jumps.coefficients
    bins = _Bins.of(design, counts)
    each = len(bins.totals) / len(parts.totals)
    # The date first: what came before the part that was found may be part of the jump.
    for _ in range(_ROUNDS):
        first, low, high = _date(
            jumps.kind, coefficients, first, found, counts, design, strength, parts
        )
        begins = design.scaled[first]
        log_odds = log_odds_of(jumps.kind, coefficients, bins.times, begins[:, None])[0]
        dispersion = 1 + each * strength**2 * bins.totals * special.expit(log_odds)
        coefficients, error = _refine(jumps.kind, coefficients, bins, begins, dispersion)
    return Dated(jumps.kind, coefficients, first, low, high, error)


@dataclass(frozen=True)
class _Bins:
    """Periods, some together: articles and times, shape (B,), and counts, shape (F, B)."""

    totals: Floats
    times: Floats
    counts: Floats

    @classmethod
    def of(cls, design: Design, counts: Floats) -> "_Bins":
        periods = len(design.totals)
        together = -(-periods // _MOST_BINS)
        begins = np.arange(0, periods, together)
        totals = np.add.reduceat(design.totals, begins)
        times = np.add.reduceat(design.totals * design.scaled, begins) / totals
        return cls(totals, times, np.add.reduceat(counts, begins, axis=1))


def _refine(
    kind: str, coefficients: Floats, bins: _Bins, begins: Floats, dispersion: Floats
) -> tuple[Floats, Floats]:
    """Return the likeliest coefficients, given the date, and the error of the last of them."""
    free = FREE[kind]
    now = coefficients.copy()
    inverse = np.zeros((len(now), len(free), len(free)))
    for iteration in range(_ITERATIONS + 1):
        log_odds, derivative = log_odds_of(kind, now, bins.times, begins[:, None])
        p = special.expit(log_odds)
        derivative = derivative[:, :, free]
        weighted = derivative * (bins.totals * p * (1 - p) / dispersion)[:, :, None]
        information = np.swapaxes(derivative, 1, 2) @ weighted + _RIDGE * np.eye(len(free))
        inverse = np.linalg.inv(information)
        if iteration == _ITERATIONS:
            break
        residual = (bins.counts - bins.totals * p) / dispersion
        score = np.swapaxes(derivative, 1, 2) @ residual[:, :, None]
        now[:, free] += np.clip((inverse @ score)[:, :, 0], -_LONGEST_STEP, _LONGEST_STEP)
        clip_coefficients(kind, now)
    return now, np.sqrt(inverse[:, -1, -1])


def _date(
    kind: str,
    coefficients: Floats,
    first: Integers,
    found: Integers,
    counts: Floats,
    design: Design,
    strength: Floats,
    parts: Parts,
) -> tuple[Integers, Integers, Integers]:
    """Return the likeliest first period after the jump, and its interval. Where the shape after it
    begins earlier or later it is the same curve, prolonged or cut."""
    periods = len(design.totals)
    begins = design.scaled[first][:, None]
    after = log_odds_of(kind, coefficients, design.scaled, begins, prolonged=True)[0]
    before = coefficients[:, :1]
    # However low one share is beside the other, a few early articles do not make the date.
    at_jump = after[np.arange(len(first)), first][:, None]
    before, after = (
        np.maximum(before, at_jump - _MOST_TOLD),
        np.maximum(after, before - _MOST_TOLD),
    )
    gain = counts * (before - after) - design.totals * (
        np.logaddexp(0, before) - np.logaddexp(0, after)
    )
    # What all periods before a date say for the shape before.
    likelihood = np.cumsum(gain, axis=1)[:, :-1]
    reach = _REACH * periods / len(parts.totals)
    candidates = np.arange(1, periods)
    near = np.abs(candidates - found[:, None]) <= max(reach, 2)
    likelihood = np.where(near, likelihood, -np.inf)
    best = likelihood.argmax(axis=1)
    every = np.arange(len(first))
    p = (special.expit(before[:, 0]) + special.expit(after[every, best + 1])) / 2
    dispersion = 1 + strength[:, 0] ** 2 * p * design.totals.sum() / len(parts.totals)
    short = 2 * (likelihood.max(axis=1)[:, None] - likelihood) / dispersion[:, None]
    inside = short <= _DATE_POINT
    low = inside.argmax(axis=1)
    high = inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    return best + 1, low + 1, high + 1
