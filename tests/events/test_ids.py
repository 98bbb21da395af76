"""The ids of events: name-based UUIDs, so that the same message always gives the same ones."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.engine.reports import EVENT_IDS, event_id


@given(st.text(st.characters(codec="utf-8")))
def test_an_event_id_is_the_uuid_of_its_name(name):
    """Version 5 of RFC 9562, in the namespace of the gateway."""
    assert event_id(name) == str(uuid5(EVENT_IDS, name))
    assert UUID(event_id(name)).version == 5
