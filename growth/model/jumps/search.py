"""Finds steps, steps that drift, and events, of many topics at once, between parts of a window.

With t0 the date and eta = logit p, all on the window's scaled time u:

- step: eta = a before t0, b after;
- step that drifts: a before, b + c (u - t0) after;
- event: a before, b + c 2^(-(u - t0) / h) after, c > 0: it jumps and halves every h, down to b.

A window is cut into 32 parts. The quality of a shape is r' C^-1 r. The residuals r are those of the
counts after the transformation that makes a negative binomial's variance 1 (Anscombe, 1948,
Biometrika 35, 246-254), g(y) = 2 / s asinh(s sqrt(y + 3/8)), with s the topic's own noise; C lets
the part of that variance which is noise, and not chance, last as long as the noise of all topics
does (noise/memory.py). It is a quasi-likelihood, times -2: differences are about chi-squared.

Where to look follows from weighted least squares on empirical logits: before and after the date the
coefficients have nothing in common, so that the best fit for every date takes cumulative sums
alone. The best places are then followed up by Gauss and Newton's method. Few steps come just
between two parts, so the log-odds of the part in which one comes may lie anywhere between those
before and those after it. An event begins with a part: what it could gain that way would blur its
date."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from growth.model.cells import Cells
from growth.model.counts import Design, Floats, Integers
from growth.model.noise.memory import SIXTEENTHS, Noise, covariances

# Parts of a window, and how few periods it may have.
PARTS, _FEWEST_PERIODS = 32, 16
# Half-lives from which a search starts, and the shortest and the longest, as parts of the window.
_HALF_LIVES = np.array([0.012, 0.025, 0.05, 0.1, 0.2])
_SHORTEST, _LONGEST = 0.004, 0.35
# Places that are followed up, of each kind of shape.
_PLACES = 2
_ITERATIONS = 7
# No coefficient moves by more in one iteration, and log-odds stay within so much.
_LONGEST_STEP, _FARTHEST = 1.5, 16.0
_RIDGE = 1e-4
# By how much an event rises, at least above what was before, and at most above what comes after.
_LEAST_RISE, _MOST_RISE = 0.05, 12.0
STEP, DRIFT, EVENT = "step", "step_drift", "event"


@dataclass(frozen=True)
class Parts:
    """The M parts of a window, each of shape (M,): their articles, mean times on the scaled time,
    first periods, and the times at which they begin; and the part of each period, shape (P,)."""

    totals: Floats
    times: Floats
    first: Integers
    begins: Floats
    of_period: Integers

    @classmethod
    def of(cls, design: Design) -> "Parts | None":
        """Cut a window; None where it has too few periods."""
        periods = len(design.totals)
        if periods < _FEWEST_PERIODS:
            return None
        parts = min(PARTS, periods)
        of_period = np.arange(periods) * parts // periods
        totals: Floats = np.bincount(of_period, design.totals, parts).astype(np.float64)
        times = np.bincount(of_period, design.totals * design.scaled, parts) / totals
        first = np.searchsorted(of_period, np.arange(parts))
        before = np.maximum(first - 1, 0)
        begins = (design.scaled[first] + design.scaled[before]) / 2
        return cls(totals, times, first, begins, of_period)

    def in_sixteenths(self, values: Floats) -> Floats:
        """Add up values of the parts, shape (F, M), in sixteenths of the window. Shape (F, 16)."""
        of_part = np.arange(len(self.totals)) * SIXTEENTHS // len(self.totals)
        first = np.searchsorted(of_part, np.arange(SIXTEENTHS))
        return np.asarray(np.add.reduceat(values, first, axis=1))

    def counts(self, cells: Cells) -> Floats:
        """Return the articles of F topics in each part. Shape (F, M)."""
        size = len(self.totals)
        place = np.repeat(np.arange(cells.topics) * size, cells.lengths)
        place += self.of_period[cells.period]
        counts: Floats = np.bincount(place, cells.count, cells.topics * size).astype(np.float64)
        return counts.reshape(-1, size)


@dataclass(frozen=True)
class Yardstick:
    """What the residuals of F topics are measured with: transformed counts, shape (F, M), the noise
    of each, shape (F, 1), and C^-1, shape (F, M, M)."""

    parts: Parts
    transformed: Floats
    strength: Floats
    weights: Floats

    @classmethod
    def of(cls, parts: Parts, counts: Floats, square: Floats, noise: Noise) -> "Yardstick":
        """Make it. ``square``, shape (F,), are the topics' squared strengths over a sixteenth."""
        covariance = covariances(noise.memory, len(parts.totals))
        strength = np.sqrt(np.maximum(square * covariance[0], 1e-6))[:, None]
        lags = np.abs(np.subtract.outer(*[np.arange(len(covariance))] * 2))
        near = np.pad(counts, ((0, 0), (1, 1)), mode="edge")
        expected = (near[:, :-2] + 2 * near[:, 1:-1] + near[:, 2:]) / 4 + 0.5
        part = strength**2 * expected / (1 + strength**2 * expected)
        root = np.sqrt(part)
        correlation = root[:, :, None] * root[:, None, :] * (covariance / covariance[0])[lags]
        diagonal = np.arange(len(covariance))
        correlation[:, diagonal, diagonal] = 1.0
        transformed = _transform(counts, strength)
        return cls(parts, transformed, strength, np.linalg.inv(correlation))

    def residuals(self, log_odds: Floats) -> tuple[Floats, Floats]:
        """Return residuals and the slopes of the fitted values by the log-odds. Each of shape
        (F, M)."""
        p = 1 / (1 + np.exp(-np.clip(log_odds, -_FARTHEST, _FARTHEST)))
        mean = self.parts.totals * p
        shifted = mean + 0.375
        slope = mean * (1 - p) / np.sqrt(shifted * (1 + self.strength**2 * shifted))
        return self.transformed - _transform(mean, self.strength), slope

    def quality(self, log_odds: Floats) -> Floats:
        """Return r' C^-1 r. Shape (F,)."""
        residual, _ = self.residuals(log_odds)
        return self.square(residual)

    def weigh(self, residual: Floats) -> Floats:
        """Return C^-1 r. Shape (F, M)."""
        return np.asarray((self.weights @ residual[:, :, None])[:, :, 0])

    def square(self, residual: Floats) -> Floats:
        """Return r' C^-1 r. Shape (F,)."""
        return np.asarray((self.weigh(residual) * residual).sum(axis=1))

    def take(self, rows: Integers) -> "Yardstick":
        """Return that of some topics."""
        return Yardstick(
            self.parts, self.transformed[rows], self.strength[rows], self.weights[rows]
        )


