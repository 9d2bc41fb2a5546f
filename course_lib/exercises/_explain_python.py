"""What Python's own error messages mean: (type of the error, pattern of its text, sentence).

The first row that fits is said, so the narrow ones stand first. Every sentence is true of each
error that its row fits; the texts are those of Python 3.11 to 3.13.
"""

FUNCTION = r"(builtin_function_or_method|function|method|method-wrapper|method_descriptor)"
ONE_BY_ONE = r"(generator|map|zip|filter|enumerate|\w*iterator|reversed)"

NONE = (
    "Something that the line uses is None: what a function without return gives, and what .grad "
    "is before backward()."
)
NOT_CALLED = (
    "There is a function in that place, not what it returns. Are the brackets missing that call it?"
)

ANYWHERE = (
    (
        SystemExit,
        r"",
        "exit() and sys.exit() end the whole program. A function ends with return.",
    ),
    (
        RecursionError,
        r"",
        "It calls itself without end. Does __call__ or a property call the very thing it defines?",
    ),
)

# Said only where a line of the learner's own was reached.
OF_A_LINE = (
    (
        TypeError,
        r"'NoneType'|NoneType\.__format__",
        NONE,
    ),
    (
        TypeError,
        rf"'{FUNCTION}'",
        NOT_CALLED,
    ),
    (
        TypeError,
        r"object is not callable",
        "Brackets call a function; what stands in front of them here is not one.",
    ),
    (
        ValueError,
        r"math domain error",
        (
            "A function of math got a number that it is not defined for, as the logarithm is not "
            "for 0 and less, and the root not for less than 0. Print the number."
        ),
    ),
    (
        OverflowError,
        r"math range error|result out of range",
        "The result is too large for a float. Print what goes in.",
    ),
    (
        ZeroDivisionError,
        r"by zero",
        (
            "Something is divided by 0 there. Which number in that line can be 0: a length, a "
            "count, a sum?"
        ),
    ),
    (
        ValueError,
        r"(max|min)\(\) (arg is an empty sequence|iterable argument is empty)",
        (
            "max and min had nothing to choose from. Which line should have filled it, or is an "
            "empty one a case of its own?"
        ),
    ),
    (
        ValueError,
        r"(too many|not enough) values to unpack",
        (
            "There are more names to be filled than values, or fewer; the message says which. "
            "Print what is unpacked, right of the `=` or of the `in`."
        ),
    ),
    (
        TypeError,
        r"'(tuple|str|bytes|range|torch\.Size)' object does(n't| not) support item",
        (
            "A tuple, a text and a range cannot be changed once they are made. Make a new one, or "
            "use a list from the start."
        ),
    ),
    (
        TypeError,
        r"does(n't| not) support item (assignment|deletion)",
        (
            "What stands in front of the square brackets has no places that could be changed; the "
            "message names its kind. Is it what you think it is?"
        ),
    ),
    (
        TypeError,
        rf"'{ONE_BY_ONE}'",
        (
            "A generator (map, zip and the like are similar) makes its values one by one: it has "
            "no length and no index, and is no number. Loop over it, or collect its values with "
            "list() or sum()."
        ),
    ),
    (
        TypeError,
        r"slice indices must be integers",
        (
            "The ends of a slice are whole numbers, or left out, and one here is something else. "
            "`/` gives a float even where nothing is left over."
        ),
    ),
    (
        TypeError,
        (
            r"indices must be integers.* not '?float|"
            r"'float' object cannot be interpreted as an integer"
        ),
        (
            "A whole number is wanted there, and this is a float. `/` gives a float even where "
            "nothing is left over; `//` gives a whole number."
        ),
    ),
    (
        TypeError,
        r"indices must be integers.* not '?str",
        (
            "A list, tuple or text is indexed with whole numbers; a key in quotes is for a dict. "
            "Print what stands in front of the square brackets."
        ),
    ),
    (
        TypeError,
        r"indices must be integers.* not '?tuple",
        (
            "A list, tuple or text takes one index at a time; several, with commas between, are "
            "for a tensor."
        ),
    ),
    (
        TypeError,
        r"indices must be integers|cannot be interpreted as an integer",
        (
            "A whole number is wanted there; the message says what was given. range() takes a "
            "number too: a list is looped over without it."
        ),
    ),
    (
        TypeError,
        r"multiply sequence by non-int of type 'float'",
        (
            "A list, tuple or text times a number is repeated, so the number has to be whole. To "
            "calculate with the numbers in it, make a tensor of them."
        ),
    ),
    (
        IndexError,
        (
            r"^IndexError: (list|tuple|string|range object|pop) (assignment )?index out of range|"
            r"^IndexError: index \d+ is out of range$"
        ),
        (
            "There is no such index: n things have the indices 0 to n - 1. Print the length and "
            "the index."
        ),
    ),
    (
        IndexError,
        r"pop from empty",
        "There is nothing left to take out. Print the length before that line.",
    ),
    (
        TypeError,
        r"can only concatenate tuple|unsupported operand .*'tuple'",
        (
            "One side is a tuple of several things, as max and sort with a dim give it. Unpack it, "
            "and calculate with the one that you mean."
        ),
    ),
    (
        TypeError,
        (
            r"can only concatenate list|unsupported operand .*'list'|unary -: 'list'|"
            r"abs\(\): 'list'|multiply sequence by non-int of type 'list'"
        ),
        (
            "A list does not calculate: + only joins two lists. Loop over its numbers, or make a "
            "tensor of them."
        ),
    ),
    (
        TypeError,
        (
            r"can only concatenate str|unsupported operand .*'str'|supported between .*'str'|"
            r"non-int of type 'str'"
        ),
        "One side is a text, and the other is not, or the sign is not for texts. Print both sides.",
    ),
    (
        TypeError,
        r"unsupported operand|bad operand|not supported between",
        (
            "The sign in that line is not for these kinds of things; the message names them. Print "
            "what stands on each side."
        ),
    ),
    (
        TypeError,
        r"object is not subscriptable",
        (
            "What stands in front of the square brackets cannot be indexed; the message "
            "names its kind. Is it what you think it is?"
        ),
    ),
    (
        TypeError,
        r"object is not iterable|cannot unpack non-iterable|must be an iterable",
        (
            "Something with several values is wanted there, to loop over or to unpack; the message "
            "says what was given. range(n) counts up to a number n."
        ),
    ),
    (
        TypeError,
        r"has no len\(\)",
        (
            "len() works only on what knows how many things it holds; the message names the kind "
            "that it was given. Is it what you think it is?"
        ),
    ),
    (
        TypeError,
        r"unhashable type: '(list|dict|set)'",
        (
            "A list, dict or set can be no key of a dict and no member of a set. A tuple of "
            "numbers or texts can."
        ),
    ),
    (
        TypeError,
        r"must be real number, not|argument must be a string.* real number, not",
        "A single number is wanted there; the message says what was given.",
    ),
    (
        TypeError,
        r"unsupported format string passed to",
        (
            "A format after the colon, such as :.2f, is for a single number or a text, and what "
            "stands in the braces is neither; the message names its kind."
        ),
    ),
    (
        ValueError,
        r"invalid literal for int\(\)|could not convert string to float",
        (
            "The text, as the message shows it, is not a number as int() or float() reads one. "
            "Print it, with repr() to see the spaces."
        ),
    ),
    (
        RuntimeError,
        r"dictionary changed size during iteration",
        (
            "A dict must not grow or shrink while a loop goes over it. Collect the changes, and "
            "make them afterwards."
        ),
    ),
    (
        KeyError,
        r"^KeyError: (?!.*empty)",
        "Nothing is kept under that key; the message names it. Print the keys that there are.",
    ),
)
