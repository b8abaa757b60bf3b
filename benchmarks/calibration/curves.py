"""Expected counts of planted curves."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from benchmarks.calibration.noises import ARTICLES, Floats


def along(days: int) -> Floats:
    """Return where the middles of the days are in the window, from -1/2 to 1/2."""
    return (np.arange(days) + 0.5) / days - 0.5


def curve(shape: str, days: int, mean: float) -> Floats:
    """Return the expected counts of a planted curve, with the mean asked for."""
    u = along(days)
    values = {
        "flat": np.ones(days),
        "fourfold growth": log_odds_curve(np.log(4) * u, mean),
        "fourfold fall": log_odds_curve(-np.log(4) * u, mean),
        "twentyfold growth": log_odds_curve(np.log(20) * u, mean),
        "S-curve": special.expit(12 * (u + 0.1)),
        "falling S-curve": special.expit(-12 * (u - 0.1)),
        "pulse": np.exp(-(((u + 0.1) / 0.15) ** 2) / 2) + 0.003,
    }[shape]
    return np.asarray(values * mean / values.mean())


def log_odds_curve(log_odds: Floats, mean: float) -> Floats:
    """Return expected counts of the mean asked for: their log-odds are as given plus a constant."""
    constants = np.linspace(-20, 10, 3001)
    means = ARTICLES * special.expit(constants[:, None] + log_odds).mean(axis=1)
    return np.asarray(ARTICLES * special.expit(np.interp(mean, means, constants) + log_odds))


@dataclass(frozen=True)
class Jump:
    """Log-odds that jump by ``height`` where ``onset`` of the window is over. From then on they
    drift by ``drift`` a window; or the jump halves every ``half_life``, in windows, until of its
    height ``left`` is left."""

    name: str
    shape: str
    onset: float
    height: float
    drift: float = 0.0
    half_life: float = np.inf
    left: float = 0.0

    def expected(self, days: int, mean: float) -> Floats:
        """Return the expected counts, with the mean asked for."""
        since = along(days) + 0.5 - self.first_day(days) / days
        high = self.left + (1 - self.left) * 2 ** (-np.fmax(since, 0) / self.half_life)
        log_odds = np.where(since > 0, self.height * high + self.drift * since, 0.0)
        return log_odds_curve(log_odds, mean)

    def first_day(self, days: int) -> int:
        """Return the first day after the jump."""
        return round(self.onset * days)