def _transform(counts: Floats, strength: Floats) -> Floats:
    return np.asarray(2 / strength * np.arcsinh(strength * np.sqrt(counts + 0.375)))


@dataclass(frozen=True)
class Jumps:
    """Shapes of one kind, of F topics: ``quality``; the ``place`` of the first part that is wholly
    after the jump; ``mixed``, from 0 to 1, how much of the way the part before that has gone;
    ``coefficients``, shape (F, 4): a, b, c, and the logarithm of h; 0 where a shape has none."""

    kind: str
    quality: Floats
    place: Integers
    mixed: Floats
    coefficients: Floats

    def log_odds(self, parts: Parts) -> Floats:
        """Return log-odds at the times of the parts. Shape (F, M)."""
        return _log_odds_of_parts(self.kind, self.coefficients, self.mixed, parts, self.place)[0]

    def take(self, rows: Integers) -> "Jumps":
        """Return those of some topics."""
        place, mixed = self.place[rows], self.mixed[rows]
        return Jumps(self.kind, self.quality[rows], place, mixed, self.coefficients[rows])


def log_odds_of(
    kind: str, coefficients: Floats, times: Floats, begins: Floats, *, prolonged: bool = False
) -> tuple[Floats, Floats]:
    """Return log-odds, shape (F, M), at scaled times, of shapes that begin at ``begins``, shape
    (F, 1), and their derivatives by the coefficients, shape (F, M, 4). ``prolonged``: the shape
    after the date goes on before it."""
    a, b, c, log_h = coefficients.T[:, :, None]
    after = np.broadcast_to(prolonged or times >= begins, (len(coefficients), len(times)))
    since = np.where(after, np.maximum(times - begins, -_LONGEST), 0.0)
    derivative = np.zeros((*after.shape, 4))
    derivative[..., 0], derivative[..., 1] = ~after, after
    log_odds = np.where(after, b, a)
    if kind == DRIFT:
        derivative[..., 2] = since
        log_odds = log_odds + c * since
    if kind == EVENT:
        halvings = since * np.exp(-log_h)
        left = np.where(after, np.exp2(np.minimum(-halvings, 8.0)), 0.0)
        derivative[..., 2] = left
        derivative[..., 3] = c * left * np.log(2) * halvings
        log_odds = log_odds + c * left
    return log_odds, derivative


