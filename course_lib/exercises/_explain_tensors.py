"""What PyTorch's error messages mean where a line of the learner's own was reached.

Rows as in `_explain_torch`: (type of the error, pattern of its text, sentence).
"""

PAIR = (
    "That is a tuple of tensors, not one: max, min, sort, topk and the like with a dim give the "
    "values and their places. Take the one that you mean."
)

ROWS = (
    (
        RuntimeError,
        (
            r"could not infer output dtype\. Input|std and var only support floating|"
            r"Expected a floating point or complex tensor as|to have floating point or complex"
        ),
        (
            "The result has fractions in general, so PyTorch computes it of floats only, and this "
            "tensor holds whole numbers, or True and False. Print its dtype."
        ),
    ),
    (
        RuntimeError,
        r"\" not implemented for '\w+'",
        (
            "PyTorch has no such operation for numbers of this dtype; the message names it (Long "
            "is whole numbers, Bool True and False). Print the dtype of what goes in."
        ),
    ),
    (
        RuntimeError,
        r"result type \w+ can't be cast to the desired output type",
        (
            "The result has another dtype than the tensor it has to go into; the message names "
            "both. An operation in place (+=, x[...] =, a name ending in _) never changes the "
            "dtype."
        ),
    ),
    (
        RuntimeError,
        r"nly Tensors of floating point",
        (
            "Whole numbers, and True and False, can require no gradient, and this tensor holds "
            "such. Print its dtype, and look at the line that made it."
        ),
    ),
    (
        RuntimeError,
        r"condition to be a boolean|only supports boolean masks",
        "A mask is a tensor of True and False, as a comparison makes it. Print the mask's dtype.",
    ),
    (
        RuntimeError,
        r"the `-` operator, (with|on)",
        (
            "PyTorch does not subtract True and False. Make numbers of them first, or, to turn a "
            "mask round, put ~ in front."
        ),
    ),
    (
        (ValueError, RuntimeError),
        r"only one element tensors can be converted|elements cannot be converted to Scalar",
        (
            "One number is wanted there, and the tensor does not hold exactly one. float(), "
            ".item() and the functions of math take a single number; torch has log, exp and the "
            "like for whole tensors, and torch.stack for a list of them."
        ),
    ),
    (
        TypeError,
        r"only integer tensors of a single element",
        (
            "A single whole number is wanted there, as in an index, a slice or range(), and the "
            "tensor holds several numbers, or one that is not whole. Print it."
        ),
    ),
    (
        IndexError,
        r"too many indices for (tensor|array)",
        (
            "The square brackets hold more indices than there are axes. Print the shape: has an "
            "axis gone, or was it never made?"
        ),
    ),
    (
        (IndexError, TypeError),
        r"invalid index of a 0-dim|of a 0-d tensor|over a 0-d tensor",
        (
            "The tensor has no axis: it is a single number, with nothing to index, count or loop "
            "over. Look at the line that made it."
        ),
    ),
    (
        (IndexError, RuntimeError),
        r"is out of bounds for (dimension|axis) \d+ with size",
        (
            "There is no such index on that axis: of size n it has the indices 0 to n - 1, or -n "
            "to -1 from the end. Print the shape and the index."
        ),
    ),
    (
        IndexError,
        r"The shape of the mask",
        "A mask needs the shape of what it chooses from, or of its first axes. Print both shapes.",
    ),
    (
        (IndexError, TypeError),
        r"valid indices \(got float\)|must be (int|tuple of ints), not float",
        (
            "Sizes and indices are whole numbers, and this is a float. `/` gives a float even "
            "where nothing is left over; `//` gives a whole number."
        ),
    ),
    (
        (TypeError, ValueError),
        r"new\(\): invalid data type 'str'|too many dimensions 'str'",
        (
            "PyTorch got a text where it takes numbers only: a tensor holds numbers and is indexed "
            "by them, a key in quotes is for a dict."
        ),
    ),
    (
        ValueError,
        r"expected sequence of length \d+ at dim",
        "A tensor has no ragged edge: all its rows have to be of one length. Print the lengths.",
    ),
    (
        RuntimeError,
        r"Could not infer dtype of",
        (
            "torch.tensor takes numbers, and lists of numbers. The message names the kind of thing "
            "that it found in their place."
        ),
    ),
    (
        RuntimeError,
        r"stack expects each tensor to be equal size",
        (
            "Tensors can be stacked only if they have one shape; the message names two that "
            "differ. Print the shapes of all."
        ),
    ),
    (
        RuntimeError,
        r"Sizes of tensors must match except|must have same number of dimensions",
        (
            "Tensors can be joined along an axis only if they agree in all the others. Print the "
            "shapes of all, and compare with dim."
        ),
    ),
    (
        RuntimeError,
        r"zero-dimensional tensor .* cannot be concatenated",
        "torch.cat makes an axis longer, and a tensor of a single number has none.",
    ),
    (
        (RuntimeError, ValueError),
        r"expects a non-empty TensorList|expected a non-empty list of Tensors",
        "The list of tensors is empty. Which line should have filled it?",
    ),
    (
        (ValueError, RuntimeError),
        r"must be the same as input size|different to the input size",
        "This loss compares number by number, so both tensors need one shape. Print the two.",
    ),
    (
        (ValueError, RuntimeError),
        r"to match target batch_size|Expected target size",
        (
            "The shapes of the scores and of the labels do not belong together: one label for each "
            "example, the scores with the classes on axis 1. Print both shapes."
        ),
    ),
    (
        RuntimeError,
        r"must be a matrix|must be a 3D tensor|need to be at least 1D",
        "This product needs another number of axes; the message says how many. Print both shapes.",
    ),
    (
        RuntimeError,
        r"can be implicitly created only for scalar",
        (
            "backward() starts from a single number, and this tensor is not one. Print its shape: "
            "was the loss averaged, or summed?"
        ),
    ),
    (
        RuntimeError,
        r"backward through the graph a second time",
        (
            "A backward() uses up the graph that it goes through, and this one was used before. Is "
            "all of it computed anew, or was a result kept from earlier?"
        ),
    ),
    (
        RuntimeError,
        r"has been modified by an inplace operation",
        (
            "The gradient needs a value as it was, and it has been changed in place since: by +=, "
            "x[...] =, a name ending in _, or an optimizer's step. Which line did it?"
        ),
    ),
    (
        RuntimeError,
        r"to not have been used in the graph",
        (
            "The result does not depend on that tensor, so there is no gradient. Was it copied, "
            "detached, or computed again on the way?"
        ),
    ),
    (
        RuntimeError,
        r"view size is not compatible",
        (
            "view leaves the numbers where they lie in memory, and after a transpose or permute "
            "they lie in another order than the shape says. The message names the operation that "
            "copies them."
        ),
    ),
    (
        (RuntimeError, IndexError),
        r"numel\(\) == 0|to have non-zero size",
        "The tensor is empty, so there is nothing to choose from. Which line made it so?",
    ),
    (
        RuntimeError,
        r"Error\(s\) in loading state_dict",
        (
            "The names or shapes in the state_dict are not those of the model; the message lists "
            "them. Compare it with model.state_dict()."
        ),
    ),
    (
        TypeError,
        r"must be Tensor, not torch\.return_types|'torch\.return_types\.\w+'",
        PAIR,
    ),
    (
        TypeError,
        r"must be Tensor, not NoneType",
        (
            "A tensor is wanted there, and there is None: what a function without return gives, "
            "and what .grad is before backward()."
        ),
    ),
    (
        TypeError,
        r"must be tuple of Tensors, not|expected Tensor as element",
        (
            "A list or tuple of tensors is wanted there, and nothing else; the message says what "
            "was given."
        ),
    ),
    (
        TypeError,
        r"must be Tensor, not ",
        (
            "A tensor is wanted there; the message says what was given. Should it be made into a "
            "tensor, or is the tensor somewhere inside it?"
        ),
    ),
    (
        KeyError,
        r"attribute '.*' already exists",
        (
            "The name is taken already. register_buffer makes the attribute by itself: leave out "
            "the assignment."
        ),
    ),
    (
        TypeError,
        r"invalid combination of arguments",
        (
            "PyTorch knows no such call. Look at the arguments in that line: their names, their "
            "number, their order."
        ),
    ),
)
