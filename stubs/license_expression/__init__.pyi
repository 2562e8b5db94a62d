from collections.abc import Iterable

class ParseError(Exception): ...
class ExpressionError(Exception): ...

# Any node of a parsed tree: a symbol, or an AND or OR over `args`.
class LicenseExpression:
    args: tuple[LicenseExpression, ...]
    def render(self, template: str = ...) -> str: ...

class BaseSymbol(LicenseExpression): ...

class LicenseSymbol(BaseSymbol):
    key: str
    is_exception: bool
    def __init__(
        self,
        key: str,
        aliases: tuple[str, ...] = ...,
        is_deprecated: bool = ...,
        is_exception: bool = ...,
    ) -> None: ...

class LicenseWithExceptionSymbol(BaseSymbol):
    license_symbol: LicenseSymbol
    exception_symbol: LicenseSymbol

class AND(LicenseExpression): ...
class OR(LicenseExpression): ...

class Licensing:
    AND: type[AND]
    OR: type[OR]
    def __init__(
        self, symbols: Iterable[LicenseSymbol] = ..., quiet: bool = ...
    ) -> None: ...
    def parse(
        self,
        expression: str,
        validate: bool = ...,
        strict: bool = ...,
        simple: bool = ...,
    ) -> LicenseExpression | None: ...
