"""Spec pages: the rule language, reading a page, which forms it defines, and what libraries do."""
