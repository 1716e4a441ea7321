"""Does an action print what was recorded? The rules, written down.

Ours is what was printed and the value of the last line, or the error's last line. Of the
recording are left out: the line about steps left, colour codes, Jupyter's `Out[n]:`,
"[Executed Successfully with No Output]". Of both: white space, addresses, `__main__.`,
NumPy 2's `np.float64(...)` around numbers. Floats agree within 1e-8; sets and dicts in any
order; a recording that was cut at 2,000 characters by its beginning. Of errors the type
has to agree: their words differ from one Python to the next.
"""

from __future__ import annotations

import re

from habilis.skills.outcome import Outcome

_STEPS = re.compile(r"\nYou have \d+ steps? left.*\Z", re.S)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OUT = re.compile(r"^Out\[\d+\]: ?", re.M)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_NUMPY = re.compile(r"np\.(?:float64|int64|bool_|float32|int32|str_)\(([^()]*)\)")
_NUMPY_BOOL = re.compile(r"np\.(True|False)_")
_FLOAT = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
_ERROR = re.compile(
    r"^(?:[\w.]*\.)?(\w+(?:Error|Exception|Exit|Interrupt|Warning|Iteration))(?::|$)", re.M
)
_NOTHING = "[Executed Successfully with No Output]"
_CUT = "[Output Truncated]"
_LONG = 1_500  # characters; longer recordings may have been cut without a mark
_FAMILIES = (
    {"ImportError", "ModuleNotFoundError"},
    {"IndentationError", "SyntaxError"},
    {"StdinNotImplementedError", "RuntimeError"},
)

# Why a difference may lie in the recording, by what the code or the recording shows.
_CAUSES = (
    ("the recorder's search tool", re.compile(r"wikipedia_search"), None),
    ("network", re.compile(r"requests|urllib\.request|https?://"), None),
    ("pip or magics", re.compile(r"^\s*[!%]|pip install", re.M), None),
    ("random numbers or the time", re.compile(r"\brandom\b|\btime\.|\.now\(|today\("), None),
    ("files", re.compile(r"\bopen\(|read_csv|\.csv|\.txt"), None),
    ("a time-out in the recording", None, re.compile(r"timed? ?out|KeyboardInterrupt", re.I)),
    (
        "Python 3.8 against ours",
        None,
        re.compile(r"no attribute 'lcm'|not subscriptable|gcd expected 2|cannot import name 'gcd'"),
    ),
)


def recorded_text(observation: str) -> str:
    """Return what the environment printed then."""
    return _COLOUR.sub("", _STEPS.sub("", "\n" + observation)).strip("\n")


def prints_the_same(observation: str, outcome: Outcome) -> bool:
    """Compare a recorded observation with what came back now."""
    record = recorded_text(observation)
    failed = "Traceback (most recent call last)" in record or bool(
        re.search(r"^\s*(?:Cell In|File <)", record, re.M)
    )
    if failed or outcome.error:
        return failed and bool(outcome.error) and _same_failure(record, outcome.error)
    ours = outcome.printed + outcome.shown
    a, b = _normal(record), _normal(ours)
    if a == b:
        return True
    if _CUT in record or len(record) > _LONG:
        beginning = _normal(record.partition(_CUT)[0])
        return b.startswith(beginning[:900])
    if "{" in record and _tokens(record) == _tokens(ours):
        return True
    return _same_floats(a, b)


def cause_in_recording(observation: str, source: str, error: str) -> str:
    """Return why a difference is the recording's, empty when it is ours."""
    for name, in_source, in_record in _CAUSES:
        if in_source is not None and in_source.search(source):
            return name
        if in_record is not None and in_record.search(observation + error):
            return name
    return ""


def _same_failure(record: str, error: str) -> bool:
    then, now = _ERROR.findall(record), _ERROR.findall(error)
    if not then:
        return _CUT in record or len(record) > _LONG
    if not now:
        return False
    return then[-1] == now[-1] or {then[-1], now[-1]} in _FAMILIES


def _normal(text: str) -> str:
    text = _ADDRESS.sub("0x", _OUT.sub("", text)).replace("__main__.", "")
    text = _NUMPY_BOOL.sub(r"\1", _NUMPY.sub(r"\1", text)).replace(_NOTHING, "")
    return re.sub(r"\s+", "", text)


def _tokens(text: str) -> list[str]:
    return sorted(re.split(r"[\s,{}()\[\]]+", _OUT.sub("", text)))


def _same_floats(a: str, b: str) -> bool:
    left, right = _FLOAT.findall(a), _FLOAT.findall(b)
    if len(left) != len(right) or _FLOAT.sub("#", a) != _FLOAT.sub("#", b):
        return False
    pairs = zip(map(float, left), map(float, right), strict=True)
    return all(abs(x - y) <= 1e-8 * max(1.0, abs(x)) for x, y in pairs)
