"""Which names and attributes code may use: the tables that policy and guards share."""

from __future__ import annotations

import re

# Methods a class may define, and name when it calls them by hand.
METHODS = frozenset(
    """
    __init__ __new__ __post_init__ __call__ __repr__ __str__ __format__ __bytes__ __bool__ __hash__
    __len__ __length_hint__ __iter__ __next__ __reversed__ __contains__ __missing__
    __getitem__ __setitem__ __delitem__ __class_getitem__ __getattr__ __setattr__ __delattr__
    __dir__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __pos__ __neg__ __abs__ __invert__
    __add__ __radd__ __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__
    __truediv__ __rtruediv__ __itruediv__ __floordiv__ __rfloordiv__ __ifloordiv__
    __mod__ __rmod__ __imod__ __divmod__ __rdivmod__ __pow__ __rpow__ __ipow__
    __matmul__ __rmatmul__ __imatmul__ __lshift__ __rlshift__ __ilshift__
    __rshift__ __rrshift__ __irshift__ __and__ __rand__ __iand__ __or__ __ror__ __ior__
    __xor__ __rxor__ __ixor__ __int__ __float__ __complex__ __index__ __round__ __trunc__
    __floor__ __ceil__ __sizeof__ __copy__ __deepcopy__ __enter__ __exit__ __aenter__ __aexit__
    __aiter__ __anext__ __await__ __get__ __set__ __delete__ __set_name__ __init_subclass__
    __fspath__ __getstate__ __setstate__ __getnewargs__
    __instancecheck__ __subclasscheck__ __subclasshook__
    """.split()
)
# Double-underscore attributes that may be read; the rest opens the way to the interpreter.
READABLE = (METHODS - {"__get__", "__set__", "__delete__", "__getattr__"}) | frozenset(
    """
    __name__ __qualname__ __doc__ __class__ __dict__ __module__ __version__ __annotations__
    __dataclass_fields__ __match_args__ __members__ __slots__ __all__ __wrapped__
    __args__ __origin__ __metadata__ __parameters__ __orig_bases__ __supertype__ __bound__
    __constraints__ __total__ __required_keys__ __optional_keys__ __abstractmethods__
    __defaults__ __kwdefaults__ __dataclass_params__ __mro__ __bases__ __subclasses__
    __cause__ __context__ __notes__ __traceback__ __suppress_context__
    """.split()
)
NAMES_READ = frozenset(
    {"__name__", "__doc__", "__debug__", "__file__", "__annotations__", "__class__"}
)
NAMES_STORED = frozenset(
    """
    __slots__ __all__ __version__ __author__ __doc__ __hash__ __test__
    """.split()
)
# What may be set: of functions, or what stands for one, as decorators do it, and of errors
# as `raise ... from` does it.
STORED_ON_FUNCTIONS = frozenset({"__name__", "__qualname__", "__doc__", "__wrapped__"})
STORED_ON_ERRORS = frozenset({"__cause__", "__context__", "__suppress_context__", "__notes__"})
STORABLE = METHODS | STORED_ON_FUNCTIONS | STORED_ON_ERRORS
# Names that the rewritten program uses; code must not bind them.
HOOKS = frozenset({"_getattr_", "_write_", "_stop_", "_type_", "_kinds_", "_look_", "_own_"})

# Attributes whose fate depends on the object: looked up by `guards.get_attribute`.
OF_OWN_CLASSES = frozenset({"mro", "__mro__", "__bases__", "__subclasses__"})
DECIDED_LATER = OF_OWN_CLASSES | frozenset(
    """
    format format_map obj fget fset fdel ctypes cffi
    __dict__ __class__ __annotations__ __setattr__ __delattr__ __module__
    """.split()
)
# What the `inspect` documentation lists on frames, code, generators and coroutines.
INTERNALS = re.compile(
    r"(?:tb_(?:frame|next)|f_(?:back|builtins|code|generator|globals|locals|trace)|co_code"
    r"|(?:gi|cr|ag)_(?:frame|code|yieldfrom|await|origin))"
)


def is_plain(name: object) -> bool:
    """Tell whether an attribute of this name may be read of anything, without a guard."""
    return (
        isinstance(name, str)
        and not name.startswith("_")
        and name not in DECIDED_LATER
        and not INTERNALS.fullmatch(name)
    )


def is_dunder(name: str) -> bool:
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


def may_be_stored(name: str) -> bool:
    """Tell whether an attribute of this name may be set at all, where the guard agrees."""
    return name in STORABLE if is_dunder(name) else not INTERNALS.fullmatch(name)


def is_private(name: str) -> bool:
    return name.startswith("_") and name != "_" and not is_dunder(name)
