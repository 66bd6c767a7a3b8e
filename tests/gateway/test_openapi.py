"""The OpenAPI description: valid, whole, and of the routes that are served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
from schemathesis.specs.openapi.definitions import OPENAPI_31

from slskmesh.gateway.answers import Camel, Problem
from slskmesh.gateway.app import ALL, build_app, rights
from slskmesh.gateway.rights import Right, Routes
from tests.gateway.test_rights import _handler

TOLD: dict[str, Any] = build_app(ALL).openapi()
METHODS = ("get", "post", "put", "patch", "delete")


def routes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in TOLD["paths"].items():
        assert set(item) <= set(METHODS), path
        for method, operation in item.items():
            yield method.upper(), path, operation


def bare(path: str) -> str:
    """A route's path as a description has it: without converters."""
    return re.sub(r":\w+\}", "}", path)


def test_it_is_valid_openapi() -> None:
    assert TOLD["openapi"].startswith("3.1.")
    jsonschema_rs.validator_for(OPENAPI_31).validate(TOLD)


def test_every_route_is_told_of_and_no_other() -> None:
    assert {(method, path) for method, path, _ in routes()} == {(m, bare(path)) for m, path in rights()}


def test_every_reference_leads_somewhere_and_every_shape_is_used() -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    there = {f"#/components/schemas/{name}" for name in TOLD["components"]["schemas"]}
    assert set(references(TOLD)) == there
    for reference in there:
        schema = TOLD["components"]["schemas"][reference.rpartition("/")[2]]
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_shapes_have_names_of_their_own() -> None:
    """Two structs of one name would be told as one."""
    structs: dict[str, type] = {}

    def note(kind: msgspec.inspect.Type) -> None:
        inner = [getattr(kind, "item_type", None), getattr(kind, "value_type", None)]
        inner += [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
        if isinstance(kind, msgspec.inspect.StructType):
            name = kind.cls.__name__
            if name in structs:
                assert structs[name] is kind.cls, (
                    f"{name}: in {kind.cls.__module__} and {structs[name].__module__}"
                )
                return
            structs[name] = kind.cls
            inner += [field.type for field in kind.fields]
        for one in inner:
            if one is not None:
                note(one)

    for part in ALL:
        for shape in part.shapes:
            note(msgspec.inspect.type_info(shape))
    assert "Problem" in structs


def test_every_route_says_what_it_does_and_how_it_refuses() -> None:
    names: set[str] = set()
    for method, path, operation in routes():
        where = f"{method} {path}"
        assert operation.get("description") or operation.get("summary"), where
        assert operation["operationId"] not in names, where
        names.add(operation["operationId"])
        right = next(r for (m, p), r in rights().items() if (m, bare(p)) == (method, path))
        assert operation["x-right"] == right.value and len(operation["tags"]) == 1, where
        assert operation.get("security", TOLD["security"]) == (
            [] if right is Right.OPEN else TOLD["security"]
        ), where
        answers = operation["responses"]
        assert {"400", "401", "403", "429", "500", "503", "504"} <= set(answers), where
        assert "422" not in answers and any(status[0] == "2" for status in answers), where
        assert ("requestBody" in operation) == ({"408", "413"} <= set(answers)), where
        for status, told in answers.items():
            assert told["description"], (where, status)
            if status[0] in "45":
                schema = told["content"]["application/json"]["schema"]
                slskd = {"type": "string"}
                ours = {"$ref": "#/components/schemas/Problem"}
                assert schema == (slskd if path.startswith("/api/v0") else ours), (where, status)


def test_parameters_of_a_path_are_told_of() -> None:
    for method, path, operation in routes():
        told = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert told == set(re.findall(r"\{(\w+)\}", path)), f"{method} {path}"


def test_shapes_are_told_as_they_are_sent() -> None:
    class Inner(Camel, frozen=True, kw_only=True):
        long_name: int
        absent: str | None = None

    part = Routes("/x", "x")
    part.post("/{id}", takes=Inner, gives=list[Inner], status=201, also={404: "Gone"}, optional=True)(
        _handler
    )
    told = build_app([part]).openapi()
    operation = told["paths"]["/x/{id}"]["post"]
    assert operation["requestBody"]["required"] is False
    assert operation["responses"]["201"]["content"]["application/json"]["schema"]["items"]["$ref"].endswith(
        "/Inner"
    )
    assert operation["responses"]["404"]["description"] == "Gone"
    inner = told["components"]["schemas"]["Inner"]
    assert inner["required"] == ["longName"] and set(inner["properties"]) == {"longName", "absent"}
    assert set(told["components"]["schemas"]) == {"Inner", Problem.__name__}
