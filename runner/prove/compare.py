"""When a comparison of two values holds, and when it does not; where neither, it is null.

Owns: the operators of expressions over unknown values, as `values.compare` has them over known ones.
"""

from __future__ import annotations

from flowrun.prove.domains import (
    BOOLEAN,
    FALSE,
    LIST,
    MAP,
    NUMBERS,
    SOMETHING,
    TEXTS,
    TRUE,
    Domain,
    above,
    below,
    is_temporal,
    point,
)
from flowrun.prove.terms import (
    NO,
    YES,
    Cases,
    Const,
    Fields,
    Formula,
    Items,
    Money,
    Order,
    Unknown,
    Value,
    both,
    either,
    is_null,
    key_of,
    named,
    negate,
    options,
    some,
    thing,
    within,
)
from flowrun.values import compare as real
from flowrun.values.money import is_money

Answer = tuple[Formula, Formula]
"""When it is true, and when it is false."""
NEVER: Answer = (NO, NO)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def compare(op: str, left: Value, right: Value, text: str) -> Answer:
    """Return when `left OP right` is true and when it is false. `text`: how a person writes it."""
    if op in ("!=", "not in"):
        holds, fails = compare("==" if op == "!=" else "in", left, right, text)
        return fails, holds
    if isinstance(left, Cases) or isinstance(right, Cases):
        if op != "in" and not isinstance(left, Const) and not isinstance(right, Const):
            left, right = named(left), named(right)
            if not isinstance(left, Cases) and not isinstance(right, Cases):
                return compare(op, left, right, text)
        return _over([(both(a, b), x, y) for a, x in options(left) for b, y in options(right)], op, text)
    if op == "in":
        return _within(left, right, text)
    if isinstance(left, Const) and isinstance(right, Const):
        found = real.compare(op, left.value, right.value)
        return (YES, NO) if found is True else (NO, YES) if found is False else NEVER
    if isinstance(left, Money) or isinstance(right, Money):
        return _money(op, left, right, text)
    if isinstance(left, Const) and isinstance(right, Unknown):
        return compare(_TURNED[op], right, left, text)
    if isinstance(left, Unknown) and isinstance(right, Const):
        return _to_const(op, left, right, text)
    if isinstance(left, Unknown) and isinstance(right, Unknown):
        return _two(op, left, right, text)
    return not_followed(op, left, right, text)


def _over(ways: list[tuple[Formula, Value, Value]], op: str, text: str) -> Answer:
    found = [(when, compare(op, x, y, text)) for when, x, y in ways if when != NO]
    return some(both(when, a[0]) for when, a in found), some(both(when, a[1]) for when, a in found)


def not_followed(op: str, left: Value, right: Value, text: str) -> Answer:
    """Return a comparison of which nothing is known but that equal ones have one answer."""
    key = ("compare", op, key_of(left), key_of(right))
    there = both(negate(is_null(left)), negate(is_null(right)))
    holds = thing(*key, "true", text=text)
    return both(there, holds), both(there, negate(holds), thing(*key, "false", text=text))


def _within(part: Value, whole: Value, text: str) -> Answer:
    if isinstance(whole, Const) and isinstance(whole.value, list | tuple):
        whole = Items([(YES, Const(value)) for value in whole.value])
    if not isinstance(whole, Items):
        if isinstance(part, Const) and isinstance(whole, Const):
            found = real.compare("in", part.value, whole.value)
            return (YES, NO) if found is True else (NO, YES) if found is False else NEVER
        return not_followed("in", part, whole, text)
    answers = [(when, compare("==", item, part, text)) for when, item in whole.items]
    there = both(whole.there, negate(is_null(part)))
    holds = some(both(when, a[0]) for when, a in answers)
    return both(there, holds), both(there, *(either(negate(when), a[1]) for when, a in answers))


def _to_const(op: str, left: Unknown, right: Const, text: str) -> Answer:
    value = right.value
    if value is None:
        return NEVER
    if isinstance(value, list | dict) or (isinstance(value, str) and (op != "==" or is_temporal(value))):
        if isinstance(value, dict) and is_money(value):
            return _money(op, left, Money(Const(value["amount"]), Const(value["currency"])), text)
        return not_followed(op, left, right, text)
    if type(value) is bool:
        return (within(left, point(value)), within(left, FALSE if value else TRUE)) if op == "==" else NEVER
    if isinstance(value, str):
        return within(left, point(value)), within(left, TEXTS.minus(point(value)))
    holds, fails = _sides(op, value)
    inside, outside = within(left, holds), within(left, fails)
    if left.domain.meet(MAP).empty:
        return inside, outside
    # A map may be an amount of money, which compares as its number.
    odd_holds, odd_fails = not_followed(op, left, right, text)
    return either(inside, both(within(left, MAP), odd_holds)), either(outside, both(within(left, MAP), odd_fails))


