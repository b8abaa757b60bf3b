"""The noise that topics share: how long their swings last and how strong they are, measured.

Real topics stray from any smooth course for weeks and months. The log-odds of a topic are taken to
carry fractional Gaussian noise (Mandelbrot and Van Ness, 1968, SIAM Review 10, 422-437): the mean
over a part b of the window has a variance in proportion to b^(2 d - 1); s^2 is that of a sixteenth
about the whole window.
With d = 0 it is white, with d near 1/2 swings of all lengths are nearly as strong. The expected
power of a slow wave (waves.py), of a trend, a bend or a change from quarter to quarter is then

    1 + s^2 I L(d)

in units of the binomial variance: I is the topic's information (the sum of n p (1 - p)), L the
contrast's loading, which depends on d and on the contrast alone.

The powers of a topic's waves, each over its expectation, are about chi-squared with one degree of
freedom (Whittle, 1953, Arkiv foer Matematik 2, 423-434; at low frequencies alone: Robinson, 1995,
Annals of Statistics 23, 1630-1661). Of all topics together they give the distribution of d, normal,
and of s, log-normal: what is typical, and the spread. Of one topic they give, with that as a prior,
the posterior of its d and s, so that topics with few articles borrow from the rest (empirical
Bayes, as Smyth, 2004, Statistical Applications in Genetics and Molecular Biology 3, 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import linalg, special

from growth.model.counts import Floats
from growth.model.noise.waves import waves

# Points that stand for a window when loadings are worked out: the waves are slow.
_POINTS = 512
SIXTEENTHS = 16
# Memories that a topic may have, and strengths: standard deviations of the log-odds of a sixteenth
# of the window about those of the whole.
_MEMORIES = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.48])
_WEAKEST, _STRONGEST, _STEP = 0.02, 8.0, 0.35
_STRENGTHS = np.exp(np.arange(np.log(_WEAKEST), np.log(_STRONGEST), _STEP))
# What may be typical of them, and how far topics may be from that: memories, and logarithms of
# strengths.
_TYPICAL_MEMORIES = np.arange(0.0, 0.46, 0.05)
_TYPICAL_STRENGTHS = np.exp(np.arange(np.log(_WEAKEST), np.log(4.0), 0.2))
_MEMORY_SPREADS = (0.06, 0.12)
_STRENGTH_SPREADS = (0.2, 0.4, 0.6, 0.8, 1.1, 1.5)
# A topic that is unlike the others may have any strength of the grid.
_UNLIKE = 0.02
# How far the typical memory is expected to be from the default before anything was counted.
_MEMORY_DEVIATION = 0.1
# The part of the topics that come and go: of these, the slowest waves are by so much stronger.
_MOVING = (0.0, 0.1, 0.2, 0.3)
_SLOWEST, _LIFT = 3, 10.0
# At most so many topics are looked at, and at least so many must be there to measure.
_MOST_TOPICS, _FEWEST_TOPICS = 2000, 30
# Topics of fewer articles, about, tell nothing of noise.
_LEAST_INFORMATION = 5.0
_FACTORS = 8
# Topics worked on at a time: few enough for a processor's cache.
_TOPICS = 512
# The grid of the excess s^2 I of a topic, and the memories that are left out as too unlikely.
_LEAST_EXCESS, _EXCESS_STEP = 0.02, 0.5
_UNLIKELY = 1e-3
# Degrees of freedom are tabled for the logarithm of a variance of the logarithm.
_LOG_VARIANCES = np.linspace(np.log(1e-6), np.log(3.0), 600)
_FREEDOM = 4.0


@dataclass(frozen=True)
class Noise:
    """``memory`` (d) and ``strength`` (s), the standard deviation of the log-odds of a sixteenth of
    the window about those of the whole, of a typical topic; ``memory_spread`` and
    ``strength_spread``, the standard deviations of the memory and of the strength's logarithm from
    topic to topic; ``moving``, the part of the topics that come and go besides; ``topics``, the
    number of topics that all this was measured from, 0 where it is the default."""

    memory: float
    strength: float
    memory_spread: float
    strength_spread: float
    moving: float
    topics: int

    def deviation(self, part: float) -> float:
        """Return the standard deviation of the mean log-odds over a part of the window."""
        return float(self.strength * np.sqrt(covariances(self.memory, round(1 / part))[0]))


# For a single series, or a handful: the memory of large subjects of the New York Times, 2016-2019.
DEFAULT = Noise(
    memory=0.4, strength=0.2, memory_spread=0.12, strength_spread=1.1, moving=0.2, topics=0
)


@dataclass(frozen=True)
class Loadings:
    """What a memory makes of contrasts: of the waves, shape (B,), of a trend, and of a bend. And
    the variances, over s^2, of the window's last quarter less its first, and of a sixteenth less
    the one before."""

    waves: Floats
    trend: float
    bend: float
    change: float
    neighbours: float


@lru_cache(maxsize=256)
def loadings(memory: float, number: int) -> Loadings:
    """Return the loadings of ``number`` waves and of the other contrasts."""
    covariance = linalg.toeplitz(covariances(memory, _POINTS))
    u = (np.arange(_POINTS) + 0.5) / _POINTS - 0.5
    contrasts = np.column_stack([waves(_POINTS, number), u, u**2 - (u**2).mean()])
    loading = (contrasts * (covariance @ contrasts)).sum(axis=0)
    loading /= _POINTS * (contrasts**2).sum(axis=0)
    quarter = covariances(memory, 4)
    sixteenth = covariances(memory, SIXTEENTHS)
    change, neighbours = 2 * (quarter[0] - quarter[3]), 2 * (sixteenth[0] - sixteenth[1])
    trend, bend = loading[-2:]
    return Loadings(loading[:-2], trend, bend, change, neighbours)


def covariances(memory: float, parts: int) -> Floats:
    """Return the covariances of the mean over one of ``parts`` equal parts of the window with the
    means over it and those that follow, over s^2. Shape (parts,)."""
    k = np.arange(parts, dtype=np.float64)
    power = 2 * memory + 1
    shape = (np.abs(k + 1) ** power - 2 * k**power + np.abs(k - 1) ** power) / 2
    # That of a sixteenth about the whole window is 1.
    about_window = 1 - SIXTEENTHS ** (power - 2.0)
    return np.asarray(shape * (SIXTEENTHS / parts) ** (power - 2) / about_window)


def measure(powers: Sequence[Floats], informations: Sequence[Floats]) -> Noise:
    """Measure the noise of T topics together, which come in parts. Of each part ``powers``, shape
    (T, B): of each wave the square of its sum of residuals, over its binomial variance;
    ``informations``, shape (T,): sums of n p (1 - p).

    Memory and strength are chosen together, then the spreads and the part that comes and goes, and
    so on until nothing changes. At last memory, strength and its spread are averaged over their
    likelihood: others are often nearly as likely as the likeliest."""
    telling = [information >= _LEAST_INFORMATION for information in informations]
    size = sum(map(np.count_nonzero, telling))
    if size < _FEWEST_TOPICS:
        return DEFAULT
    step = -(-size // _MOST_TOPICS)
    power, information = (
        np.concatenate([part[rows][::step] for part, rows in zip(parts, telling, strict=True)])
        for parts in (powers, informations)
    )
    trial = _Trial(_by_strength(power, information), {})
    found, before = replace(DEFAULT, moving=0.0, topics=int(size)), None
    while found != before:
        before = found
        for choices in (_TYPICAL, _SPREADS):
            candidates, heights = trial.of(found, choices)
            found = candidates[int(heights.argmax())]
    found = trial.average(found, _TYPICAL, "memory")
    return trial.average(found, _STRENGTHS_AND_SPREADS, "strength", "strength_spread")


@dataclass(frozen=True)
class _Trial:
    """How likely candidates are: ``likelihoods`` are those of ``_by_strength``, ``known`` what has
    been tried already."""

    likelihoods: Sequence[Floats]
    known: dict[tuple[int, Noise], tuple[list[Noise], Floats]]

    def of(self, found: Noise, choices: Sequence[dict[str, Any]]) -> tuple[list[Noise], Floats]:
        """Return what was found with some of its numbers as in the choices, and how likely each
        is."""
        key = len(choices), replace(found, **choices[0])
        if key not in self.known:
            candidates = [replace(found, **choice) for choice in choices]
            self.known[key] = candidates, _heights(self.likelihoods, candidates)
        return self.known[key]

    def average(self, found: Noise, choices: Sequence[dict[str, Any]], *names: str) -> Noise:
        """Return what was found with some of its numbers averaged over the likelihood of choices;
        strengths on the scale of logarithms."""
        candidates, heights = self.of(found, choices)
        weights = np.exp(heights - heights.max())
        averages: dict[str, Any] = {}
        for name in names:
            values = np.array([getattr(each, name) for each in candidates])
            logs = np.log(values) if name == "strength" else values
            mean = float(np.average(logs, weights=weights))
            averages[name] = float(np.exp(mean)) if name == "strength" else mean
        return replace(found, **averages)


_TYPICAL: list[dict[str, Any]] = [
    {"memory": float(memory), "strength": float(strength)}
    for memory in _TYPICAL_MEMORIES
    for strength in _TYPICAL_STRENGTHS
]
_SPREADS: list[dict[str, Any]] = [
    {"memory_spread": memory, "strength_spread": strength, "moving": moving}
    for memory in _MEMORY_SPREADS
    for strength in _STRENGTH_SPREADS
    for moving in _MOVING
]


_STRENGTHS_AND_SPREADS: list[dict[str, Any]] = [
    {"strength": float(strength), "strength_spread": spread}
    for strength in _TYPICAL_STRENGTHS
    for spread in _STRENGTH_SPREADS
]


def _heights(likelihoods: Sequence[Floats], candidates: Sequence[Noise]) -> Floats:
    """Return the log-likelihoods of candidates, by those of ``_by_strength``. Shape (K,)."""
    memories, spreads, strengths, strength_spreads, moving = (
        np.array([getattr(each, name) for each in candidates])
        for name in ("memory", "memory_spread", "strength", "strength_spread", "moving")
    )
    of_memory = _normal((_MEMORIES[:, None] - memories) / spreads)
    of_strength = _normal((np.log(_STRENGTHS)[:, None] - np.log(strengths)) / strength_spreads)
    of_strength = (1 - _UNLIKE) * of_strength + _UNLIKE / len(_STRENGTHS)
    priors = (of_memory[:, None, :] * of_strength).reshape(-1, len(candidates))
    still, lifted = likelihoods
    likelihood = still @ (priors * (1 - moving))
    if moving.any():
        likelihood += lifted @ (priors * moving)
    # Where topics hardly stray, nothing is known of their memory.
    usual = -0.5 * ((memories - DEFAULT.memory) / _MEMORY_DEVIATION) ** 2
    # Some are multiplied before a logarithm is taken of them.
    product = np.multiply.reduceat(likelihood, np.arange(0, len(likelihood), _FACTORS), axis=0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(product).sum(axis=0) + usual)


def _of_memory(noise: Noise) -> Floats:
    """Return the weights of the memories before anything was counted. Shape (M,)."""
    return _normal((_MEMORIES - noise.memory) / noise.memory_spread)


def _normal(distance: Floats) -> Floats:
    weights = np.exp(-0.5 * distance**2)
    return np.asarray(weights / weights.sum(axis=0))


def _by_excess(power: Floats, memories: Floats, excess: Floats, *, moving: bool = False) -> Floats:
    """Return the log-likelihoods of M memories and E values of the excess s^2 I, of topics that do
    not come and go, or of those that do, ``moving``. Shape (T, M E)."""
    number = power.shape[1]
    loading = np.stack([loadings(memory, number).waves for memory in memories])
    expected = 1 + (loading.T[:, :, None] * excess).reshape(number, -1)
    if moving:
        expected[:_SLOWEST] *= _LIFT
    return np.asarray((power @ (1 / expected) + np.log(expected).sum(axis=0)) / -2)


def _by_strength(power: Floats, information: Floats) -> tuple[Floats, Floats]:
    """Return the likelihoods of pairs of memory and strength, of topics that do not come and go and
    of those that do, over the largest of the first. Each of shape (T, M S)."""
    excess = _excesses(information)
    place = (np.log(information[:, None] * _STRENGTHS**2) - np.log(excess[0])) / _EXCESS_STEP
    place = np.clip(place, 0, len(excess) - 1.001)
    below = place.astype(np.int64)
    part = (place - below)[:, None, :]
    size = (len(power), len(_MEMORIES), len(excess))
    found = []
    for moving in (False, True):
        table = _by_excess(power, _MEMORIES, excess, moving=moving).reshape(size)
        low, high = (
            np.take_along_axis(
                table, np.broadcast_to(at[:, None, :], (*size[:2], at.shape[1])), axis=2
            )
            for at in (below, below + 1)
        )
        found.append(((1 - part) * low + part * high).reshape(size[0], -1))
    top = found[0].max(axis=1, keepdims=True)
    return np.exp(found[0] - top), np.exp(found[1] - top)


def _excesses(information: Floats) -> Floats:
    """Return the grid of the excess s^2 I that reaches to the strongest noise of any topic. Shape
    (E,)."""
    most = max(1.0, float(information.max())) * _STRONGEST**2
    return np.asarray(
        np.exp(np.arange(np.log(_LEAST_EXCESS), np.log(most) + _EXCESS_STEP, _EXCESS_STEP))
    )


def dispersions(
    noise: Noise, contrast: str, power: Floats, information: Floats
) -> tuple[Floats, Floats]:
    """Return the dispersion of a contrast, a field of Loadings, of T topics, and its degrees of
    freedom, each of shape (T,), given the noise that they share; ``power`` and ``information`` as
    in ``measure``.

    The contrast over its binomial error has the variance f = 1 + s^2 I L. Its dispersion is the
    posterior mean of f. If the posterior were a scaled inverse chi-squared one with as wide a
    logarithm, the contrast would be Student's t (Gelman et al., 2013, Bayesian Data Analysis,
    section 3.2) with a quarter of the degrees of freedom that are returned: with so few, the far
    tails, which lists of many topics depend on, are rarer than they say (docs/calibration.md)."""
    of_memory = _of_memory(noise)
    kept = of_memory > _UNLIKELY
    memories = _MEMORIES[kept]
    excess = _excesses(information) if len(information) else np.ones(1)
    loading = np.array([getattr(loadings(memory, 1), contrast) for memory in memories])
    dispersion = 1 + np.outer(loading, excess).ravel()
    logs = np.log(dispersion)
    columns = np.column_stack([dispersion, logs, logs**2])
    told = np.empty((len(power), 3))
    for begin in range(0, len(power), _TOPICS):
        some = slice(begin, begin + _TOPICS)
        prior = of_memory[kept][:, None] * _of_excess(noise, information[some], excess)[:, None, :]
        weights = _likelihoods(noise, power[some], memories, excess) * prior.reshape(-1, len(logs))
        weights /= weights.sum(axis=1, keepdims=True)
        told[some] = weights @ columns
    mean, first, second = told.T
    log_variance = np.log(np.maximum(second - first**2, 1e-6))
    return mean, _FREEDOM * np.interp(log_variance, _LOG_VARIANCES, _matched())


def _likelihoods(noise: Noise, power: Floats, memories: Floats, excess: Floats) -> Floats:
    """Return the likelihoods of pairs of memory and excess, over the largest. Shape (T, M E)."""
    still = _by_excess(power, memories, excess)
    if noise.moving:
        moving = _by_excess(power, memories, excess, moving=True)
        still = np.logaddexp(np.log1p(-noise.moving) + still, np.log(noise.moving) + moving)
    still -= still.max(axis=1, keepdims=True)
    return np.exp(still, out=still)


def _of_excess(noise: Noise, information: Floats, excess: Floats) -> Floats:
    """Return the weights of the excesses of topics before anything was counted. Shape (T, E)."""
    typical = np.log(information * noise.strength**2)[:, None]
    prior = np.exp(-0.5 * ((np.log(excess) - typical) / (2 * noise.strength_spread)) ** 2)
    prior *= (1 - _UNLIKE) / prior.sum(axis=1, keepdims=True)
    prior += _UNLIKE / len(excess)
    return np.asarray(prior)


@lru_cache(maxsize=1)
def _matched() -> Floats:
    """Return, for _LOG_VARIANCES, the degrees of freedom f of a scaled inverse chi-squared variable
    whose logarithm has that variance: trigamma(f / 2)."""
    target = np.exp(_LOG_VARIANCES)
    half = 0.5 + 1 / target
    # Newton's method on 1 / trigamma (Smyth, 2004, appendix).
    for _ in range(20):
        trigamma = special.polygamma(1, half)
        half = half + trigamma * (1 - trigamma / target) / special.polygamma(2, half)
    return np.asarray(2 * half)
