"""Small changes of a module, each of which some test ought to see."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FLIPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}  # fmt: skip
NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
SILENT = {"trace", "debug"}  # calls whose loss is nobody's business
UNTOLD = {"__repr__", "__all__"}


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes:
        path: The module, as it was asked for.
        line: Of the change.
        lines: Where a test that could see it must have been: the change's line, and its statement's first.
        start: Of what is replaced in the module's bytes.
        end: Behind it.
        before: What is replaced, in one line.
        after: What stands there instead, in one line.
        text: The same as it is written.
        where: The function or class that it is in, by its qualified name; "" at module level.
        inside: Whether it is in a function; else only a load of the module runs it.
    """

    path: str
    line: int
    lines: tuple[int, ...]
    start: int
    end: int
    before: str
    after: str
    text: str
    where: str
    inside: bool

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before}  ->  {self.after}"

    @property
    def key(self) -> str:
        """What tells it from others, also when lines move."""
        return f"{self.path}::{self.where}: {self.before}  ->  {self.after}"

    def apply(self, source: bytes) -> bytes:
        """Return the changed module."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Return the mutants of a module, in the order of their places."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda mutant: (mutant.start, mutant.after))


class _Finder(ast.NodeVisitor):
    """Walks a module, and passes over what is text, type or decoration."""

    def __init__(self, path: str, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._path, self._source = path, source
        lengths = [len(line) for line in source.splitlines(keepends=True)]
        self._offsets = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
        self._statement: ast.stmt | None = None
        self._names: list[str] = []
        self._depth = 0

    def visit(self, node: ast.AST) -> None:
        if _is_passed_over(node):
            return
        outer, names = self._statement, self._names
        if isinstance(node, ast.stmt):
            self._statement = node
        for place, text in _changes(node):
            self._add(place, text)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._names = [*names, node.name]
        self._inward(node)
        self._statement, self._names = outer, names

    def _inward(self, node: ast.AST) -> None:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "bases", "keywords") and isinstance(node, _DEFINED):
                continue
            deeper = is_function and name == "body"
            self._depth += deeper
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)
            self._depth -= deeper

    def _add(self, place: _Place, text: str) -> None:
        first, last = (place, place) if isinstance(place, ast.AST) else (place[0], place[-1])
        start = self._offsets[first.lineno - 1] + first.col_offset
        end = self._offsets[(last.end_lineno or last.lineno) - 1] + (last.end_col_offset or 0)
        before = self._source[start:end].decode()
        begun = self._statement.lineno if self._statement else first.lineno
        self.found.append(
            Mutant(
                self._path, first.lineno, tuple(sorted({begun, first.lineno})), start, end, _flat(before), _flat(text),
                text, ".".join(self._names), self._depth > 0,
            )
        )  # fmt: skip


_Node = ast.expr | ast.stmt
_Place = _Node | list[ast.stmt]
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.AnnAssign, ast.arg)


def _is_passed_over(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return True  # texts, and what holds no behaviour
        case ast.keyword(arg="strict"):
            return True  # of `zip`: says what is so, and does nothing while it is
        case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
            return name in UNTOLD
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Compare(left=ast.Name(id="__name__"))):
            return True
        case ast.Expr(value=ast.Constant()):
            return True  # a docstring
    return False


def _changes(node: ast.AST) -> Iterator[tuple[_Place, str]]:
    for change in _CHANGES:
        yield from change(node)


def _of_comparisons(node: ast.AST) -> Iterator[tuple[_Place, str]]:
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            changed = copy.deepcopy(node)
            changed.ops[number] = FLIPS[type(operator)]()
            yield node, _in_brackets(changed)


def _of_logic(node: ast.AST) -> Iterator[tuple[_Place, str]]:
    match node:
        case ast.BoolOp(op=op, values=values):
            yield node, _in_brackets(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))
            for value in values:
                rest = [other for other in values if other is not value]
                yield node, _in_brackets(ast.BoolOp(op, rest) if len(rest) > 1 else rest[0])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, _in_brackets(operand)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield node, _in_brackets(ast.IfExp(test, orelse, body))
        case ast.If(test=test) | ast.While(test=test) if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield test, f"(not {_in_brackets(test)})"
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield test, "True"


def _of_values(node: ast.AST) -> Iterator[tuple[_Place, str]]:
    match node:
        case ast.Constant(value=bool(value)):
            yield node, repr(not value)
        case ast.Constant(value=int(value)):
            yield node, repr(value + 1)
            if value > 0:
                yield node, repr(value - 1)
        case ast.BinOp(op=op) if type(op) in OPERATORS and not _is_text(node):
            yield node, _in_brackets(ast.BinOp(node.left, OPERATORS[type(op)](), node.right))
            if isinstance(op, ast.Sub):  # which may be one of sets, that know no sum
                yield node, _in_brackets(node.left)
        case ast.Call(func=ast.Name(id=name) as function) if name in NAMES:
            yield function, NAMES[name]
        case ast.Call(func=ast.Name(id="suppress"), args=[_, *_]):
            yield node, "suppress()"


def _of_statements(node: ast.AST) -> Iterator[tuple[_Place, str]]:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))) if name not in SILENT:
            yield node, "pass"
        case ast.Raise() | ast.Break() | ast.Continue() | ast.Delete() | ast.AugAssign():
            yield node, "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, "pass"
        case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
            yield node, "return None"
        case ast.ExceptHandler(body=body) if not isinstance(body[-1], ast.Raise):
            yield body, "raise"


_CHANGES: tuple[Callable[[ast.AST], Iterator[tuple[_Place, str]]], ...] = (
    _of_comparisons, _of_logic, _of_values, _of_statements,
)  # fmt: skip


def _is_nothing(value: ast.expr) -> bool:
    """Return whether a caller could hardly tell it from None; False becomes True elsewhere."""
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.JoinedStr) or _is_string(side) for side in (node.left, node.right))


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _in_brackets(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _flat(text: str) -> str:
    return " ".join(text.split())
