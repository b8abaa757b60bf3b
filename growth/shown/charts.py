"""The page's charts: Vega-Lite specifications, written with Altair.

A specification holds no data. Three put a topic's rows in and draw it: the page's script
(report/assets/charts.js), report/pictures.py for readers without scripts, and plot.py for
`growth plot`. Colours are the variables of colours.css, so that one picture serves
light and dark, screen and paper.
"""

from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import altair as alt
import vl_convert

from console.months import months_between
from growth.choices import Period
from growth.stored.periods import Bins

# The Vega-Lite that this Altair writes.
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
# So many topics are compared at most. Their colours, --c0 to --c7, are dark
# enough on white and light enough on black, and colour-blind readers can tell them apart (after
# Okabe and Ito, 2008); the shapes of the points help everyone.
COMPARED = 8
_SHAPES = [
    "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0Z",
    "M-.9,-.9H.9V.9H-.9Z",
    "M0,-1.2L1.1,.8H-1.1Z",
    "M0,-1.3L1.1,0L0,1.3L-1.1,0Z",
    "M-.4,-1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z",
    "M0,1.2L1.1,-.8H-1.1Z",
    "M-1.3,-.5H1.3V.5H-1.3Z",
    "M-1.2,-.6L-.6,-1.2L0,-.6L.6,-1.2L1.2,-.6L.6,0L1.2,.6L.6,1.2L0,.6L-.6,1.2L-1.2,.6L-.6,0Z",
]

Spec = dict[str, Any]


def colours() -> str:
    """Return the style sheet of the charts' and the page's colours, by name, light and dark."""
    return (files("growth.shown") / "colours.css").read_text(encoding="utf-8")


def milliseconds(day: date) -> int:
    """Return a day as Vega takes it: its first moment, by UTC, since 1970."""
    return (day - date(1970, 1, 1)) // timedelta(milliseconds=1)


def specifications(bins: Bins) -> dict[str, Spec]:
    """Return the specifications, compiled to Vega: a list's small chart, the same without tooltips
    for still pictures, a topic's large chart, and the comparison on a linear and a logarithmic
    scale."""
    small = _topic_chart(bins, ticks=3, tooltips=True).properties(width=184, height=104)
    still = _topic_chart(bins, ticks=3, tooltips=False).properties(width=184, height=104)
    return {
        "small": _finish(small, 40),
        "still": _finish(still, 40),
        "large": large_chart(bins),
        "linear": _finish(_comparison(bins, logarithmic=False), 60),
        "log": _finish(_comparison(bins, logarithmic=True), 60),
    }


def large_chart(bins: Bins) -> Spec:
    """Return the specification, compiled to Vega, of a topic's large chart."""
    large = _topic_chart(bins, ticks=8, tooltips=True, large=True).properties(height=300)
    return _finish(large, 52, 66)


def _topic_chart(
    bins: Bins, ticks: int, tooltips: bool, large: bool = False
) -> alt.LayerChart | alt.FacetChart:
    accent, top = alt.param("accent", value="var(--steady)"), alt.param("top", value=1)
    points, curve = alt.NamedData("points"), alt.NamedData("curve")
    x = alt.X("t:T", axis=_time_axis(bins, ticks), scale=_time_scale(bins))
    scale = alt.Scale(domainMin=0, domainMax=alt.ExprRef("top"), nice=False, zero=True)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", axis=_share_axis(5 if large else 2), scale=scale)

    def band(level: int, opacity: float) -> alt.Chart:
        chart: alt.Chart = (
            alt.Chart(curve)
            .transform_filter("isValid(datum.level)")
            .mark_area(
                color=alt.ExprRef("accent"), opacity=opacity, clip=True, interpolate="monotone"
            )
            .encode(x=x, y=y(f"low{level}"), y2=f"high{level}")
        )
        return chart

    dots = alt.Chart(points).mark_circle(size=26 if large else 11, color="var(--dot)", opacity=0.85)
    dashes = alt.Chart(curve).mark_line(
        color="var(--muted)", strokeWidth=1, strokeDash=[4, 3], clip=True
    )
    line = (
        alt.Chart(curve)
        .transform_filter("isValid(datum.level)")
        .mark_line(color=alt.ExprRef("accent"), strokeWidth=2.2, clip=True, interpolate="monotone")
    )
    last_value = (
        alt.Chart(curve)
        .transform_filter("isValid(datum.end)")
        .mark_text(
            align="left", dx=5, fontWeight="bold", fontSize=13 if large else 11,
            color=alt.ExprRef("accent"),
        )
    )  # fmt: skip
    layers = [
        band(95, 0.16),
        band(80, 0.2),
        dots.encode(x=x, y=y("share")),
        # Only one large chart is shown at a time: it has room for the fitted curve, too.
        *([dashes.encode(x=x, y=y("fitted"))] if large else []),
        line.encode(x=x, y=y("level")),
        last_value.encode(x=x, y=y("level"), text="end:N"),
        *([_tooltips(bins)] if tooltips else []),
    ]
    return alt.layer(*layers).add_params(accent, top)


