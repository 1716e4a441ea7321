"""The table of modules that code may import, and what of each it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What of a module is visible: all public names, or `only` some, minus `denied`.

    `package` lets all its public sub-modules in; a name may deny one of them, with dots.
    """

    only: frozenset[str] | None = None
    denied: frozenset[str] = frozenset()
    package: bool = False


def _all(denied: str = "") -> Rule:
    return Rule(denied=frozenset(denied.split()))


def _only(only: str = "") -> Rule:
    return Rule(only=frozenset(only.split()))


def _package(denied: str = "") -> Rule:
    return Rule(denied=frozenset(denied.split()), package=True)


# The names denied hand out a way to run text as code, to read internals, or to change
# what the worker itself relies on. Names that `replaced` provides need no entry.
TABLE: Mapping[str, Rule] = {
    **{
        name: _all()
        for name in """
        __future__ array ast base64 binascii bisect calendar cmath collections collections.abc
        colorsys contextvars csv datetime decimal difflib errno fnmatch fractions functools
        graphlib hashlib heapq hmac html html.entities html.parser ipaddress itertools json keyword
        math numbers operator pprint random re secrets shlex stat statistics struct textwrap
        tomllib unicodedata urllib urllib.parse weakref xml xml.etree xml.etree.ElementTree
        zlib zoneinfo
        """.split()
    },
    "abc": _all("ABCMeta"),
    "argparse": _only(
        "ArgumentParser Namespace ArgumentError ArgumentTypeError ArgumentDefaultsHelpFormatter "
        "RawDescriptionHelpFormatter RawTextHelpFormatter HelpFormatter Action REMAINDER SUPPRESS "
        "OPTIONAL ZERO_OR_MORE ONE_OR_MORE BooleanOptionalAction"
    ),
    "asyncio": _only(
        "sleep gather create_task ensure_future wait wait_for as_completed shield timeout "
        "timeout_at Queue PriorityQueue LifoQueue QueueEmpty QueueFull Lock Event Condition "
        "Semaphore BoundedSemaphore Barrier TaskGroup Task Future current_task all_tasks "
        "CancelledError TimeoutError InvalidStateError FIRST_COMPLETED FIRST_EXCEPTION "
        "ALL_COMPLETED iscoroutine iscoroutinefunction isfuture"
    ),
    "bz2": _only("compress decompress BZ2Compressor BZ2Decompressor"),
    "codecs": _only("encode decode BOM_UTF8 BOM_UTF16 lookup"),
    "concurrent": _only(),
    "concurrent.futures": _only(
        "wait CancelledError TimeoutError FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED Future"
    ),
    "configparser": _only(
        "ConfigParser RawConfigParser SectionProxy Error NoSectionError NoOptionError "
        "DuplicateSectionError BasicInterpolation ExtendedInterpolation ParsingError"
    ),
    "contextlib": _all("chdir redirect_stdin"),
    "copy": _only("copy deepcopy Error error replace"),
    "dataclasses": _all(),
    "enum": _all("EnumType EnumMeta"),
    "hashlib": _all("file_digest"),
    "inspect": _only(
        "signature Parameter Signature isfunction isclass ismethod isbuiltin isgenerator "
        "isgeneratorfunction iscoroutinefunction getdoc cleandoc isabstract iscoroutine "
        "isawaitable isasyncgen isasyncgenfunction isroutine ismethoddescriptor BoundArguments "
        "isdatadescriptor"
    ),
    "glob": _only(),
    "gzip": _only("compress decompress"),
    "io": _only(
        "StringIO BytesIO TextIOBase IOBase TextIOWrapper BufferedIOBase BufferedReader "
        "BufferedWriter UnsupportedOperation SEEK_SET SEEK_CUR SEEK_END"
    ),
    "locale": _only("format_string str atof atoi"),
    "logging": _only(
        "DEBUG INFO WARNING ERROR CRITICAL NOTSET getLogger debug info warning error "
        "exception critical log Logger StreamHandler NullHandler disable getLevelName WARN FATAL "
        "Handler Formatter Filter LogRecord LoggerAdapter warn addLevelName getLevelNamesMapping"
    ),
    "lzma": _only("compress decompress"),
    "os": _only(
        "sep altsep linesep extsep pathsep curdir pardir name fspath urandom cpu_count "
        "PathLike path"
    ),
    "os.path": _only(),
    "pathlib": _only(),
    "platform": _only("python_version python_implementation system"),
    "queue": _all(),
    "sqlite3": _only(
        "Row Error DatabaseError IntegrityError OperationalError ProgrammingError "
        "InterfaceError PARSE_DECLTYPES PARSE_COLNAMES sqlite_version register_adapter "
        "register_converter"
    ),
    "string": _all("Formatter"),
    "sys": _only(
        "maxsize maxunicode float_info int_info hash_info version version_info byteorder "
        "getsizeof getrecursionlimit set_int_max_str_digits get_int_max_str_digits intern "
        "implementation hexversion getrefcount flags copyright api_version"
    ),
    "tempfile": _only(),
    "threading": _only(
        "Lock RLock Event Condition Semaphore BoundedSemaphore Barrier BrokenBarrierError local "
        "ThreadError"
    ),
    "time": _all("clock_settime clock_settime_ns tzset"),
    "timeit": _only("default_timer"),
    "traceback": _only("format_exception_only"),
    "types": _only(
        "SimpleNamespace MappingProxyType FunctionType LambdaType MethodType GeneratorType "
        "BuiltinFunctionType NoneType EllipsisType UnionType GenericAlias CoroutineType "
        "AsyncGeneratorType BuiltinMethodType NotImplementedType"
    ),
    "typing": _all("get_type_hints ForwardRef"),
    "typing_extensions": _all("get_type_hints ForwardRef evaluate_forward_ref"),
    "uuid": _only("uuid3 uuid4 uuid5 UUID NAMESPACE_DNS NAMESPACE_URL NAMESPACE_OID"),
    "warnings": _only(
        "warn filterwarnings simplefilter catch_warnings resetwarnings warn_explicit"
    ),
    "zipfile": _only("ZIP_STORED ZIP_DEFLATED ZipInfo BadZipFile"),
    "numpy": _package(
        "memmap fromregex DataSource f2py ctypeslib "
        "distutils testing core lib.format lib.npyio lib.introspect test info get_include"
    ),
    "pandas": _package(
        "read_pickle to_pickle read_hdf read_sql read_sql_query read_sql_table read_clipboard "
        "read_html read_gbq read_sas read_spss read_stata read_orc read_feather read_xml "
        "read_parquet HDFStore ExcelFile ExcelWriter eval io core compat util testing test"
    ),
    "sympy": _package(
        "test doctest preview interactive external testing release init_session source "
        "autowrap ufuncify sysinfo utilities.autowrap utilities.runtests utilities.source "
        "utilities.tmpfiles utilities.exceptions utilities.mathml utilities._compilation"
    ),
    "scipy": _package("io test LowLevelCallable _lib"),
    "networkx": _package("read_gpickle write_gpickle test testing tests drawing readwrite"),
    "mpmath": _package("runtests doctests tests plot cplot splot libmp"),
    "dateutil": _package(),
}
