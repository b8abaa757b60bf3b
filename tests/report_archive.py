"""A fictional half-year with 5,000 topics, some with hostile labels and headlines."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
from support import Doc, middle_document, write_month

START, END = date(2020, 1, 1), date(2020, 6, 30)
TOPICS = 5000
_A_DAY = 110

LONG = "Special Prosecutors (Independent Counsel)"
SCRIPT = "</script><script>document.title = 'taken'</script>"
IMAGE = '"><img src=x onerror="document.title = \'taken\'">'
FORMULA = '=cmd()|" /C calc"!A0'
RIGHT_TO_LEFT = "\u202egnikniht si ohw"
HUNDREDS = "Endless " * 62 + "end"
EMOJI = "🚀 Rockets & <b>Sons</b>"
HOSTILE = (SCRIPT, IMAGE, FORMULA, RIGHT_TO_LEFT, HUNDREDS, EMOJI)
# Topics that lead the lists, so that their labels are in pictures and charts; and how their
# log-odds move over the window.
SHAPES = {
    LONG: "pulse",
    "Ferries": "s_curve",
    "Trams": "fall",
    **dict.fromkeys(HOSTILE, "rise"),
    **{f"Rising Tide at Pier {number}": "slow_rise" for number in range(20)},
}

_NAMES = ("subject", "persons", "organizations", "glocations")
_FIRST = ("Harbour", "Winter", "Public", "Salt", "Northern", "Glass", "Elder", "Copper")
_SECOND = ("Fisheries", "Railways", "Theatres", "Forests", "Schools", "Bridges", "Markets")


def write_archive(folder: Path) -> None:
    """Write the months' files."""
    rng = np.random.default_rng(20)
    days = (END - START).days + 1
    day = np.repeat(np.arange(days), _A_DAY)
    u = (day + 0.5) / days
    logits = {
        "rise": 7 * u,
        "slow_rise": 4 * u,
        "fall": -7 * u,
        "pulse": -60 * (u - 0.5) ** 2,
        "s_curve": -np.log1p(np.exp(-25 * (u - 0.5))),
    }
    keywords: list[list[dict[str, str]]] = [[] for _ in day]
    for number in range(TOPICS - len(SHAPES)):
        label = f"{_FIRST[number % 8]} {_SECOND[number % 7]}, District {number}"
        keyword = {"name": _NAMES[number % 4], "value": label}
        for place in rng.choice(len(day), rng.integers(52, 80), replace=False):
            keywords[place].append(keyword)
    for label, shape in SHAPES.items():
        weight = np.exp(logits[shape])
        # Only with many articles can the fit tell the S-curve's ceiling.
        size = 900 if shape == "s_curve" else 400 if shape == "pulse" else 160
        for place in rng.choice(len(day), size, replace=False, p=weight / weight.sum()):
            keywords[place].append({"name": "subject", "value": label})
    months: dict[str, list[Doc]] = {}
    for place, own in enumerate(keywords):
        on = START + timedelta(days=int(day[place]))
        months.setdefault(f"{on:%Y-%m}", []).append(_document(place, on, own))
    for month, docs in months.items():
        write_month(folder, month, docs)


def _document(number: int, on: date, keywords: list[dict[str, str]]) -> Doc:
    headline = f"The Ledger of Oxbow, Sheet {number}"
    changes: Doc = {}
    hostile = [keyword["value"] for keyword in keywords if keyword["value"] in HOSTILE]
    if hostile:
        headline = f"{hostile[0]} {number}"
        changes["web_url"] = f"javascript:document.title='taken'//{number}"
    return middle_document(
        number,
        pub_date=f"{on}T14:30:12+0000",
        headline={"main": headline},
        keywords=[keyword | {"rank": 1, "major": "N"} for keyword in keywords],
        **changes,
    )
