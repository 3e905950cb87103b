"""Filters and functions over single values: texts, numbers, money, moments.

Owns: their implementations; names and meanings are in the table of `functions`. All have one form: names,
positional arguments, `field=value` arguments. All are total.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from flowrun.values.compare import arithmetic, contains, decimal, elapsed, is_number, plain
from flowrun.values.moments import clock_of, format_moment, next_moment, parse_moment, read_date
from flowrun.values.money import money_value
from flowrun.values.names import Json, Names

_ROUND = Context(prec=60, rounding=ROUND_HALF_UP)


def length(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    value = args[0]
    return len(value) if isinstance(value, str | list | dict) else None


def default(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return args[1] if args[0] is None else args[0]


def lower(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return args[0].lower() if isinstance(args[0], str) else None


def upper(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return args[0].upper() if isinstance(args[0], str) else None


def trim(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return args[0].strip() if isinstance(args[0], str) else None


def truncate(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    text, most = args
    if not isinstance(text, str) or type(most) is not int or most < 0:
        return None
    return text if len(text) <= most else text[: most - 1] + "…" if most else ""


def round_number(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    number, digits = args[0], args[1] if len(args) > 1 else 0
    if not is_number(number) or type(digits) is not int or not 0 <= digits <= 15:
        return None
    try:
        rounded = decimal(number).quantize(Decimal(1).scaleb(-digits), context=_ROUND)
    except ArithmeticError:
        return number
    return plain(rounded, whole=digits == 0 or type(number) is int)


def contains_value(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return contains(args[0], args[1])


def money(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return money_value(args[0]) if isinstance(args[0], str) else None


def now(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return names.now


def date(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    zone = _zone(names, args)
    moment = read_date(args[0], zone) if isinstance(args[0], str) and zone else None
    return None if moment is None else format_moment(moment)


def age(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    then = parse_moment(args[0]) if isinstance(args[0], str) else None
    present = parse_moment(names.now)
    return None if then is None or present is None else elapsed(then, present)


def minutes(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return arithmetic("*", args[0], 60) if is_number(args[0]) else None


def hours(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return arithmetic("*", args[0], 3600) if is_number(args[0]) else None


def days(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return arithmetic("*", args[0], 86400) if is_number(args[0]) else None


def time_of(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    moment, zone = parse_moment(args[0]) if isinstance(args[0], str) else None, _zone(names, args)
    return None if moment is None or zone is None else clock_of(moment, zone)


def next_time(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    present, zone = parse_moment(names.now), _zone(names, args)
    if present is None or zone is None or not isinstance(args[0], str):
        return None
    moment = next_moment(args[0], present, zone)
    return None if moment is None else format_moment(moment)


def _zone(names: Names, args: list[Json]) -> str | None:
    """The zone argument where given (null is no zone), else the workspace's."""
    zone = args[1] if len(args) > 1 else names.time_zone
    return zone if isinstance(zone, str) else None
