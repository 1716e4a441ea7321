"""Strings in double quotes, as formatters write them: `ast.unparse` writes single ones."""

from __future__ import annotations

import io
import tokenize

_STARTS = ("STRING", "FSTRING_START")  # from Python 3.12 on an f-string is many tokens
_ENDS = ("STRING", "FSTRING_END")
_PREFIXES = "rRbBfFuU"


def double_quoted(source: str) -> str:
    """Return the same program with double quotes wherever they need no more escapes.

    What cannot be read is returned as it is.
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return source
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    pieces, done, depth, begin = list[str](), 0, 0, 0
    for token in tokens:
        name = tokenize.tok_name[token.type]
        if name in _STARTS:
            begin = begin if depth else starts[token.start[0] - 1] + token.start[1]
            depth += 1
        if name in _ENDS:
            depth -= 1
            if not depth:
                end = starts[token.end[0] - 1] + token.end[1]
                pieces += [source[done:begin], _requoted(source[begin:end])]
                done = end
    return "".join([*pieces, source[done:]])


def _requoted(literal: str) -> str:
    quoted = literal.lstrip(_PREFIXES)
    prefix, inside = literal.removesuffix(quoted), quoted[1:-1]
    if not quoted.startswith("'") or quoted.startswith("'''") or '"' in inside:
        return literal
    if "r" not in prefix.lower():
        inside = inside.replace("\\'", "'")
    return literal if "\\'" in inside else f'{prefix}"{inside}"'
