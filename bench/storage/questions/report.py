"""The report: one HTML page with its plots inside, and the same words and tables as Markdown."""
from html import escape

import svg
from figures import amount

STYLE = "body{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#222}table{border-collapse:collapse;margin:1em 0}" \
        "td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}" \
        ".recommend{background:#f3f6ef;padding:.6em 1.2em}.emulated{background:#fdf3e3;padding:.4em 1em}svg{display:block;margin:1em 0;max-width:100%}"
EMULATED = "The host is emulated: shapes count here, not speeds. Say how cases compare with each other, not how long they take."


class Answer:
    """What came of one question at one place."""

    def __init__(self, title, place, tables=(), advice=(), remarks=(), plots=(), failure=""):
        self.title, self.place, self.emulated = title, place.name, place.emulated
        self.tables, self.advice, self.remarks, self.plots, self.failure = list(tables), list(advice), list(remarks), list(plots), failure


def cells(table):
    """The rows of a table as text, the header first."""
    yield ["", *(name for name, _ in table.columns)]
    for case in table.cases:
        row = [case]
        for name, unit in table.columns:
            words = amount(table.median(case, name), unit, table.digits)
            ratio = table.ratio(case, name)
            row.append(words + (f" ({ratio:.2f})" if words and ratio is not None and case != table.cases[0] else ""))
        yield row


def markdown(answers, head):
    out = [f"# {head[0]}", "", *head[1:], "", "## Recommendation", ""]
    for answer in answers:
        out += [f"- *{answer.place}.* {words}" for words in answer.advice]
    if not any(answer.advice for answer in answers):
        out.append("None: nothing could be measured.")
    for answer in answers:
        out += ["", f"## {answer.title}", "", f"{answer.place}. {EMULATED if answer.emulated else ''}".strip(), ""]
        if answer.failure:
            out += [f"Not answered: {answer.failure}", ""]
        for table in answer.tables:
            rows = list(cells(table))
            out += [f"{table.title} (median; in parentheses over the first row):", "", "| " + " | ".join(rows[0]) + " |",
                    "|---|" + "---:|" * len(table.columns), *("| " + " | ".join(row) + " |" for row in rows[1:]), ""]
        out += answer.remarks
    return "\n".join(out).rstrip() + "\n"


def html(answers, head):
    out = ["<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">",
           f"<title>{escape(head[0])}</title><style>{STYLE}</style><h1>{escape(head[0])}</h1>", *(f"<p>{escape(line)}</p>" for line in head[1:] if line),
           "<h2>Recommendation</h2><ul class=\"recommend\">", *(f"<li><em>{escape(a.place)}.</em> {escape(words)}</li>" for a in answers for words in a.advice), "</ul>"]
    for answer in answers:
        out.append(f"<h2>{escape(answer.title)}</h2><p>{escape(answer.place)}</p>")
        if answer.emulated:
            out.append(f"<p class=\"emulated\">{EMULATED}</p>")
        if answer.failure:
            out.append(f"<p>Not answered: {escape(answer.failure)}</p>")
        for table in answer.tables:
            rows = list(cells(table))
            out.append(f"<p>{escape(table.title)} (median; in parentheses over the first row; the lines in the plots are the range of the rounds)</p><table><tr>"
                       + "".join(f"<th>{escape(cell)}</th>" for cell in rows[0]) + "</tr>")
            out += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:]]
            out.append("</table>")
            out += [svg.bars(table, name, lambda value, unit=unit, digits=table.digits: amount(value, unit, digits)) for name, unit in table.columns]
        out += answer.plots
        out += [f"<p>{escape(remark)}</p>" for remark in answer.remarks]
    return "\n".join(out) + "\n</html>\n"
