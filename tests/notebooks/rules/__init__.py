"""The rules that a stored notebook keeps: each takes a page and says what is wrong with it."""

from tests.notebooks.rules import layout, lessons, sessions, stored

RULES = (*stored.RULES, *layout.RULES, *lessons.RULES, *sessions.RULES)
