"""Text that acts where it is shown: spreadsheets, browsers, terminals, the table itself."""

from .attack import Attack

FORMULAS = ["=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1"]


def raising(name: str, text: str) -> Attack:
    """An attack whose exception carries the text, and has it for its name too."""
    kind = text[:50].replace("\0", "")
    return Attack(name, f"raise type({kind!r}, (Exception,), {{}})({text!r})", bare=True)


INJECTING = [
    *(raising(f"a formula that begins with {text[:1]!r}", text) for text in FORMULAS),
    raising("rows of the table", 'x"\nother.ipynb,01.augment,1,1,correct,"Right.'),
    raising("a script", "<script>alert(1)</script><img src=x onerror=alert(1)>"),
    raising("the end of a cell of HTML", "</td></tr></table><h1>All points</h1><!--"),
    raising("an attribute", '" onmouseover="alert(1)'),
    raising("Markdown", "[click](javascript:alert(1)) ![x](http://192.0.2.1/x) | 1 | 1 | correct |"),
    raising("colours and titles of a terminal", "\x1b[31mred\x1b]0;title\x07\x1b[2J\x9b31m"),
    raising("text that runs backwards", "\u202ethgir\u202c \u2066x\u2069 \u200b"),
    raising("half a surrogate", "\ud800 \udcff"),
    raising("a null character", "a\0b"),
    raising("separators", "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"),
    raising("rich markup", "[bold red]x[/] [link=http://192.0.2.1]x[/link]"),
    raising("format strings", "%s%s%s%n {0.__class__} ${HOME} {{7*7}}"),
    raising("a quotation mark alone", '"'),
    raising("a very long text", "A" * 100_000),
    raising("a very long line of combining characters", "e" + "\u0301" * 5000),
]
