"""A model sees tokens or nothing in place of what may not reach it, and its tokens come back as the real values."""

from __future__ import annotations

import hashlib
import re

import pytest

from flowrun.privacy import Found, Masking
from flowrun.privacy.masking import not_told

ANA = Found("email", "ana@example.com")
BEN = Found("email", "ben@example.com")
PHONE = Found("phone", "+49 170 5550 199")
PIN = Found("secret", "0000-1111")
NUMBER = Found("id", 4917055501)


def pseudonym(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def masking(rules: dict[str, str], *known: Found, said: object = None) -> Masking:
    return Masking(known, rules, pseudonym, said)


def test_a_token_stands_for_one_value_and_comes_back() -> None:
    mask = masking({"email": "token", "phone": "deny"}, ANA, BEN, PHONE, PIN)
    out = mask.out({"a": "Ana@Example.com wrote to ben@example.com", "b": [ANA.value, PHONE.value, PIN.value]})
    tokens = re.findall(r"\[email-[0-9a-f]{8}\]", out["a"])
    assert len(set(tokens)) == 2 and out["b"] == [tokens[0], "[phone]", "[secret]"]
    assert mask.back(out["a"]) == "ana@example.com wrote to ben@example.com"
    assert mask.back({"to": tokens[1], "cc": [tokens[0]]}) == {"to": "ben@example.com", "cc": ["ana@example.com"]}
    # What was denied cannot be asked back.
    assert mask.back("[phone] [secret]") == "[phone] [secret]"


def test_a_token_is_the_same_in_every_request_of_the_person_and_no_other() -> None:
    first = masking({"email": "token"}, ANA).out(ANA.value)
    assert first == masking({"email": "token"}, BEN, ANA).out("ANA@example.com")
    assert first != Masking([ANA], {"email": "token"}, lambda t: pseudonym("other" + t)).out(ANA.value)


def test_a_number_comes_back_as_a_number() -> None:
    mask = masking({"id": "token"}, NUMBER)
    out = mask.out({"id": NUMBER.value})
    assert isinstance(out["id"], str) and mask.back(out) == {"id": NUMBER.value}


def test_what_is_allowed_stays_and_secrets_never_do() -> None:
    mask = masking({"secret": "allow"}, ANA, PIN)
    assert mask.out(f"{ANA.value} {PIN.value}") == f"{ANA.value} [secret]"


def test_addresses_that_no_schema_marks_are_hidden_by_their_form() -> None:
    said = [{"content": "Write to carl@example.org or call 0170 5550199, on 2026-03-02."}]
    mask = masking({"email": "token", "phone": "deny"}, said=said)
    out = mask.out(said)[0]["content"]
    assert re.fullmatch(r"Write to \[email-[0-9a-f]{8}\] or call \[phone\], on 2026-03-02\.", out)
    assert "carl@example.org" in masking({"phone": "deny"}, said=said).out(said)[0]["content"]


def test_two_values_never_share_a_token() -> None:
    same = Masking([ANA, BEN], {"email": "token"}, lambda text: b"\1\2\3\4" + pseudonym(text)[:4])
    out = same.out([ANA.value, BEN.value])
    assert out[0] != out[1] and same.back(out) == [ANA.value, BEN.value]


def test_a_token_that_the_model_made_up_is_no_value() -> None:
    mask = masking({"email": "token"}, ANA)
    mask.out(ANA.value)
    assert mask.back("[email-00000000]") == "[email-00000000]"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"to": "[email-00000000]"}, "[email-00000000]"),
        ({"to": ["call [phone] now"]}, "[phone]"),
        ({"pin": "[secret]"}, "[secret]"),
        ({"[email]": 1}, "[email]"),
        ({"to": "[name]", "note": "[draft] see [email list]"}, ""),
    ],
)
def test_a_word_for_what_a_model_may_not_see_is_found_wherever_it_stands(value: object, found: str) -> None:
    assert not_told(value, {"email": "token", "phone": "deny", "name": "allow"}) == found
