"""The noise that topics share: how long their swings last and how strong they are, measured.

Real topics stray from any smooth course for weeks and months. The log-odds of a topic are taken to
carry fractional Gaussian noise (Mandelbrot and Van Ness, 1968, SIAM Review 10, 422-437): the mean
over a part b of the window has the variance s^2 (16 b)^(2 d - 1), s^2 being that over a sixteenth.
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

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import linalg, special

from growth.model.counts import Floats
from growth.model.noise.students import FEWEST
from growth.model.noise.waves import waves

# Points that stand for a window when loadings are worked out: the waves are slow.
_POINTS = 512
SIXTEENTHS = 16
# Memories and strengths that a topic may have. A strength is the standard deviation of the mean
# log-odds over a sixteenth of the window.
_MEMORIES = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.48])
_STRENGTHS = np.exp(np.arange(np.log(0.02), np.log(8.0), 0.35))
# What may be typical of them, and how far topics may be from that: memories, and logarithms of
# strengths.
_TYPICAL_MEMORIES = np.arange(0.0, 0.46, 0.05)
_TYPICAL_STRENGTHS = np.exp(np.arange(np.log(0.02), np.log(4.0), 0.15))
_MEMORY_SPREADS = np.array([0.06, 0.12, 0.2])
_STRENGTH_SPREADS = np.array([0.2, 0.4, 0.6, 0.8, 1.1, 1.5])
# A topic that is unlike the others may have any strength of the grid.
_UNLIKE = 0.05
# How far the typical memory is expected to be from the default before anything was counted.
_MEMORY_DEVIATION = 0.2
# The part of the topics that come and go: of these, the slowest waves are by so much stronger.
_MOVING = np.array([0.0, 0.1, 0.2, 0.3])
_SLOWEST, _LIFT = 3, 10.0
# At most so many topics are looked at, and at least so many must be there to measure.
_MOST_TOPICS, FEWEST_TOPICS = 3000, 30
# Factors multiplied before a logarithm is taken of them: few enough that nothing overflows.
_FACTORS = 8


@dataclass(frozen=True)
class Noise:
    """``memory`` (d) and ``strength``, the standard deviation of the mean log-odds over a sixteenth
    of the window, of a typical topic; ``memory_spread`` and ``strength_spread``, the standard
    deviations of the memory and of the strength's logarithm from topic to topic; ``moving``, the
    part of the topics that come and go besides; ``topics``, the number of topics that all this was
    measured from, 0 where it is the default."""

    memory: float
    strength: float
    memory_spread: float
    strength_spread: float
    moving: float
    topics: int

    def deviation(self, part: float) -> float:
        """Return the standard deviation of the mean log-odds over a part of the window."""
        return float(self.strength * (SIXTEENTHS * part) ** (self.memory - 0.5))


# For a single series, or a handful: the memory of large subjects of the New York Times, 2016-2019.
DEFAULT = Noise(
    memory=0.4, strength=0.3, memory_spread=0.12, strength_spread=1.1, moving=0.2, topics=0
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
    return np.asarray(shape * (SIXTEENTHS / parts) ** (power - 2))


def measure(powers: Sequence[Floats], informations: Sequence[Floats]) -> Noise:
    """Measure the noise of T topics together, which come in parts. Of each part ``powers``, shape
    (T, B): of each wave the square of its sum of residuals, over its binomial variance;
    ``informations``, shape (T,): sums of n p (1 - p)."""
    size = sum(map(len, powers))
    if size < FEWEST_TOPICS:
        return DEFAULT
    step = -(-size // _MOST_TOPICS)
    power = np.concatenate([part[::step] for part in powers])
    information = np.concatenate([part[::step] for part in informations])
    still, moving = _likelihoods(power, information)
    best, found = -np.inf, DEFAULT
    for memory, spread, other in itertools.product(
        _TYPICAL_MEMORIES, _MEMORY_SPREADS, _STRENGTH_SPREADS
    ):
        priors = _priors(memory, spread, _TYPICAL_STRENGTHS, other)
        parts = still @ priors, moving @ priors
        # Where topics hardly stray, nothing is known of their memory.
        usual = -0.5 * ((memory - DEFAULT.memory) / _MEMORY_DEVIATION) ** 2
        for share in _MOVING:
            heights = np.log((1 - share) * parts[0] + share * parts[1]).sum(axis=0) + usual
            at = int(heights.argmax())
            if heights[at] > best:
                best = float(heights[at])
                strength = float(_TYPICAL_STRENGTHS[at])
                found = Noise(
                    float(memory), strength, float(spread), float(other), float(share), size
                )
    return found


def _priors(memory: float, spread: float, strengths: Floats, strength_spread: float) -> Floats:
    """Return the weights of the pairs of memory and strength before anything was counted, for each
    typical strength. Shape (M S, len(strengths))."""
    of_memory = _normal((_MEMORIES[:, None] - memory) / spread)
    of_strength = _normal((np.log(_STRENGTHS)[:, None] - np.log(strengths)) / strength_spread)
    of_strength = (1 - _UNLIKE) * of_strength + _UNLIKE / len(_STRENGTHS)
    return np.asarray((of_memory[:, None, :] * of_strength).reshape(-1, len(strengths)))


def _normal(distance: Floats) -> Floats:
    weights = np.exp(-0.5 * distance**2)
    return np.asarray(weights / weights.sum(axis=0))


def _excess(information: Floats, loading: Floats) -> Floats:
    """Return by how much noise lifts the variance of a contrast above the binomial's, for each pair
    of memory and strength. ``loading``, shape (M,), are those of the memories. Shape (T, M S)."""
    return information[:, None] * np.outer(loading, _STRENGTHS**2).ravel()


def _likelihoods(power: Floats, information: Floats) -> tuple[Floats, Floats]:
    """Return the likelihood of each pair of memory and strength, of topics that do not come and go
    and of those that do, over the largest of the first. Each of shape (T, M S)."""
    by_memory = np.stack([loadings(memory, power.shape[1]).waves for memory in _MEMORIES])
    shape = (len(power), by_memory.shape[0] * len(_STRENGTHS))
    twice, product, slow = np.zeros(shape), np.ones(shape), np.zeros(shape)
    for wave in range(power.shape[1]):
        expected = 1 + _excess(information, by_memory[:, wave])
        ratio = power[:, wave, None] / expected
        product *= expected
        twice += ratio
        if wave < _SLOWEST:
            slow += ratio
        if wave % _FACTORS == _FACTORS - 1:
            twice += np.log(product)
            product[:] = 1
    twice += np.log(product)
    lowest = twice.min(axis=1, keepdims=True)
    moving = slow / _LIFT - slow + min(_SLOWEST, power.shape[1]) * np.log(_LIFT)
    return np.exp((lowest - twice) / 2), np.exp((lowest - twice - moving) / 2)


@dataclass(frozen=True)
class Strays:
    """How far T topics stray: the posterior of memory and strength. ``weights``: shape (T, M S)."""

    weights: Floats
    information: Floats

    def dispersion(self, contrast: str) -> tuple[Floats, Floats]:
        """Return the dispersion of a contrast, a field of Loadings, and its degrees of freedom,
        each of shape (T,).

        The contrast over its binomial error has the variance f = 1 + s^2 I L. The posterior of f is
        matched, by mean and variance of its logarithm, to the scaled inverse chi-squared one, with
        which the contrast is Student's t (Gelman et al., 2013, Bayesian Data Analysis, section
        3.2)."""
        loading = np.array([getattr(loadings(memory, 1), contrast) for memory in _MEMORIES])
        logs = np.log1p(_excess(self.information, loading))
        mean = (self.weights * logs).sum(axis=1)
        variance = (self.weights * (logs - mean[:, None]) ** 2).sum(axis=1)
        freedom = 2 * _inverse_trigamma(np.maximum(variance, 1e-6))
        dispersion = np.exp(mean + special.psi(freedom / 2) - np.log(freedom / 2))
        return np.maximum(1.0, dispersion), np.maximum(FEWEST, freedom)


def strays(noise: Noise, power: Floats, information: Floats) -> Strays:
    """Return how far topics stray, given the noise that they share."""
    still, moving = _likelihoods(power, information)
    prior = _priors(
        noise.memory, noise.memory_spread, np.array([noise.strength]), noise.strength_spread
    )
    weights = ((1 - noise.moving) * still + noise.moving * moving) * prior[:, 0]
    return Strays(weights / weights.sum(axis=1, keepdims=True), information)


def _inverse_trigamma(y: Floats) -> Floats:
    """Return x where trigamma(x) = y, by Newton's method on 1 / y (Smyth, 2004, appendix)."""
    x = 0.5 + 1 / y
    for _ in range(8):
        trigamma = special.polygamma(1, x)
        x = x + trigamma * (1 - trigamma / y) / special.polygamma(2, x)
    return np.asarray(x)
