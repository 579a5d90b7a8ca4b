"""How Sphinx builds the manual from this folder: ``make docs``."""

import re
from importlib.metadata import version as installed

project = "iqabench"
author = "the iqabench contributors"
release = version = installed("iqabench")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
default_role = "code"  # help texts and docstrings write `names` as Markdown does
smartquotes = False  # else -- of an option becomes a dash

myst_heading_anchors = 3

napoleon_numpy_docstring = False
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "model_config"}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

nitpicky = True
# Classes of other libraries: to know them, the build would have to ask the network for their index.
nitpick_ignore_regex = [("py:(class|exc)", ".*")]

html_theme = "furo"
html_title = f"iqabench {release}"
html_copy_source = False
html_show_copyright = False

OUTSIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Files at the root of the repository that are pages here: links to them lead to these pages."""


def link_inside(app, name, source):
    """Turn a page's links to files of ``OUTSIDE`` into links to the pages that include them."""
    up = "../" * (name.count("/") + 1)
    for file, page in OUTSIDE.items():
        source[0] = re.sub(rf"\]\({re.escape(up + file)}(?=[#)])", f"]({up[3:]}{page}", source[0])


def without_types(app, what, name, found, options, lines):
    """Keep napoleon from taking words before a colon for a type: annotations have all types."""
    if what in ("attribute", "data", "property"):
        lines[:1] = [f": {line}" for line in lines[:1]]
    for place, line in enumerate(lines[:-1]):
        if line.strip() == "Returns:":
            indent = len(lines[place + 1]) - len(lines[place + 1].lstrip())
            lines[place + 1] = f"{' ' * indent}: {lines[place + 1].lstrip()}"


def link_pages(app, *found):
    """Make links of the pages that docstrings and help texts name, as in ``docs/leakage.md``."""
    lines = found[-1]
    lines[:] = [re.sub(r"\bdocs/([\w/-]+)\.md\b", r":doc:`\1`", line) for line in lines]


def setup(app):
    """Connect the rules of links and of docstrings."""
    app.connect("source-read", link_inside)
    app.connect("autodoc-process-docstring", link_pages)
    app.connect("sphinx-click-process-description", link_pages)
    app.connect("autodoc-process-docstring", without_types, priority=400)  # before napoleon
