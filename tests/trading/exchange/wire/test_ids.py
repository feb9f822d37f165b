"""Our ids in each venue's spelling: nothing lost, nothing cut."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.exchange.atlas import FACTS, facts_of
from trading.exchange.ids import Misfit, as_uuid, from_uuid
from trading.exchange.orders import spelled, unspelled

ours = st.binary(min_size=15, max_size=15).map(lambda b: "tw" + base64.b32encode(b).decode().lower())
every = pytest.mark.parametrize("facts", [*FACTS.values(), facts_of("gate")], ids=lambda f: f.profile.name)


@every
@given(client_id=ours)
def test_an_id_comes_back_as_it_was(facts, client_id):
    sent = spelled(facts, client_id)

    assert unspelled(facts, sent) == client_id
    assert len(client_id) <= facts.profile.client_id_length
    assert len(sent) <= 36


@given(client_id=ours)
def test_a_uuid_without_its_dashes_is_the_same_id(client_id):
    assert from_uuid(as_uuid(client_id).replace("-", "").upper(), "tw") == client_id


def test_a_strangers_uuid_is_not_taken_for_ours():
    stranger = "6d1b345e-2821-40e2-ad83-4ecb18a06876"

    assert from_uuid(stranger, "tw") == stranger


@every
@pytest.mark.parametrize(
    "text", ["", "x" * 37, "tw with spaces and more of them", "tw한글한글한글한글한글한글"]
)
def test_what_has_no_spelling_is_refused_instead_of_cut(facts, text):
    with pytest.raises(Misfit):
        spelled(facts, text)


def test_an_id_behind_a_strangers_prefix_is_found():
    client_id = "twabcdefghijklmnopqrstuvwx"

    assert unspelled(facts_of("gate"), f"t-{client_id}") == client_id
    assert unspelled(facts_of("gate"), "apiv4") == "apiv4"
    assert unspelled(facts_of("gate"), None) is None
