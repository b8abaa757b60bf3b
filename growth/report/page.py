"""Writes the report: one HTML file with all that it needs."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from growth.shown.words import ONE_BURST, describe, long_date, pace, what_happened, window
from growth.stored.columns import Q_VALUE
from warehouse.files import replacing
from warehouse.locks import share_warehouse

if TYPE_CHECKING:
    import psycopg

    from growth.report.read import Content, Row
    from growth.stored.runs import Choice

# What making the page does, step by step: reading, computing, drawing, waiting, writing.
STEPS = 5
# Still pictures of each list.
_PICTURES = 12
_SCRIPTS = ("data", "words", "charts", "download", "lists", "table", "topic", "compare", "app")
# Of Vega's bundle the page uses one function, vegaEmbed with an interpreter in place of eval.
_SNIPPET = "globalThis.vegaEmbed = vegaEmbed;"

_LISTS = {
    "growing": (
        "Growing",
        "Topics whose share of the articles rose for sure: of those listed, at most about "
        "{rate:.3g}% should be there by chance (the false discovery rate). Ranked by the smallest "
        "growth that is still plausible, so that a small topic with a lucky month ranks low.",
    ),
    "shrinking": (
        "Shrinking",
        "Topics whose share of the articles fell for sure, by the same rule, ranked by the "
        "smallest decline that is still plausible.",
    ),
    "popular": (
        "Leading",
        "The topics with the most articles in the window, whichever way they went.",
    ),
}
_METHOD = (
    "A topic is one of the paper's own keywords, or a word or phrase of its headlines; its share "
    "is the part of a day's articles that carry it, and days without it count as zeros.",
    "The line is the topic's level: where its share stands on each day, told from the weeks around "
    "it. News comes in bursts, so how sure a level is follows from how much the topic swings "
    "anyway: the bands hold the level, at each point, with 80% and 95% confidence, while single "
    "dots scatter more widely.",
    "Whether a topic grew or shrank over the whole window is told from two more: a trend, along "
    "which its odds multiply by the same factor every week, and the change from the first quarter "
    "of the window to the last. Where a topic is opened, the dashed line is the fitted trend or, "
    "where the articles support it, an S-curve that levels off, a pulse that rises and falls, a "
    "step from one share to another on a date, or an event: a jump that dies away. Where it "
    "describes less than half of what moved, it is said to fit poorly.",
    "The model knows counts and nothing else: not why a topic grew, not whether the paper or the "
    "world changed, and not what comes next.",
)
_WORDS = (
    ("still rising", "grew, and still grew in the last quarter of the window"),
    ("holding high", "rose, and stands at half of its highest level or above"),
    ("past its peak", "rose, fell below half of its highest, and is at twice its start or above"),
    ("came and went", "rose, fell below half of its highest, and is below twice its start"),
    ("fading", "shrank, or surely fell to below half of its highest"),
    ("steady", "did not move by much, and the articles show that"),
    ("unclear", "may have moved; the articles do not show which way"),
    ("every year", "most of up to three earlier years show the same in these months"),
    (
        "jumped, fell",
        "its share at least doubled, or halved, at once: on the date of the fitted step or event, "
        "else of the level's jump",
    ),
    ("new label", "first seen in this window: a new event, or a new name for an old one"),
    ("one burst", ONE_BURST),
    (
        "now",
        "in the window's last two weeks with articles; of windows above 15 months, in its last "
        "thirty-second",
    ),
    (
        "sure growth a year",
        "the smallest growth of the log-odds that is still plausible; +0.7 doubles a small share "
        "in a year",
    ),
    ("q", Q_VALUE),
)


@dataclass(frozen=True)
class Report:
    """A page that was written: where, what it shows, its size."""

    path: Path
    run_id: str
    topics: int
    size: int


def write_report(
    connection: "psycopg.Connection",
    path: Path,
    choice: "Choice",
    step: Callable[[str], None] = lambda name: None,
) -> Report:
    """Write the page of a fit to ``path``. What was there is replaced once the new page is whole.
    ``step`` is told the name of each step that begins. Raises WarehouseError."""
    from growth.report.read import evidence_meanwhile, read_content
    from growth.stored.observed import marts_needed
    from growth.stored.refit import with_levels
    from growth.stored.runs import choose_run

    # The file comes first: where it cannot be written, nobody waits for its content.
    with replacing(path, remedy="give another file with --out") as file:
        run = with_levels(choose_run(connection, choice))
        # Until all is read, dbt does not change the marts.
        share_warehouse(connection)
        with marts_needed(), evidence_meanwhile(run) as evidence:
            content = read_content(connection, run, step)
            page = _render(content, evidence, step).encode()
        file.write(page)
    return Report(path, run.run_id, len(content.topics), len(page))


def _render(
    content: "Content", evidence: Callable[[], list["Row"]], step: Callable[[str], None]
) -> str:
    """Return the page. The articles are asked for last, since the server still works on them."""
    import jinja2
    import vl_convert

    from growth.report.pack import pack
    from growth.report.pictures import draw
    from growth.shown.charts import COMPARED, VEGA_LITE, colours, specifications

    step("drawing the lists")
    charts = specifications(content.bins)
    firsts = {name: content.lists[name][:_PICTURES] for name in _LISTS}
    pictures = draw(content, charts.pop("still"), {i for first in firsts.values() for i in first})
    bundle = vl_convert.javascript_bundle(_SNIPPET, vl_version=VEGA_LITE)
    scripts = [_asset(f"{name}.js") for name in _SCRIPTS]
    # Each in a scope of its own: the bundle would leave hundreds of names behind.
    library = _enclosed(bundle)
    script = _enclosed('"use strict";\n' + "\n".join(scripts))
    style = colours() + _asset("page.css")
    run = content.run
    shown = window(run.window, run.last_day)
    step("choosing the articles that stand for topics")
    data = pack(content, evidence)
    step("writing")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("page.html")).render(
        policy=_policy([library, script], style),
        version=run.code_version,
        title=f"What grew in the news, {shown}",
        standfirst=_standfirst(content),
        topics=len(content.topics),
        unit=content.bins.unit,
        compared=COMPARED,
        lists=[
            {
                "name": name,
                "title": title,
                "rule": rule.format(rate=100 * run.false_discovery_rate),
                "number": f"{len(content.lists[name]):,}" if name != "popular" else "",
                "cards": [(i, _card(content, i), pictures[i]) for i in firsts[name]],
            }
            for name, (title, rule) in _LISTS.items()
        ],
        method=_METHOD,
        words=_WORDS,
        about=_about(content),
        style=style,
        data=data,
        specifications=json.dumps(charts, separators=(",", ":")).replace("<", "\\u003c"),
        library=library,
        script=script,
    )


def _asset(name: str) -> str:
    return (files("growth.report") / "assets" / name).read_text(encoding="utf-8")


def _enclosed(script: str) -> str:
    """Return a script wrapped in a function, with what would end its script element escaped."""
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return f"(() => {{\n{script}\n}})();"


def _policy(scripts: list[str], style: str) -> str:
    """Return the content security policy: this page's own scripts and style, and no network."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_digest, scripts))}",
            f"style-src {_digest(style)}",
            "img-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _card(content: "Content", index: int) -> dict[str, Any]:
    topic = content.topics[index]
    return {
        "topic_id": topic["topic_id"],
        "label": topic["label"],
        "kind": topic["kind"],
        "articles": topic["articles"],
        "other_labels": topic["other_labels"],
        "happened": what_happened(topic),
        "pace": pace(topic),
        "described": describe(topic),
    }


