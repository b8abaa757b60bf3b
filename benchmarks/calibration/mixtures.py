"""Topics of which some grow and some do not: how far can the list be trusted?"""

from collections.abc import Iterator

import numpy as np

from benchmarks.calibration.fits import fit, percent
from benchmarks.calibration.news import (
    MIN_ARTICLES,
    SETTINGS,
    WINDOWS,
    Setting,
    ar1,
    expected_counts,
)
from benchmarks.calibration.noises import LongMemory, Noise
from benchmarks.calibration.oracle import found_by_oracle
from benchmarks.calibration.report import Limit, Table

SETS = 2
SOME, MANY = 10, (5, 20, 50)


def mixtures(topics: int) -> Iterator[list[str]]:
    """Yield how many of the topics listed as growing do not grow, and how many that do are
    listed."""
    for setting in SETTINGS:
        for days in WINDOWS:
            yield mixture(setting, days, SOME, topics)
    for noise in (Noise(0.0, 0.0), Noise(0.5, 0.5), Noise(0.7, 0.7), Noise(1.0, 0.7)):
        for days in (182, 731):
            for share in MANY:
                yield mixture(ar1(noise), days, share, topics)


def mixture(setting: Setting, days: int, share: int, topics: int) -> list[str]:
    """Simulate sets of topics of which ``share`` in 100 grow, and count what is listed."""
    grows = np.arange(topics) < share * topics / 100
    listed, best = [], []
    known = setting.noise if isinstance(setting.noise, Noise | LongMemory) else None
    for repeat in range(SETS):
        seed = [23, *setting.name.encode(), days, share, repeat]
        expected = expected_counts(seed, days, grows)
        counts = setting.draw(seed, expected)
        found = fit(counts, setting.totals(days), MIN_ARTICLES)
        listed.append((found.q_value <= 0.05) & (found.sure_growth > 0))
        if known:
            best.append(found_by_oracle(seed, known, expected.mean(axis=1), days, grows)[grows])
    called, growing = np.array(listed), np.tile(grows, (SETS, 1))
    return [
        setting.name, str(days), str(share), percent(~growing[called]),
        percent(called[growing]), percent(np.ravel(best)), str(called.sum()),
    ]  # fmt: skip


MIXTURES = Table(
    "Mixtures: how many of the topics listed as growing do not grow?",
    "Some of the topics grow fourfold, the others not at all. Listed are those with a q-value of "
    "at most 0.05 and a growth that is surely above 0, as in the list of growing topics. An oracle "
    "knows each topic's noise exactly: more cannot be found with as few errors.",
    ["noise", "days", "in 100 grow", "false of those listed", "found of those that grow",
     "found by an oracle", "listed (a number)"],
    3,
    mixtures,
    (Limit("More than 12 % of those listed are false", "false of those listed", most=12),),
)  # fmt: skip