def _log_odds_of_parts(
    kind: str, coefficients: Floats, mixed: Floats, parts: Parts, place: Integers
) -> tuple[Floats, Floats]:
    """Return the log-odds of parts, shape (F, M), and their derivatives by the coefficients and by
    ``mixed``, shape (F, M, 5). That in which the jump comes is the one before ``place``."""
    begins = parts.begins[place][:, None]
    after, derivative = log_odds_of(kind, coefficients, parts.times, begins, prolonged=True)
    before = coefficients[:, :1]
    every, between = np.arange(len(place)), place - 1
    share = (np.arange(len(parts.times)) >= place[:, None]).astype(np.float64)
    share[every, between] = mixed
    derivative = np.concatenate([derivative * share[:, :, None], np.zeros((*share.shape, 1))], 2)
    derivative[..., 0] = 1 - share
    derivative[every, between, 4] = (after - before)[every, between]
    return before + share * (after - before), derivative


def search_jumps(yardstick: Yardstick, counts: Floats) -> list[Jumps]:
    """Return the best shape of each kind. ``counts``: shape (F, M)."""
    sums = _Sums.of(yardstick, counts)
    return [
        _follow_up(yardstick, kind, *places, sums.logit)
        for kind, places in (
            (STEP, sums.steps()),
            (DRIFT, sums.drifts()),
            (EVENT, sums.events()),
        )
    ]