def _sides(op: str, value: float) -> tuple[Domain, Domain]:
    if op == "==":
        return point(value), NUMBERS.minus(point(value))
    if op in ("<", ">="):
        low, high = below(value), above(value, same=True)
    else:
        low, high = below(value, same=True), above(value)
    return (low, high) if op in ("<", "<=") else (high, low)


def _two(op: str, left: Unknown, right: Unknown, text: str) -> Answer:
    there = both(within(left, SOMETHING), within(right, SOMETHING))
    if op == "==":
        if left == right:
            return there, NO
        return _equal(left, right, text)
    if not left.domain.meet(MAP).empty or not right.domain.meet(MAP).empty:
        return not_followed(op, left, right, text)
    if op in (">", ">="):
        op, left, right = _TURNED[op], right, left
    if left == right:
        return (there, NO) if op == "<=" else (NO, there)
    other = "<" if op == "<=" else "<="
    return Order(op, left, right), Order(other, right, left)


def _equal(left: Unknown, right: Unknown, text: str) -> Answer:
    """Values of different kinds are neither the same nor not; lists and maps may be neither, for what is in them."""
    same = Order("==", left, right)
    odd = not_followed("==", left, right, text)
    alike: list[Formula] = []
    for kind in (NUMBERS, TEXTS, BOOLEAN, LIST, MAP):
        if not left.domain.meet(kind).empty and not right.domain.meet(kind).empty:
            here = both(within(left, kind), within(right, kind))
            alike.append(both(here, odd[1]) if kind in (LIST, MAP) else here)
    holds: Formula = same
    fails = both(some(alike), negate(same))
    if _may_be_money(left, right):
        # A map may be an amount of money, which is the same as its number.
        mixed = either(both(within(left, MAP), within(right, NUMBERS)), both(within(left, NUMBERS), within(right, MAP)))
        holds, fails = either(holds, both(mixed, odd[0])), either(fails, both(mixed, odd[1]))
    if left.domain.meet(right.domain).meet(SOMETHING).empty and not _may_be_money(left, right):
        return NO, fails
    return holds, fails


def _may_be_money(left: Unknown, right: Unknown) -> bool:
    return any(
        not one.domain.meet(MAP).empty and not two.domain.meet(NUMBERS).empty
        for one, two in ((left, right), (right, left))
    )


def _money(op: str, left: Value, right: Value, text: str) -> Answer:
    one, two = _as_money(left), _as_money(right)
    if one is None or two is None:
        return not_followed(op, left, right, text)
    if isinstance(one, Money) and isinstance(two, Money):
        same, _ = compare("==", one.currency, two.currency, text)
        found = compare(op, one.amount, two.amount, text)
        return both(same, found[0]), both(same, found[1])
    money, other = (one, two) if isinstance(one, Money) else (two, one)
    assert isinstance(money, Money)
    there = negate(is_null(money.currency))
    found = compare(op, money.amount, other, text) if money is one else compare(op, other, money.amount, text)
    return both(there, found[0]), both(there, found[1])


def _as_money(value: Value) -> Value | None:
    """Return a side as an amount of money or as a plain number, None where it may be something else."""
    if isinstance(value, Money):
        return value
    if isinstance(value, Const):
        if isinstance(value.value, dict) and is_money(value.value):
            return Money(Const(value.value["amount"]), Const(value.value["currency"]))
        return value
    if isinstance(value, Unknown) and value.domain.meet(MAP).empty:
        return value
    return None


def as_condition(value: Value, text: str) -> Answer:
    """Return when a value is true and when it is false; anything else is neither."""
    match value:
        case Const():
            return (YES, NO) if value.value is True else (NO, YES) if value.value is False else NEVER
        case Unknown():
            return within(value, TRUE), within(value, FALSE)
        case Cases():
            found = [(when, as_condition(inner, text)) for when, inner in value.cases]
            return some(both(when, a[0]) for when, a in found), some(both(when, a[1]) for when, a in found)
    return NEVER


def as_value(answer: Answer) -> Value:
    """Return a condition as a value."""
    return Cases([(when, Const(flag)) for when, flag in zip(answer, (True, False), strict=True) if when != NO])


def conforms(value: Value, domain: Domain) -> Formula:
    """Return the statement that a value is in a domain, or a weaker one."""
    match value:
        case Const():
            return YES if domain.has(value.value) else NO
        case Unknown():
            return within(value, domain)
        case Cases():
            return some(both(when, conforms(inner, domain)) for when, inner in options(value))
        case Fields():
            return NO if domain.meet(MAP).empty else YES
        case Items():
            return either(conforms(Const([]), domain), both(negate(value.there), conforms(Const(None), domain)))
    return YES
