"""How all charts look: colours, shapes, axes, labels that do not overlap, titles and captions.

Colours are those of Okabe and Ito, which people who see few colours can tell apart, and every group
has a shape or a dash of its own too. A chart is as wide as a column of print (about 340 pixels).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from diffdata.errors import optional_library

WIDTH = 285  # of the plot without its axis, in pixels
TEXT = 8.5  # size of labels, in pixels

BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#222222", "#8C8C8C",
)  # fmt: skip
COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY, BLACK, GREY)
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke", "arrow")

_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_CONFIG: dict[str, Any] = {
    "font": _FONT,
    "background": "white",
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": TEXT, "titleFontSize": 9, "titleFontWeight": "normal", "grid": True,
        "gridColor": "#E6E6E6", "gridWidth": 0.6, "domainColor": "#777777", "tickColor": "#777777",
        "tickSize": 3, "labelColor": BLACK, "titleColor": BLACK, "titlePadding": 5,
    },
    "legend": {
        "orient": "bottom", "direction": "horizontal", "title": None, "labelFontSize": TEXT,
        "labelColor": BLACK, "symbolSize": 45, "offset": 6, "symbolOpacity": 1,
        "columnPadding": 8, "rowPadding": 1, "padding": 0, "labelLimit": 260,
    },
    "title": {
        "anchor": "start", "frame": "group", "fontSize": 11.5, "fontWeight": "bold",
        "color": BLACK, "subtitleFontSize": 9, "subtitleColor": "#444444", "offset": 6,
        "subtitlePadding": 3,
    },
    "header": {"labelFontSize": 9, "titleFontSize": 9},
}  # fmt: skip


def altair() -> Any:
    """Return Altair; InvalidInputError says how to install it."""
    return optional_library("altair")


def framed(chart: Any, data: pd.DataFrame) -> Any:
    """Give a chart the title, the caption and the theme; `data.attrs` has the texts."""
    alt, texts = altair(), data.attrs
    room = float(texts.get("width", WIDTH + 45))
    title = alt.Title(
        _wrapped(texts["title"], room / 6.0),
        subtitle=_wrapped(texts.get("subtitle", ""), room / 4.5),
        frame="bounds",
    )
    caption = alt.Title(
        _wrapped(caption_of(data), room / 3.5), orient="bottom", frame="bounds", fontSize=7,
        fontWeight="normal", color="#666666", offset=8,
    )  # fmt: skip
    return alt.vconcat(chart.properties(title=title), title=caption).configure(**_CONFIG)


def caption_of(data: pd.DataFrame) -> str:
    """Return where the data of a plot come from, and what is not in it."""
    version = data.attrs.get("version")
    edition = f"diffdata {version.rsplit('.', 1)[0]}, CC BY 4.0" if version else ""
    return "; ".join(filter(None, [edition, data.attrs.get("caption", "")])) + "."


def _wrapped(text: str, columns: float) -> list[str]:
    return textwrap.wrap(text, max(int(columns), 20)) if text else []


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun.

    >>> plural(1, "model"), plural(1200, "model")
    ('1 model', '1,200 models')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def power(exponent: int) -> str:
    """Write a power of ten, without superscripts, which few fonts have all of.

    >>> power(24), power(-3), power(0)
    ('1e24', '1e-3', '1')
    """
    return f"1e{exponent}" if exponent else "1"


def short(value: float) -> str:
    """Write a number briefly, with a suffix from a thousand on.

    >>> short(0.5), short(20000.0), short(1e9)
    ('0.5', '20K', '1B')
    """
    for size, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size * 0.9999:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def brief(value: float) -> str:
    """Write a number with two digits that count, without a power of ten up to a million.

    >>> brief(2.738), brief(3071.0), brief(0.053)
    ('2.7', '3,100', '0.053')
    """
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if 100 <= abs(rounded) < 1e6 else f"{rounded:.2g}"


class LogScale:
    """A logarithmic axis: its domain around some values, its ticks, and places on it."""

    def __init__(
        self, values: Iterable[Any], title: str, *, prefix: str = "", most: int = 7,
        powers: bool | None = None, room: float = 0.06,
    ) -> None:  # fmt: skip
        there = [float(value) for value in values if pd.notna(value) and 0 < value < math.inf]
        logs = [math.log10(value) for value in there] or [0.0, 1.0]
        span = max(max(logs) - min(logs), 0.3)
        self.low, self.high = min(logs) - room * span, max(logs) + room * span
        self.title, self.prefix = title, prefix
        wide = max(abs(self.low), abs(self.high)) > 13 or self.low < -4
        self.powers = wide if powers is None else powers
        self.ticks = self._ticks(most)

    def _ticks(self, most: int) -> list[float]:
        decades = range(math.ceil(self.low), math.floor(self.high) + 1)
        if len(decades) >= 3:
            step = max(1, math.ceil(len(decades) / most))
            return [10.0**exponent for exponent in decades if exponent % step == 0]
        parts = (1, 2, 5) if self.high - self.low > 0.6 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
        exponents = range(math.floor(self.low), math.ceil(self.high) + 1)
        fine = [part * 10.0**exponent for exponent in exponents for part in parts]
        return [tick for tick in fine if self.low <= math.log10(tick) <= self.high]

    def place(self, value: float) -> float:
        """Return where a value is on the axis, from 0 to 1."""
        return (math.log10(value) - self.low) / (self.high - self.low)

    def _text(self, tick: float) -> str:
        if not self.powers:
            return self.prefix + short(tick)
        exponent = math.floor(math.log10(tick) + 1e-9)
        part = tick / 10.0**exponent
        whole = abs(part - 1) < 1e-6
        return self.prefix + (power(exponent) if whole else f"{part:.2g}e{exponent}")

    @property
    def scale(self) -> Any:
        """The scale of Altair."""
        domain = [10.0**self.low, 10.0**self.high]
        return altair().Scale(type="log", domain=domain, nice=False, clamp=True)

    def axis(self, **options: Any) -> Any:
        """Return the axis of Altair."""
        texts = [f"'{self._text(tick)}'" for tick in self.ticks]
        # A chain of conditions: the expressions of Vega have no tables of numbers.
        written = "''"
        for tick, text in zip(self.ticks, texts, strict=True):
            written = f"abs(datum.value / {tick!r} - 1) < 1e-6 ? {text} : {written}"
        return altair().Axis(
            title=self.title, values=self.ticks, labelExpr=written, **options
        )  # fmt: skip


class TimeScale:
    """An axis of dates: its domain around some days, and places on it."""

    def __init__(self, days: Iterable[Any], *, room: float = 0.03) -> None:
        there = [pd.Timestamp(day) for day in days if pd.notna(day)]
        there = there or [pd.Timestamp(2020, 1, 1), pd.Timestamp(2021, 1, 1)]
        edge = max((max(there) - min(there)) * room, pd.Timedelta(days=20))
        self.low, self.high = min(there) - edge, max(there) + edge

    def place(self, day: Any) -> float:
        """Return where a day is on the axis, from 0 to 1."""
        return float((pd.Timestamp(day) - self.low) / (self.high - self.low))

    @property
    def scale(self) -> Any:
        """The scale of Altair."""
        domain = [_moment(self.low), _moment(self.high)]
        return altair().Scale(type="time", domain=domain, nice=False)

    def axis(self, title: str | None = None) -> Any:
        """Return the axis of Altair, with ticks at years or, for short spans, months."""
        years = (self.high - self.low).days / 365.25
        every = next(step for step in (1, 2, 5, 10, 20, 50) if years / step <= 9 or step == 50)
        alt = altair()
        if years < 3:
            step = 6 if years > 1.2 else 2  # from January on
            months = range(self.low.year * 12, self.high.year * 12 + 12, step)
            days = [pd.Timestamp(month // 12, month % 12 + 1, 1) for month in months]
            days = [day for day in days if 0.03 < self.place(day) < 0.96]
            return alt.Axis(title=title, format="%b %Y", values=[_moment(day) for day in days])
        first = self.low.year + 1 + (-(self.low.year + 1) % every)
        ticks = [
            _moment(pd.Timestamp(year, 1, 1)) for year in range(first, self.high.year + 1, every)
            if self.place(pd.Timestamp(year, 1, 1)) < 0.985
        ]  # fmt: skip
        return alt.Axis(title=title, format="%Y", values=ticks)


def _moment(day: pd.Timestamp) -> Any:
    return altair().DateTime(year=day.year, month=day.month, date=day.day)


def labels(
    points: Sequence[tuple[float, float, str]], width: float, height: float, *,
    size: float = TEXT, sides: Sequence[str] = ("right", "left", "above", "below"),
    most: int = 12,
) -> list[tuple[int, str]]:  # fmt: skip
    """Choose which points get a label, and on which side, so that it covers no other one.

    Points are given by their place (from 0 to 1, upwards) and text, the most important first.

    >>> labels([(0.5, 0.5, "one"), (0.5, 0.5, "two"), (0.99, 0.2, "three")], 200, 100)
    [(0, 'right'), (1, 'left'), (2, 'left')]
    """
    dots = [(x * width, (1 - y) * height) for x, y, _ in points]
    taken = [(x - 2, y - 2, x + 2, y + 2) for x, y in dots]
    chosen: list[tuple[int, str]] = []
    for place, ((x, y), (_, _, text)) in enumerate(zip(dots, points, strict=True)):
        long = len(text) * size * 0.53
        boxes = {
            "right": (x + 4, y - size / 2, x + 5 + long, y + size / 2),
            "left": (x - 5 - long, y - size / 2, x - 4, y + size / 2),
            "above": (x - long / 2, y - 5 - size, x + long / 2, y - 4),
            "below": (x - long / 2, y + 4, x + long / 2, y + 5 + size),
        }
        if len(chosen) == most:
            break
        for side in sides:
            box = boxes[side]
            inside = box[0] >= 3 and box[2] <= width + 2 and box[1] >= 0 and box[3] <= height
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                chosen.append((place, side))
                break
    return chosen


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


_SIDES: dict[str, dict[str, Any]] = {
    "right": {"align": "left", "dx": 5},
    "left": {"align": "right", "dx": -5},
    "above": {"align": "center", "dy": -8},
    "below": {"align": "center", "dy": 9},
}


def label_layers(
    rows: pd.DataFrame, x: Any, y: Any, text: str, width: float, height: float,
    places: Sequence[tuple[float, float]], **how: Any,
) -> list[Any]:  # fmt: skip
    """Return layers that label rows, the most important first, where there is room for it."""
    alt = altair()
    points = [(*place, str(label)) for place, label in zip(places, rows[text], strict=True)]
    chosen = labels(points, width, height, **how)
    layers = []
    for side, options in _SIDES.items():
        listed = rows.iloc[[place for place, of in chosen if of == side]]
        if listed.empty:
            continue
        base = alt.Chart(listed).encode(x=x, y=y, text=alt.Text(f"{text}:N"))
        halo = {"stroke": "white", "strokeWidth": 2.5, "strokeJoin": "round"}
        common = {"fontSize": how.get("size", TEXT), "baseline": "middle", **options}
        layers += [base.mark_text(**common, **halo), base.mark_text(**common, fill=BLACK)]
    return layers


def keyed(groups: Sequence[str], colours: Sequence[str] = COLOURS) -> tuple[Any, Any]:
    """Return the scales of colour and shape of some groups, in their order."""
    alt = altair()
    listed = list(groups)
    return (
        alt.Scale(domain=listed, range=list(colours[: len(listed)])),
        alt.Scale(domain=listed, range=list(SHAPES[: len(listed)])),
    )
