"""The API reference, docs/api.md, made from the routes: `slskmesh gateway docs > docs/api.md`.

Rules: everything after the examples is taken from the OpenAPI description, so it cannot tell of what is not there; a
test runs the examples and compares the file with what this makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from slskmesh.gateway.app import ALL, build_app
from slskmesh.gateway.examples import HEAD

_COMMON: Final = {"401", "403", "408", "413", "429", "500", "503", "504"}
_RIGHTS: Final = {
    "anybody on this machine": "no key",
    "either key": "any key",
    "the read-write key": "read-write key",
}


def reference() -> str:
    """The whole file."""
    told = build_app(ALL).openapi()
    lines = [HEAD.rstrip(), "", "## Routes", "", *_routes(told), "## Shapes", "", *_shapes(told)]
    return "\n".join(lines).rstrip() + "\n"


def _routes(told: dict[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = {one["name"]: [] for one in told["tags"]}
    for path, item in told["paths"].items():
        for method, operation in item.items():
            by_tag[operation["tags"][0]].append((method.upper(), path, operation))
    for tag, routes in by_tag.items():
        yield from (f"### {tag[:1].upper()}{tag[1:]}", "")
        for method, path, operation in sorted(routes, key=lambda route: (route[1], route[0])):
            yield from _route(method, path, operation)


def _route(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from (f"#### `{method} {path}`", "")
    yield f"{_prose(operation)} *({_RIGHTS[operation['x-right']]})*"
    yield ""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            yield f"- `?{parameter['name']}` {_parameter(parameter)}"
    if "requestBody" in operation:
        may = "" if operation["requestBody"].get("required") else ", may be empty"
        yield f"- body: {_content(operation['requestBody'])}{may}"
    for status, told in operation["responses"].items():
        if status[0] in "23":
            yield f"- {status}: {_content(told) or 'no body'}"
        elif status not in _COMMON and status != "400":
            yield f"- {status}: {told['description']}"
    yield ""


def _prose(operation: dict[str, Any]) -> str:
    return " ".join(operation.get("description", operation.get("summary", "")).split())


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter.get("schema", {})
    needed = ", needed" if parameter.get("required") else ""
    default = f" = {_value(schema['default'])}" if schema.get("default") not in (None, "") else ""
    more = f": {parameter['description']}" if parameter.get("description") else ""
    return f"{_type(schema)}{default}{needed}{more}"


def _content(told: dict[str, Any]) -> str:
    kinds = []
    for media, content in told.get("content", {}).items():
        if media == "text/event-stream":
            kinds.append("server-sent events")
        else:
            kinds.append(
                _type(content.get("schema", {})) + ("" if media == "application/json" else f" ({media})")
            )
    return " or ".join(kinds)


def _shapes(told: dict[str, Any]) -> Iterator[str]:
    for name, schema in sorted(told["components"]["schemas"].items()):
        yield from (f"#### {name}", "")
        if prose := " ".join(schema.get("description", "").split()):
            yield from (prose, "")
        needed = set(schema.get("required", ()))
        for field, kind in schema.get("properties", {}).items():
            default = kind.get("default")
            told_default = (
                f" = {_value(default)}" if field not in needed and default not in (None, "", [], {}) else ""
            )
            optional = "" if field in needed else ", may be absent"
            yield f"- `{field}` {_type(kind)}{told_default}{optional}"
        if "properties" not in schema:
            yield f"- {_type(schema)}"
        yield ""


def _type(schema: dict[str, Any]) -> str:
    """A schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return _either(schema["anyOf"])
    if "enum" in schema:
        return " or ".join(_value(one) for one in schema["enum"])
    if "const" in schema:
        return _value(schema["const"])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        if "prefixItems" in schema:
            return "list of " + ", ".join(_type(one) for one in schema["prefixItems"])
        items = schema.get("items", {})
        return f"list of {_type(items) if isinstance(items, dict) else 'anything'}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(kind)


def _either(schemas: Iterable[dict[str, Any]]) -> str:
    return " or ".join(dict.fromkeys(_type(one) for one in schemas if one.get("type") != "null"))


def _value(value: Any) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