@dataclass(frozen=True)
class _Sums:
    """Weights and empirical logits of F topics, each of shape (F, M), and what is left of squares
    before each date, shape (F, M - 1)."""

    times: Floats
    begins: Floats
    weight: Floats
    logit: Floats
    level_before: Floats
    left_before: Floats

    @classmethod
    def of(cls, yardstick: Yardstick, counts: Floats) -> "_Sums":
        parts = yardstick.parts
        others = parts.totals - counts
        logit = np.log((counts + 0.5) / (others + 0.5))
        weight = 1 / (1 / (counts + 0.5) + 1 / (others + 0.5) + yardstick.strength**2)
        w, wz, wzz = (
            np.cumsum(x, axis=1)[:, :-1] for x in (weight, weight * logit, weight * logit**2)
        )
        return cls(parts.times, parts.begins, weight, logit, wz / w, wzz - wz**2 / w)

    def _after(self, values: Floats) -> Floats:
        """Return the weighted sum of values from each date on. Shape (F, M - 1)."""
        return np.cumsum((self.weight * values)[:, ::-1], axis=1)[:, ::-1][:, 1:]

    def _line(self, basis: Floats) -> tuple[Floats, Floats, Floats]:
        """Return level, slope and what is left of squares of the regression on 1 and ``basis``,
        shape (M,), from each date on. Each of shape (F, M - 1)."""
        w, x, xx = self._after(np.ones_like(basis)), self._after(basis), self._after(basis**2)
        z, xz, zz = (
            self._after(self.logit),
            self._after(basis * self.logit),
            self._after(self.logit**2),
        )
        spread = np.maximum(xx - x * x / w, 1e-9 * xx + 1e-300)
        slope = (xz - x * z / w) / spread
        return (z - slope * x) / w, slope, zz - z * z / w - slope**2 * spread

    def steps(self) -> tuple[Integers, Floats]:
        """Return the best places, shape (F, n), and coefficients there, shape (F, n, 4)."""
        w, z, zz = (
            self._after(np.ones(len(self.times))),
            self._after(self.logit),
            self._after(self.logit**2),
        )
        level = z / w
        nothing = np.zeros_like(level)
        return self._best(zz - z * level, level, nothing, nothing)

    def drifts(self) -> tuple[Integers, Floats]:
        """The same of steps that drift."""
        level, slope, left = self._line(self.times)
        level = level + slope * self.begins[1:]
        left = left + np.where(np.arange(1, len(self.times)) > len(self.times) - 4, np.inf, 0.0)
        return self._best(left, level, slope, np.zeros_like(level))

    def events(self) -> tuple[Integers, Floats]:
        """The same of events, for the best of some half-lives."""
        every = []
        for half_life in _HALF_LIVES:
            level, slope, left = self._line(np.exp2(-(self.times - self.times[0]) / half_life))
            slope = slope * np.exp2(-(self.begins[1:] - self.times[0]) / half_life)
            rises = (slope > 0.1) & (level + slope > self.level_before + 0.1) & (slope < 12)
            left = np.where(
                rises & (np.arange(1, len(self.times)) < len(self.times) - 2), left, np.inf
            )
            every.append((left, level, slope, np.full_like(level, np.log(half_life))))
        chosen = np.stack([each[0] for each in every]).argmin(axis=0)[None]
        return self._best(
            *(np.take_along_axis(np.stack(x), chosen, axis=0)[0] for x in zip(*every, strict=True))
        )

    def _best(
        self, left: Floats, level: Floats, slope: Floats, log_h: Floats
    ) -> tuple[Integers, Floats]:
        total = self.left_before + left
        best = np.argsort(total, axis=1)[:, :_PLACES]
        values = (self.level_before, level, slope, log_h)
        at = [np.take_along_axis(x, best, axis=1) for x in values]
        return best + 1, np.stack(at, axis=2)


FREE = {STEP: [0, 1], DRIFT: [0, 1, 2], EVENT: [0, 1, 2, 3]}
# Where ``mixed`` stands beside the coefficients.
_MIXED = 4
_SEARCHED = {STEP: [*FREE[STEP], _MIXED], DRIFT: [*FREE[DRIFT], _MIXED], EVENT: FREE[EVENT]}


def _follow_up(
    yardstick: Yardstick, kind: str, places: Integers, starts: Floats, logit: Floats
) -> Jumps:
    """Return the best of the shapes that are found from some starts."""
    every = np.arange(len(places))
    found = []
    for number in range(places.shape[1]):
        place, mixed = _aside(kind, places[:, number], starts[:, number], logit)
        start = np.column_stack([starts[:, number], mixed])

        def log_odds(now: Floats, place: Integers = place) -> tuple[Floats, Floats]:
            return _log_odds_of_parts(kind, now[:, :4], now[:, 4], yardstick.parts, place)

        found.append((place, *_search(yardstick, kind, log_odds, _SEARCHED[kind], start)))
    places, quality, coefficients = (np.stack(each) for each in zip(*found, strict=True))
    best = quality.argmin(axis=0)
    chosen = coefficients[best, every]
    return Jumps(kind, quality[best, every], places[best, every], chosen[:, _MIXED], chosen[:, :4])


def _aside(kind: str, place: Integers, start: Floats, logit: Floats) -> tuple[Integers, Floats]:
    """Return the place and how much is mixed where a jump is not just between two parts, but in
    that of the two which is farther from what it would be then. ``logit``: shape (F, M)."""
    if kind == EVENT:
        return place, np.zeros(len(place))
    every = np.arange(len(place))
    before, height = start[:, 0], start[:, 1] - start[:, 0]
    height = np.where(np.abs(height) > _LEAST_RISE, height, _LEAST_RISE)
    early, late = ((logit[every, place - side] - before) / height for side in (1, 0))
    moved = (1 - late > early) & (place < logit.shape[1] - 2)
    return place + moved, np.clip(np.where(moved, late, early), 0.0, 1.0)


