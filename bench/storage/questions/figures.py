"""Figures: what was measured for each case, in rounds that ran interleaved, and what may be said of them."""
import statistics


class Table:
    """Rows are cases, columns what was measured of each; a cell has one value a round. The first case is the baseline."""

    def __init__(self, title, columns, digits=2):
        """`columns` are pairs of a name and a unit, `s` or `MB`."""
        self.title, self.columns, self.digits = title, columns, digits
        self.cells = {}

    def add(self, case, **values):
        names = [name for name, _ in self.columns]
        for key, value in values.items():
            name = key.replace("_", " ")
            assert name in names, name
            self.cells.setdefault(case, {}).setdefault(name, []).append(value)

    @property
    def cases(self):
        return list(self.cells)

    def values(self, case, column):
        return self.cells.get(case, {}).get(column, [])

    def median(self, case, column):
        """None where it was not measured."""
        values = self.values(case, column)
        return statistics.median(values) if values else None

    def ratio(self, case, column, base=None):
        """The median, over the rounds, of a case's value over the baseline's of the same round."""
        own, other = self.values(case, column), self.values(base or self.cases[0], column)
        pairs = [a / b for a, b in zip(own, other) if b > 0]
        return statistics.median(pairs) if pairs else None

    def spread(self, column):
        """How far rounds of one case lie apart, as a share of their median: what is smaller than this is noise."""
        widest = 0.0
        for case in self.cases:
            values = self.values(case, column)
            if len(values) > 1 and statistics.median(values) > 0:
                widest = max(widest, (max(values) - min(values)) / statistics.median(values))
        return widest


def rounds(count, cases, say):
    """Calls every case once a round, in turns of order, so that a noisy neighbour hits all alike. `cases` are pairs of a name and a call."""
    for turn in range(count):
        for name, call in cases if turn % 2 == 0 else reversed(cases):
            say(f"round {turn + 1} of {count}: {name}")
            call()


def cost(ratio, spread=0.0):
    """A ratio of times in words."""
    if ratio is None:
        return "could not be measured"
    if abs(ratio - 1) <= max(0.05, min(spread, 0.15)):
        return f"costs nothing that shows ({ratio:.2f} times the time)"
    if ratio < 1:
        return f"is quicker ({ratio:.2f} times the time)"
    return f"takes {ratio:.2f} times as long" if ratio < 10 else f"takes {ratio:.0f} times as long"


def amount(value, unit, digits=2):
    if value is None:
        return ""
    if unit == "MB":
        return f"{value / 1e6:,.1f} MB"
    return f"{value:,.{digits}f} s" if value < 100 else f"{value:,.0f} s"
