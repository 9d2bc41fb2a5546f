"""What PyTorch's error messages mean: (type of the error, pattern of its text, sentence).

These are said of every such error; those of `_explain_tensors` only where a line of the learner's
own was reached. The first row that fits is said, so the narrow ones stand first. Every sentence is
true of each error that its row fits; the texts are those of torch 2.13, and of earlier versions
where they differ.
"""

ROWS = (
    (
        Exception,
        (
            r"before Module\.__init__\(\) call|"
            r"no attribute '_(parameters|buffers|modules|\w*hooks)'"
        ),
        "The base class is not set up yet: make super().__init__() the first line of __init__.",
    ),
    (
        RuntimeError,
        (
            r"mat1 and mat2 shapes cannot be multiplied|size mismatch, got|"
            r"inconsistent tensor size|Expected size for first two dimensions of batch2"
        ),
        (
            "A matrix product needs the inner sizes equal, as in (B, in) @ (in, out). Write both "
            "shapes down: does one of them have to be transposed, or go to the other side?"
        ),
    ),
    (
        (RuntimeError, AssertionError),
        (
            r"Given normalized_shape|running_mean should contain|must be equal to input_size|"
            r"expected input.* to have \d+ channels|expecting embedding dimension of"
        ),
        (
            "The layer was made for another size than its input has; the message names both. "
            "Compare the input's shape with the numbers that the layer was made with."
        ),
    ),
    (
        RuntimeError,
        (
            r"must match the size of tensor b|doesn't match the broadcast shape|expanded size of "
            r"the tensor"
        ),
        (
            "The two shapes do not broadcast. Read them from the right: each pair of sizes has to "
            "be equal, or one of them 1."
        ),
    ),
    (
        RuntimeError,
        r"leaf Variable that requires grad.*in-place",
        (
            "Autograd guards parameters, and all else that requires a gradient, against silent "
            "changes. Change them inside `with torch.no_grad():`."
        ),
    ),
    (
        RuntimeError,
        r"does not require grad and does not have a grad_fn",
        (
            "Nothing in this result is connected to a parameter that requires a gradient. Was it "
            "made from a plain tensor, computed under no_grad(), or cut off by .data, .detach() or "
            ".item()?"
        ),
    ),
    (
        RuntimeError,
        r"Boolean value of Tensor with no values",
        (
            "One yes or no was asked of an empty tensor, which is neither. x.numel() says how many "
            "numbers there are."
        ),
    ),
    (
        (RuntimeError, ValueError),
        r"Boolean value of Tensor with more than one value|truth value of an array with more than",
        (
            "One yes or no was asked of many numbers: by if, while, not, and, or, in, by == "
            "between lists of tensors, by max() or sorted(). Say which is meant, .any(), .all(), "
            "or compare .shape."
        ),
    ),
    (
        TypeError,
        r"cannot assign .* as (parameter|child module)",
        (
            "That name belongs to a registered parameter or module; only another of its kind may "
            "take its place."
        ),
    ),
    (
        TypeError,
        r"list is not a Module subclass",
        "nn.Sequential takes modules, not a list of them. Put a star before the list to unpack it.",
    ),
    (
        TypeError,
        r"is not a Module subclass",
        "nn.ModuleList and nn.Sequential hold modules, made already: nn.Linear(2, 3), not (2, 3).",
    ),
    (
        NotImplementedError,
        r"Module \[ModuleList\] is missing",
        "A ModuleList is only a list of modules: loop over it, and call each one.",
    ),
    (
        NotImplementedError,
        r'missing the required "forward" function',
        (
            "Calling a module calls its method forward. Is there one, spelled so, and indented to "
            "stand inside the class?"
        ),
    ),
    (
        IndexError,
        r"Dimension out of range",
        "dim is the number of an axis, counted from 0 (or from -1 at the end), not its size.",
    ),
    (
        RuntimeError,
        r"shape '.*' is invalid for input of size",
        (
            "The sizes do not hold that many numbers: are they written in by hand? Take them from "
            "x.shape."
        ),
    ),
    (
        RuntimeError,
        r"number of dimensions in the tensor input does not match",
        "permute wants every axis once: three numbers for three axes.",
    ),
    (
        RuntimeError,
        r"t\(\) expects a tensor with <= 2 dimensions",
        "t() is for matrices. With three axes say which two change places: transpose or permute.",
    ),
    (
        IndexError,
        r"index out of range in self",
        (
            "An index has no row in the table that it is looked up in: a table of n rows, such as "
            "nn.Embedding(n, size), has the indices 0 to n - 1."
        ),
    ),
    (
        IndexError,
        r"Target -?\d+ is out of bounds",
        (
            "A label names a class that has no score: with C scores for each example the labels "
            "run from 0 to C - 1."
        ),
    ),
    (
        (RuntimeError, IndexError),
        (
            r"expected target dtype to be|scalar types: Long, Int|int32/int64 for index|"
            r"tensors used as indices must be"
        ),
        (
            "Indices and class labels have to be whole numbers, as a rule of dtype long, and these "
            "have another dtype. Print it, and look at the line that made them."
        ),
    ),
    (
        RuntimeError,
        (
            r"have (the )?same dtype, but|expected scalar type \w+ but found|"
            r"Found dtype \w+ but expected|expected dtype \w+ for `\w+` but got"
        ),
        (
            "Two tensors of different dtypes meet where one is needed; the message names both. "
            "Print the dtype of each."
        ),
    ),
)
