"""How much a test could find that knew the noise exactly: generalised least squares."""

import numpy as np
from scipy import special

from benchmarks.calibration.fits import Booleans
from benchmarks.calibration.noises import Floats, LongMemory, Noise
from growth.logistic import adjust_p_values

BLOCKS = 64


def found_by_oracle(
    seed: list[int], noise: Noise | LongMemory, means: Floats, days: int, grows: Booleans
) -> Booleans:
    """Return which topics, with ``means`` articles a day, such a test would list as growing, where
    some grow fourfold."""
    rng = np.random.default_rng(seed)
    length = max(1, days // BLOCKS)
    blocks = days // length
    between = _between_blocks(noise.autocovariance(rng, len(grows), days), length, blocks)
    numbers = np.arange(blocks)
    covariance = between[:, abs(numbers[:, None] - numbers)]
    # A block of n articles tells its log-odds with a variance of 1 / n.
    covariance[:, numbers, numbers] += 1 / (means[:, None] * length)
    design = np.stack([np.ones(blocks), (numbers + 0.5) * length / days - 0.5], axis=1)
    weighted = np.linalg.solve(covariance, np.broadcast_to(design, (len(grows), blocks, 2)))
    error = np.sqrt(np.linalg.inv(design.T @ weighted)[:, 1, 1])
    score = np.where(grows, np.log(4), 0.0) / error + rng.standard_normal(len(grows))
    q_value = adjust_p_values(2 * special.ndtr(-abs(score)))
    return np.asarray((q_value <= 0.05) & (score > 0))


def _between_blocks(autocovariance: Floats, length: int, blocks: int) -> Floats:
    """Return the autocovariance of means over ``length`` days, from that of days."""
    shift = np.arange(1 - length, length)
    lags = abs(np.arange(blocks)[:, None] * length + shift)
    return np.asarray(autocovariance[:, lags] @ (length - abs(shift)) / length**2)