def _tooltips(bins: Bins) -> alt.Chart:
    """Return an invisible layer that shows a period's numbers when the mouse is over it."""
    chart: alt.Chart = (
        alt.Chart(alt.NamedData("points"))
        .mark_rect(opacity=0)
        .encode(
            x=alt.X("from:T", scale=_time_scale(bins)),
            x2="to",
            y=alt.value(0),
            y2=alt.value("height"),
            tooltip=[alt.Tooltip("tip:N")],
        )
    )
    return chart


def _comparison(bins: Bins, logarithmic: bool) -> alt.LayerChart | alt.FacetChart:
    lines = alt.NamedData("lines")
    order = [str(place) for place in range(COMPARED)]
    x = alt.X("t:T", axis=_time_axis(bins, 8), scale=_time_scale(bins))
    y_scale = (
        alt.Scale(type="log", domainMin=alt.ExprRef("floor"), nice=False)
        if logarithmic
        else alt.Scale(type="linear", zero=True, nice=True)
    )
    axis = _share_axis(6)
    if logarithmic:
        axis.values = [digit * 10.0**power for power in range(-7, 7) for digit in (1, 2, 5)]
        # Otherwise Vega leaves out every other value, and the steps look uneven.
        axis.tickCount = len(axis.values)
    axis.labelExpr = (
        "datum.value == 0 ? '0' : measure == 'share' ? format(100 * datum.value, '~g') + '%' "
        ": format(datum.value, ',~g')"
    )
    colour = alt.Color(
        "place:N",
        scale=alt.Scale(domain=order, range=[f"var(--c{place})" for place in order]),
        legend=None,
    )
    shape = alt.Shape("place:N", scale=alt.Scale(domain=order, range=_SHAPES), legend=None)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", axis=axis, scale=y_scale, title=None)

    levels = (
        alt.Chart(lines)
        .transform_filter("isValid(datum.level)")
        .mark_line(strokeWidth=2.2, clip=True, interpolate="monotone")
        .encode(x=x, y=y("level"), color=colour, detail="place:N")
    )
    observed = (
        alt.Chart(lines)
        .transform_filter("isValid(datum.value)")
        .mark_point(filled=True, size=30, opacity=0.75)
        .encode(x=x, y=y("value"), color=colour, shape=shape, tooltip=[alt.Tooltip("tip:N")])
    )
    measure, floor = alt.param("measure", value="share"), alt.param("floor", value=1e-6)
    chart = alt.layer(levels, observed).add_params(measure, floor)
    return chart.properties(height=360)


def _share_axis(ticks: int) -> alt.Axis:
    return alt.Axis(
        tickCount=ticks,
        title=None,
        domain=False,
        ticks=False,
        labelExpr="datum.value == 0 ? '0' : format(100 * datum.value, '~g') + '%'",
    )


def _time_scale(bins: Bins) -> alt.Scale:
    # Expressions that are plain numbers: Vega-Lite would turn a date into a function call, which
    # Vega's interpreter, used in the page in place of eval, does not know.
    first, last = (alt.ExprRef(str(milliseconds(day))) for day in (bins.start[0], bins.end[-1]))
    return alt.Scale(type="utc", domainMin=first, domainMax=last, nice=False)


def _time_axis(bins: Bins, most: int) -> alt.Axis:
    days, pattern = _ticks(bins, most)
    return alt.Axis(
        values=alt.ExprRef(str([milliseconds(day) for day in days])),
        format=pattern,
        title=None,
        labelFlush=False,
        labelAlign="left",
        labelOffset=-2,
        tickSize=4,
        grid=False,
    )


def _ticks(bins: Bins, most: int) -> tuple[list[date], str]:
    """Return at most about ``most`` days to name below a chart, evenly apart, and the format of
    their names."""
    first, last = bins.start[0], bins.end[-1]
    if len(bins) <= 9 and bins.unit == Period.WEEK:
        return bins.start[:: -(-len(bins) // most)], "%-d %b"
    months = [month for month in months_between(first.replace(day=1), last) if month >= first]
    for step in (1, 2, 3, 4, 6, 12, 24, 60, 120, 240):
        chosen = [month for month in months if (12 * month.year + month.month - 1) % step == 0]
        if len(chosen) <= most:
            break
    # The last name needs room to its right.
    room = (last - first).days / (2 * most)
    named = [month for month in chosen if (last - month).days > room]
    return named, "%Y" if step >= 12 else "%b %Y"


def _finish(chart: alt.LayerChart | alt.FacetChart, left: int, right: int = 56) -> Spec:
    """Return a chart with the page's fonts, colours and margins, compiled to Vega."""
    dressed = chart.configure(
        background="transparent",
        font=FONT,
        # The container is one picture with one description; marks need none of their own.
        aria=False,
        # All charts of a list line up: room for axes and the last value is fixed.
        autosize="none",
        padding={"left": left, "right": right, "top": 10, "bottom": 22},
    )
    spec: Spec = dressed.to_dict(context={"datasets": {}})
    spec["config"] |= {
        "view": {"stroke": None},
        "axis": {
            "labelColor": "var(--muted)",
            "labelFontSize": 11,
            "gridColor": "var(--rule)",
            "domainColor": "var(--rule-strong)",
            "tickColor": "var(--rule-strong)",
            "aria": False,
        },
        "axisY": {"labelPadding": 4},
    }
    compiled: Spec = vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)
    return compiled
