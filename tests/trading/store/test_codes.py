"""Codes are random, easily typed and not to be guessed."""

import math
from datetime import timedelta

from tests.builders import START
from trading.store.codes import WITHIN, Guesses, code_hash, new_code, new_token, token_hash


def test_a_code_has_at_least_64_random_bits_in_letters_nobody_confuses():
    codes = [new_code() for _ in range(2000)]
    letters = set("".join(codes)) - {"-"}

    assert len(set(codes)) == 2000
    assert len(letters) == 32
    assert not letters & set("ILOU")
    assert len(codes[0].replace("-", "")) * math.log2(len(letters)) >= 64
    assert [len(group) for group in codes[0].split("-")] == [5, 5, 5]


def test_the_way_a_code_is_typed_does_not_matter():
    assert code_hash("7K3M9-QXT20-4HPD1") == code_hash("7k3m9qxt2o 4hpdl") == code_hash("7K3M9-QXT2O-4HPDI")
    assert code_hash("7K3M9-QXT20-4HPD1") != code_hash("7K3M9-QXT20-4HPD2")


def test_a_code_is_never_taken_for_a_token():
    assert code_hash("ABC") != token_hash("ABC")


def test_any_text_can_be_tried_as_a_code_or_token():
    assert code_hash("\ud83d\0") != code_hash("")
    assert token_hash("\ud83d\0") != token_hash("")


def test_tokens_are_long_and_never_the_same():
    tokens = {new_token() for _ in range(1000)}

    assert len(tokens) == 1000
    assert min(len(token) for token in tokens) >= 43


def test_wrong_codes_are_forgotten_one_by_one():
    guesses = Guesses()
    for n in range(10):
        guesses.note("eve", START + timedelta(minutes=n))

    assert guesses.too_many("eve", START + WITHIN - timedelta(seconds=1))
    assert not guesses.too_many("eve", START + WITHIN)
    guesses.note("eve", START + WITHIN)
    assert guesses.too_many("eve", START + WITHIN)


def test_the_right_code_forgives_the_wrong_ones():
    guesses = Guesses()
    for _ in range(10):
        guesses.note("mina", START)

    guesses.forgive("mina")

    assert not guesses.too_many("mina", START)


def test_a_crowd_of_guessers_is_not_remembered_without_end():
    guesses = Guesses()
    for n in range(20_000):
        guesses.note(f"bot {n}", START)

    assert len(guesses._wrong) == 10_000