def _search(
    yardstick: Yardstick,
    kind: str,
    log_odds_at: Callable[[Floats], tuple[Floats, Floats]],
    free: list[int],
    start: Floats,
) -> tuple[Floats, Floats]:
    """Return quality and coefficients after Gauss and Newton's iterations. ``log_odds_at`` returns
    log-odds and their derivatives by the coefficients, of which some are ``free``."""
    now, best = start.copy(), start.copy()
    lowest = np.full(len(start), np.inf)
    for iteration in range(_ITERATIONS + 1):
        log_odds, derivative = log_odds_at(now)
        residual, slope = yardstick.residuals(log_odds)
        weighted = yardstick.weigh(residual)
        quality = (weighted * residual).sum(axis=1)
        lower = quality < lowest
        lowest[lower], best[lower] = quality[lower], now[lower]
        if iteration == _ITERATIONS:
            break
        # From where it was better, or half-way back to there.
        jacobian = slope[:, :, None] * derivative[:, :, free]
        if free[-1] == _MIXED:
            # What is mixed stays where it would leave the range from 0 to 1.
            mixed, pull = now[:, _MIXED], (jacobian[:, :, -1] * weighted).sum(axis=1)
            held = ((mixed <= 0) & (pull < 0)) | ((mixed >= 1) & (pull > 0))
            jacobian[held, :, -1] = 0.0
        step = _newton(yardstick, jacobian, weighted)
        moved = now.copy()
        moved[:, free] += np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        now = np.where(lower[:, None], moved, (now + best) / 2)
        clip_coefficients(kind, now)
    return lowest, best


def clip_coefficients(kind: str, coefficients: Floats) -> None:
    """Keep coefficients, shape (F, 4) or more, where a shape has a meaning: an event rises."""
    coefficients[:, :2] = np.clip(coefficients[:, :2], -_FARTHEST, 6.0)
    if kind == EVENT:
        a, b = coefficients[:, :2].T
        least = np.maximum(0.0, a - b) + _LEAST_RISE
        coefficients[:, 2] = np.clip(coefficients[:, 2], least, np.maximum(least, _MOST_RISE))
        coefficients[:, 3] = np.clip(coefficients[:, 3], np.log(_SHORTEST), np.log(_LONGEST))
    coefficients[:, _MIXED:] = np.clip(coefficients[:, _MIXED:], 0.0, 1.0)


def best_line(yardstick: Yardstick, coefficients: Floats) -> Floats:
    """Return the lowest quality of a trend, or of a pulse, from the likeliest, whose coefficients
    have the shape (F, 3): a + b u + c u^2; c stays 0 where it is 0. Shape (F,)."""
    times = yardstick.parts.times
    basis = np.broadcast_to(times[:, None] ** np.arange(3), (len(coefficients), len(times), 3))
    bends = (coefficients[:, 2] != 0)[:, None]
    now, best = coefficients, np.full(len(coefficients), np.inf)
    for _ in range(_ITERATIONS):
        residual, slope = yardstick.residuals(now @ basis[0].T)
        best = np.minimum(best, yardstick.square(residual))
        jacobian = slope[:, :, None] * basis
        jacobian[:, :, 2] *= bends
        step = _newton(yardstick, jacobian, yardstick.weigh(residual))
        now = now + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
    return np.asarray(np.minimum(best, yardstick.quality(now @ basis[0].T)))


def _newton(yardstick: Yardstick, jacobian: Floats, weighted: Floats) -> Floats:
    """Return Gauss and Newton's step. ``jacobian`` has the shape (F, M, K), ``weighted``, C^-1 r,
    the shape (F, M). Shape (F, K)."""
    turned = np.swapaxes(jacobian, 1, 2)
    normal = turned @ (yardstick.weights @ jacobian) + _RIDGE * np.eye(jacobian.shape[2])
    return np.asarray(np.linalg.solve(normal, turned @ weighted[:, :, None])[:, :, 0])
