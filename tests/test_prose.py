"""course_lib._prose: first sentences and paragraphs, and what is taken out of them."""

import textwrap

import pytest

from course_lib import _prose

FIRST_SENTENCES = {
    "A short one.": "A short one.",
    "\n    Starts late\n    and goes on.\n\n    Then more.": "Starts late and goes on.",
    "Ends here. And not there.": "Ends here.",
    "Does it end? Yes.": "Does it end?",
    "It ends! Really.": "It ends!",
    "No stop at all\n\nNext paragraph.": "No stop at all",
    "Version 1.5 of it. Next.": "Version 1.5 of it.",
    "See numpy.array. next is small. Big.": "See numpy.array. next is small.",
    "Use a form, e.g. the one above. Next.": "Use a form, e.g. the one above.",
    "Use a form, e.g. BERT. Next.": "Use a form, e.g.",  # so much for a rule of one line
    "One line.\n   \nAnother.": "One line.",
    "": "",
    "   \n ": "",
}


@pytest.mark.parametrize(("docstring", "sentence"), FIRST_SENTENCES.items())
def test_the_first_sentence_ends_at_a_stop_before_a_capital_or_with_the_paragraph(
    docstring, sentence
):
    assert _prose.first_sentence(docstring) == sentence


MARKUP = {
    "plain": ("Nothing to do here.", "Nothing to do here."),
    "spaces": ("  Too   many\n spaces. ", "Too many spaces."),
    "double backticks": ("Set ``axis=1`` now.", "Set axis=1 now."),
    "single backticks": ("Set `axis` now.", "Set axis now."),
    "role": ("Return a :class:`Tensor` now.", "Return a Tensor now."),
    "role with a path": ("A :class:`torch.nn.Module` here.", "A Module here."),
    "role with a tilde": ("A :class:`~torch.nn.Module` here.", "A Module here."),
    "role with a domain": ("A :py:func:`os.path.join` call.", "A join call."),
    "role with a title": ("The :ref:`user guide <guide>` says.", "The user guide says."),
    "two roles": ("From :meth:`a.fit` to :meth:`b.get`.", "From fit to get."),
    "link": ("See `the paper <https://a.org/b>`_ now.", "See the paper now."),
    "anonymous link": ("See `the paper <https://a.org/b>`__ now.", "See the paper now."),
    "reference": ("See `the paper`_ now.", "See the paper now."),
    "markdown link": ("A [BERT](https://a.org) model.", "A BERT model."),
    "markdown image": ("An ![icon](a.png) here.", "An icon here."),
    "footnotes": ("As in [1]_ and [#2]_ shown.", "As in and shown."),
    "bold": ("This is **very** bold.", "This is very bold."),
    "italic": ("This is *very* lean.", "This is very lean."),
    "product": ("Compute a*b*c at once.", "Compute a*b*c at once."),
    "star arguments": ("Pass *args to it.", "Pass *args to it."),
    "tag": ("<Tip warning> Take care.", "Take care."),
    "comparison": ("Only if a < b and c > d.", "Only if a < b and c > d."),
    "index": ("Take [`x`] of it.", "Take x of it."),
    "no role": ("Ratio a: b stays.", "Ratio a: b stays."),
}


@pytest.mark.parametrize(("text", "plain"), MARKUP.values(), ids=MARKUP)
def test_markup_goes_and_its_words_stay(text, plain):
    assert _prose.without_markup(text) == plain


WHOLE = ["Compute the sum of it.", "Is this a whole one?", "Apply it to all rows!"]
PIECES = {
    "no capital": "compute the sum of it.",
    "no stop": "Compute the sum of it",
    "three words": "Compute the sum.",
    "too few letters": "A 1 2 3 4.",
    "mostly signs": "Run x[0] = (1, 2) + {3: 4} * 5.",
    "61 words": "Word " * 60 + "word.",
    "an argument": "Axis (int): The axis to use here.",
    "nothing": "",
    "a stop": ".",
}


@pytest.mark.parametrize("text", [*WHOLE, "Word " * 59 + "word."])
def test_a_whole_sentence_is_one(text):
    assert _prose.is_sentence(text)


