"""The OpenAPI document: the routes and their structs, said once more for programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final

import msgspec

from fabnet.node.api import problem as problems
from fabnet.node.api.problem import Problem
from fabnet.node.api.table import HTML, JSON, Route

OPENAPI: Final = "3.1.0"
_NAME: Final = re.compile(r"{([a-z_]+)(?::[^}]*)?}")

Schema = dict[str, object]


def document(routes: Sequence[Route], version: str) -> Schema:
    """Return the OpenAPI 3.1 document of `routes`."""
    structs: list[type[msgspec.Struct]] = [Problem]
    for route in routes:
        structs += [it for it in (route.takes, route.gives) if isinstance(it, type)]
    _, schemas = msgspec.json.schema_components(
        structs, ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Schema]] = {}
    for route in routes:
        path = _NAME.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "fabnet operator API",
            "version": version,
            "description": "A write takes a token, a read only where it is personal.",
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> Schema:
    operation: Schema = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "responses": {
            str(int(route.status)): {
                "description": HTTPStatus(route.status).phrase,
                "content": _content(route.gives),
            },
            "default": {
                "description": "Why not",
                "content": _refusal(route),
            },
        },
    }
    parameters = [*_in_path(route), *_in_query(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.media_type is not None:
        body = JSON if route.takes is not None else route.media_type
        operation["requestBody"] = {
            "required": True,
            "content": {body: _content_of(route.takes)},
        }
    if route.role is not None:
        operation["security"] = [{"bearer": []}]
        operation["description"] = f"Takes the role {route.role}, or operator."
    return operation


def _in_path(route: Route) -> Iterator[Schema]:
    for name in _NAME.findall(route.path):
        schema = {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(route: Route) -> Iterator[Schema]:
    if route.asks is None:
        return
    for field in msgspec.structs.fields(route.asks):
        schema = msgspec.json.schema(field.type)
        name = field.encode_name
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _operation_id(route: Route) -> str:
    words = re.findall(r"[a-z]+", _NAME.sub(r"\1", route.path).removeprefix("/v1"))
    return "_".join((route.method.lower(), *words)) if words else "get_home"


def _refusal(route: Route) -> Schema:
    """Return how a no looks: a problem, and where people read, more often a page."""
    told: Schema = {problems.MEDIA_TYPE: {"schema": _ref(Problem)}}
    return {**told, HTML: {"schema": {}}} if route.gives == HTML else told


def _content(gives: type[msgspec.Struct] | str) -> Schema:
    if isinstance(gives, str):
        return {gives: {"schema": {}}}
    return {JSON: _content_of(gives)}


def _content_of(struct: type[msgspec.Struct] | None) -> Schema:
    return {"schema": {} if struct is None else _ref(struct)}


def _ref(struct: type[msgspec.Struct]) -> Schema:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}
