"""Spec pages → a site: sources for Sphinx, pages for cases, figures that can be moved.

Everything is made from the repository's own data: a new page appears by itself. Building needs
the extra `docs`; serving what was built needs nothing.
"""