@pytest.mark.parametrize("text", PIECES.values(), ids=PIECES)
def test_a_piece_of_a_sentence_is_none(text):
    assert not _prose.is_sentence(text)


def test_prose_has_at_most_a_quarter_of_signs():
    assert _prose.is_prose("ab cd ef 123")  # 3 of 12
    assert not _prose.is_prose("ab cd e 1234")  # 4 of 12
    assert not _prose.is_prose("three words only")
    assert not _prose.is_prose("")


PARAGRAPHS = {
    "two paragraphs": (
        """
        The first one stands
        on two lines.

        The second one stands alone.
        """,
        ["The first one stands on two lines.", "The second one stands alone."],
    ),
    "numpy sections": (
        """
        Do one thing with it.

        Parameters
        ----------
        axis : int or None
            The axis to go along.
        *args : tuple
            All of what is left.

        Returns
        -------
        out : ndarray
            The values that were found.

        See Also
        --------
        other_function
        """,
        [
            "Do one thing with it.",
            "The axis to go along.",
            "All of what is left.",
            "The values that were found.",
        ],
    ),
    "google sections": (
        """
        Do one thing with it.

        Args:
            axis (int, optional): The axis to go along.
                It may be negative.
            other: What else there is.
            `name` (`str`, *optional*, defaults to `"a"`): The name it will have.

        Returns:
            The values that were found.
        """,
        [
            "Do one thing with it.",
            "The axis to go along. It may be negative.",
            "What else there is.",
            "The name it will have.",
            "The values that were found.",
        ],
    ),
    "a doctest": (
        """
        Show how it is done.

        >>> compute the sum of all
        the sum of all it is

        Nothing more to say here.
        """,
        ["Show how it is done.", "Nothing more to say here."],
    ),
    "a doctest right below": (
        """
        Show how it is done.
        >>> compute the sum of all
        """,
        ["Show how it is done."],
    ),
    "a fence": (
        """
        Show how it is done.

        ```python
        compute the sum of all
        ```
        """,
        ["Show how it is done."],
    ),
    "a table": (
        """
        Show how it is done.

        | one column here | two columns there |
        | it holds some words | and so does this |
        """,
        ["Show how it is done."],
    ),
    "directives": (
        """
        Show how it is done.

        .. versionadded:: 1.2

        .. note::
            Mind the gap between them.

        .. math:: the sum of all these
            and the rest of it

        .. code-block:: python
           this is no prose

        :param x: what it was once
        """,
        ["Show how it is done.", "Mind the gap between them."],
    ),
    "a heading": (
        """
        A heading with four words
        =========================
        The text that stands below.
        """,
        ["The text that stands below."],
    ),
    "bullets": (
        """
        There are ways to go:

        - the first of these ways
        * the second of these ways
        1. the third of these ways
           which is the longest
        2) the fourth of these ways
        """,
        [
            "There are ways to go:",
            "the first of these ways",
            "the second of these ways",
            "the third of these ways which is the longest",
            "the fourth of these ways",
        ],
    ),
    "markup over two lines": (
        """
        Read the `long
        title <https://a.org>`_ of it.
        """,
        ["Read the long title of it."],
    ),
    "too short": ("Too short.\n\nThis one is long enough.", ["This one is long enough."]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("docstring", "paragraphs"), PARAGRAPHS.values(), ids=PARAGRAPHS)
def test_paragraphs_come_without_sections_code_and_markup(docstring, paragraphs):
    assert _prose.paragraphs_of(textwrap.dedent(docstring)) == paragraphs


@pytest.mark.timeout(30)  # it takes a third of a second at most
@pytest.mark.parametrize(
    "text",
    [
        "`" * 5_000,
        "[" * 5_000,
        "*" * 5_000,
        "<" * 5_000,
        ":a:`" * 2_000,
        "a.b(" * 2_000,
        "- " * 5_000,
    ],
    ids=["backticks", "brackets", "stars", "angles", "roles", "calls", "bullets"],
)
def test_odd_text_does_not_hang(text):
    for function in (_prose.first_sentence, _prose.without_markup, _prose.paragraphs_of):
        function(text)
    _prose.is_sentence(text)
