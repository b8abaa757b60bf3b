"""Why a fit exists, or does not."""

from enum import StrEnum


class Status(StrEnum):
    """What became of a topic's trend, S-curve or pulse; stored and shown as text.

    Within the fit a status is its number, in the order of this list. The first means that there is
    a fit, the next eight why a topic has no trend, the last three why it has no curve.
    """

    CONVERGED = "converged"
    TOO_FEW_ARTICLES = "too_few_articles"
    # All articles with the topic on one side of a day, or all without it: no finite rate exists.
    SEPARATED = "separated"
    LAST_PERIOD_ONLY = "last_period_only"
    FIRST_PERIOD_ONLY = "first_period_only"
    EVERY_ARTICLE = "every_article"
    NO_ARTICLES = "no_articles"
    TOO_FEW_PERIODS = "too_few_periods"
    # An estimate exists, but the search did not find it.
    NOT_CONVERGED = "not_converged"
    # An S-curve that is no better than the trend, a pulse that does not bend down.
    NO_CEILING = "no_ceiling"
    NO_PEAK = "no_peak"
    # fit_growth keeps another shape for the topic.
    NOT_SUPPORTED = "not_supported"

    @property
    def code(self) -> int:
        """Its number."""
        return list(Status).index(self)
