"""From a docstring to plain English: its first sentence, its paragraphs, without the markup."""

import re

FEWEST_WORDS, MOST_WORDS = 4, 60
MOST_SIGNS = 0.25  # the share of digits and punctuation that prose has at most

PARAGRAPH_END = re.compile(r"\n\s*\n")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
NOT_LETTERS = re.compile(r"[^A-Za-z ]+")

# What to take away, in this order, and what stays of it.
MARKUP = (
    (re.compile(r"<[^<>\s][^<>]*>"), ""),  # <Tip>, <https://...>
    (
        re.compile(r":[\w:+-]+:`~?(?:[^`<]*\.)?([^`<.]+?)\.?(?:\s*<[^`]*>)?`"),
        r"\1",
    ),  # :class:`~a.B`
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),  # [text](address)
    (re.compile(r"`{1,2}~?([^`]*?)`{1,2}_{0,2}"), r"\1"),  # `code`, ``code``, `link`_
    (re.compile(r"\[[#\d]+\]_"), ""),  # [1]_
    (re.compile(r"\*\*([^*]+)\*\*"), r"\1"),  # **bold**
    (re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])"), r"\1"),  # *italic*
    (re.compile(r"[\[`]|\](?!\w)|\\(?=\W)"), ""),
)
SIGNS = re.compile(r"[<\[`*\\]")  # no markup without one of these

UNDERLINE = re.compile(r"\s*([-=~^*\"#+])\1{2,}\s*$")
CODE = re.compile(r"\s*(>>>|>> |```|\$\$|\|)")
SKIPPED = re.compile(r"\s*\.\. (math|code|code-block|plot|doctest|ipython|image|figure|_)")
DIRECTIVE = re.compile(r"\s*(\.\.|:\w[\w -]*:)( |$)")
HEADING = re.compile(r"\s*(Args|Arguments|Parameters|Returns?|Raises|Yields|Examples?|Notes?):\s*$")
NUMPY_ITEM = re.compile(r"\s*[\w*.`'\", ]+ : \S")  # axis : int or None
GOOGLE_ITEM = re.compile(
    r"\s*(?:[-*+]\s+)?[*`]*[\w.*]+[`*]*\s?(?:\(.*?\)+)?:(?:\s|$)"
)  # dim (int): ...
BULLET = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+")


def first_sentence(docstring: str) -> str:
    """The first sentence of a docstring's first paragraph, on one line.

    It ends at the first full stop, question or exclamation mark before a space and a capital, or
    where the paragraph ends.
    """
    text = PARAGRAPH_END.split(docstring.strip(), maxsplit=1)[0]
    return SENTENCE_END.split(" ".join(text.split()), maxsplit=1)[0]


def without_markup(text: str) -> str:
    """Text without reStructuredText and Markdown: the words of a link or a role stay."""
    if SIGNS.search(text):
        for pattern, kept in MARKUP:
            text = pattern.sub(kept, text)
    return " ".join(text.split())


def is_prose(text: str) -> bool:
    """Whether text reads like prose: words enough, and made of letters."""
    signs = len(text) - len(NOT_LETTERS.sub("", text))
    return signs <= MOST_SIGNS * len(text) and len(text.split()) >= FEWEST_WORDS


def is_sentence(text: str) -> bool:
    """Whether prose is one whole sentence: a capital, a full stop, not too long."""
    return (
        text[:1].isupper()
        and text[-1] in ".!?"
        and is_prose(text)
        and len(NOT_LETTERS.sub(" ", text).split()) >= FEWEST_WORDS
        and len(text.split()) <= MOST_WORDS
        and not GOOGLE_ITEM.match(text)
    )


def paragraphs_of(docstring: str) -> list[str]:
    """A docstring's paragraphs, descriptions of arguments among them, without markup and code."""
    found: list[list[str]] = [[]]
    skipping = False
    for line in docstring.splitlines():
        if not line.strip():
            skipping = False
            found.append([])
        elif skipping or CODE.match(line) or SKIPPED.match(line):
            skipping = True
        elif UNDERLINE.match(line):
            found[-1] = []  # the line above was a heading
        elif HEADING.match(line) or DIRECTIVE.match(line) or NUMPY_ITEM.match(line):
            found.append([])
        elif item := GOOGLE_ITEM.match(line) or BULLET.match(line):
            found.append([line[item.end() :]])
        else:
            found[-1].append(line)
    texts = (without_markup(" ".join(lines)) for lines in found if lines)
    return [text for text in texts if is_prose(text)]