def _standfirst(content: "Content") -> str:
    grew, shrank = (len(content.lists[name]) for name in ("growing", "shrinking"))
    return (
        f"Of {len(content.topics):,} topics in {content.run.articles:,} articles, {grew:,} grew "
        f"and {shrank:,} shrank for sure. Each dot is a {content.bins.unit}; the line is the "
        "topic's level, the shading how sure it is."
    )


def _about(content: "Content") -> list[tuple[str, str]]:
    import altair
    import vl_convert

    run = content.run
    rows = [
        ("Window", window(run.window, run.last_day)),
        ("Articles", f"{run.articles:,}"),
        (
            "Topics",
            f"{run.topics:,}, of which {len(content.topics):,} have a fit: at least "
            f"{run.min_articles:,} articles, on days that allow one",
        ),
        ("Loaded up to", long_date(content.loaded_to)),
        ("Kinds", run.kinds.replace("+", ", ")),
        ("Fitted by", run.period),
        ("Fitted on", long_date(run.fitted_at.date())),
        ("Fit", run.run_id),
        (
            "Made with",
            f"news-growth {version('news-growth')}, Altair {altair.__version__}, Vega-Lite "
            f"{altair.SCHEMA_VERSION.lstrip('v')}, Vega {vl_convert.get_vega_version()}",
        ),
    ]
    if content.loaded_on:
        rows.insert(3, ("Loaded on", long_date(content.loaded_on)))
    if run.missing_months:
        rows.insert(1, ("Months not loaded", run.missing_months))
    return rows
