"""How Sphinx builds the site. Nothing is loaded from another host."""

project = html_title = "trainspec"
language = "en"
root_doc = "index"
exclude_patterns = ["guides/index.md", "files"]

extensions = ["myst_parser", "sphinx_design", "trainspec.conformance.site.extension"]
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_inline", "alert"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_math_renderer = "mathml"
html_favicon = "static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = [["figure.mjs", {"type": "module"}]]
templates_path = ["templates"]
html_show_sphinx = html_copy_source = html_show_copyright = False
# Hundreds of pages of cases do without the tree of all pages.
html_sidebars = {
    pattern: ["sidebar/brand.html", "sidebar/search.html"] for pattern in ("cases/**", "catches/*")
}
