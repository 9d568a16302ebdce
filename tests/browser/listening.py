"""axe-core on the notebook area, from the copy that the package axe-playwright-python carries: no network."""

from importlib.resources import files

AREA = ".jp-Notebook"
# What Jupyter itself puts there: its editors, prompts, toolbars and cell frames are not ours to mend.
NOT_OURS = [".jp-InputArea", ".jp-Toolbar", ".jp-cell-toolbar", ".jp-InputPrompt", ".jp-OutputPrompt", ".jp-Collapser"]
FRAME = "jp-WindowedPanel"  # Jupyter's list of cells, which axe-core finds wanting while it is being filled

RUN = """async ([area, notOurs]) => {
  const { violations } = await axe.run({ include: [[area]], exclude: notOurs.map((selector) => [selector]) });
  return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => [impact, id, html.slice(0, 200)]));
}"""


def violations(page):
    """Everything axe-core finds: [impact, rule, element]."""
    source = files("axe_playwright_python") / "axe.min.js"
    page.evaluate(source.read_text(encoding="utf-8"))
    return page.evaluate(RUN, [AREA, NOT_OURS])


def serious_violations(page):
    """What axe-core calls serious or critical."""
    return [
        (impact, rule, element)
        for impact, rule, element in violations(page)
        if impact in {"serious", "critical"} and FRAME not in element.split(">")[0]
    ]
