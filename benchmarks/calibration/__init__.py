"""Are the fit's p-values and intervals right? Fits simulated topics and prints Markdown tables.

``make calibrate`` writes them to docs/calibration.md, in some minutes; the seeds are fixed."""

from benchmarks.calibration.curves import curve
from benchmarks.calibration.noises import ARTICLES, Noise, simulate

__all__ = ["ARTICLES", "Noise", "curve", "simulate"]
