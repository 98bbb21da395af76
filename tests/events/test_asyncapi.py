"""The description of messages and events: valid AsyncAPI 3, complete, and up to date."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from lxml import etree

from invoice_gateway.bus._yaml import dump
from invoice_gateway.bus.asyncapi import document
from invoice_gateway.bus.topology import topology
from invoice_gateway.engine.discover import bundled, discover
from invoice_gateway.model.events import EVENTS
from invoice_gateway.xml.render import cloud_events

from .test_render import MOVED, STAMP

ROOT = Path(__file__).resolve().parents[2]
OFFICIAL = Draft7Validator(
    json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
)


@pytest.fixture(scope="module")
def handlers():
    """Every handler, found the way production finds them."""
    return discover([bundled("handlers")])


@pytest.fixture(scope="module")
def described(handlers):
    """The description of the default deployment."""
    return document(handlers, topology())


@pytest.mark.parametrize("partitions", [1, 3])
def test_the_description_is_valid_asyncapi(handlers, partitions):
    """The official schema finds nothing, with and without partitions."""
    found = document(handlers, topology(partitions=partitions))

    assert [error.message for error in OFFICIAL.iter_errors(found)] == []


def test_the_official_schema_is_awake(described):
    """A wrong word in a binding is found: the test above is not empty."""
    wrong = json.loads(json.dumps(described))
    wrong["channels"]["in"]["bindings"]["amqp"]["is"] = "stream"

    assert not OFFICIAL.is_valid(wrong)


def test_docs_are_up_to_date(described):
    """What is in `docs` is what the code says now."""
    written = (ROOT / "docs" / "asyncapi.yaml").read_text(encoding="utf-8")

    assert written == dump(described), (
        "write it anew: python -m invoice_gateway.bus.asyncapi > docs/asyncapi.yaml"
    )


def test_every_reference_leads_somewhere(described):
    """No `$ref` points at nothing."""

    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            value = list(value.values())
        for each in value if isinstance(value, list) else []:
            yield from references(each)

    for reference in references(described):
        place = described
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_message_and_event_is_described(described, handlers):
    """Messages under their type, events under their name; events have a channel each."""
    assert set(described["components"]["messages"]) == {
        *handlers,
        *(event.name for event in EVENTS),
    }
    assert set(described["channels"]) == {"in", *(event.name for event in EVENTS)}
    assert all(each["summary"] for each in described["components"]["messages"].values())


def test_every_payload_schema_compiles_and_knows_its_root(described):
    """The schema inside a message includes the file that declares its element."""
    for message in described["components"]["messages"].values():
        inline = etree.fromstring(
            message["payload"]["schema"].encode(), base_url=str(ROOT / "docs" / "asyncapi.yaml")
        )
        schema = etree.XMLSchema(etree.ElementTree(inline))
        schema.validate(etree.Element(f"{{urn:invoice-gateway:1}}{message['name']}"))

        [error] = schema.error_log
        assert "Missing child element" in error.message


def test_headers_of_an_event_are_as_described(described):
    """What is published fits the schema of the headers."""
    headers = Draft7Validator(described["components"]["schemas"]["eventHeaders"])

    assert headers.is_valid(cloud_events(MOVED, STAMP, "/invoice-gateway/ENTERPRISE"))
    assert not headers.is_valid({})


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("no:y- #'é\"", max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_yaml_reads_back_as_what_was_written(value):
    """A YAML parser sees the same values, whatever their keys and texts look like."""
    assert yaml.safe_load(dump({"value": value})) == {"value": value}
