"""Logistic growth of many topics at once. Arrays in, arrays out; knows nothing of the database.

``fit_trend``, ``fit_s_curve`` and ``fit_pulse`` fit one shape to every topic; ``fit_growth`` fits
all and keeps of each topic what its articles support. All take the non-zero cells of the counts.
"""

from growth.model.changes import ChangeFit, fit_change
from growth.model.level.levels import LevelFit, fit_level
from growth.model.shapes import (
    GrowthFit,
    PulseFit,
    SCurveFit,
    fit_growth,
    fit_pulse,
    fit_s_curve,
)
from growth.model.trends import TrendFit, adjust_p_values, fit_trend

__all__ = [
    "ChangeFit",
    "GrowthFit",
    "LevelFit",
    "PulseFit",
    "SCurveFit",
    "TrendFit",
    "adjust_p_values",
    "fit_change",
    "fit_growth",
    "fit_level",
    "fit_pulse",
    "fit_s_curve",
    "fit_trend",
]
