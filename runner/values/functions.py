"""The closed list of filters and functions of expressions.

Owns: one table with the name, kind, spelling, meaning and implementation of each; the reference is generated
from it. The implementations are in `fn_scalars` and `fn_lists`; all are total and give None (null) where
there is no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flowrun.values import fn_lists as lists
from flowrun.values import fn_scalars as scalars
from flowrun.values.names import Json, Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One filter (`VALUE | name(…)`) or function (`name(…)`).

    `params` are the names of its arguments, of which `required` must be given (for a filter the first is its
    value). `where`: it takes any `field=value` pairs, which an item must all meet.
    """

    name: str
    kind: str
    signature: str
    doc: str
    params: tuple[str, ...]
    required: int
    where: bool
    run: Callable[[Names, list[Json], dict[str, Json]], Json]


def _make(
    name: str,
    kind: str,
    signature: str,
    params: str,
    required: int,
    run: Callable[[Names, list[Json], dict[str, Json]], Json],
    doc: str,
    *,
    where: bool = False,
) -> Function:
    return Function(
        name=name,
        kind=kind,
        signature=signature,
        doc=doc,
        params=tuple(params.split()),
        required=required,
        where=where,
        run=run,
    )


_TABLE = (
    _make("length", "filter", "VALUE | length", "value", 1, scalars.length,
          "How many characters a text, items a list or keys a map has."),
    _make("default", "filter", "VALUE | default(OTHER)", "value other", 2, scalars.default,
          "The value, or OTHER where it is null."),
    _make("lower", "filter", "TEXT | lower", "text", 1, scalars.lower, "The text in small letters."),
    _make("upper", "filter", "TEXT | upper", "text", 1, scalars.upper, "The text in capital letters."),
    _make("trim", "filter", "TEXT | trim", "text", 1, scalars.trim, "The text without blanks at both ends."),
    _make("truncate", "filter", "TEXT | truncate(80)", "text length", 2, scalars.truncate,
          "The text, cut to so many characters; the last is `…` where something was cut."),
    _make("round", "filter", "NUMBER | round(2)", "number digits", 1, scalars.round_number,
          "The number, rounded to so many decimals (0); a half is rounded away from zero."),
    _make("contains", "filter", "LIST | contains(VALUE)", "whole part", 2, scalars.contains_value,
          "Whether a list has the item, a text the text, or a map the key; the same as `VALUE in LIST`."),
    _make("join", "filter", 'LIST | join(", ")', "list separator", 1, lists.join,
          "The items as one text, with the separator (nothing) between them."),
    _make("map", "filter", 'LIST | map("field")', "list field", 2, lists.map_field,
          "That field of each item."),
    _make("select", "filter", 'LIST | select(status="open")', "list field", 1, lists.select,
          "The items whose fields have these values, or whose boolean field is true; an unknown is left out.",
          where=True),
    _make("sort", "filter", 'LIST | sort("field", reverse=true)', "list field reverse", 1, lists.sort,
          "The items in order, by that field where given; null last. Items of several kinds give null."),
    _make("unique", "filter", 'LIST | unique("field")', "list field", 1, lists.unique,
          "The items without repetitions (of that field); the first of each stays."),
    _make("first", "filter", "LIST | first", "list", 1, lists.first, "The first item, null where there is none."),
    _make("last", "filter", "LIST | last", "list", 1, lists.last, "The last item, null where there is none."),
    _make("sum", "filter", 'LIST | sum("amount")', "list field", 1, lists.total,
          "The sum of the numbers (of that field); null where one is missing, 0 for an empty list."),
    _make("min", "filter", 'LIST | min("amount")', "list field", 1, lists.smallest,
          "The smallest value (of that field); null where one is missing or the list is empty."),
    _make("max", "filter", 'LIST | max("amount")', "list field", 1, lists.largest,
          "The largest value (of that field); null where one is missing or the list is empty."),
    _make("any", "filter", 'LIST | any(status="flown")', "list field", 1, lists.any_item,
          "Whether some item has these values (or that boolean field true); null where only an unknown could.",
          where=True),
    _make("all", "filter", 'LIST | all(status="paid")', "list field", 1, lists.all_items,
          "Whether every item has these values (or that boolean field true); true for an empty list.",
          where=True),
    _make("count", "filter", 'LIST | count(status="open")', "list field", 1, lists.count,
          "How many items have these values; without any, how many there are. Null where one is unknown.",
          where=True),
    _make("money", "function", 'money("50 EUR")', "text", 1, scalars.money,
          "An amount with its currency. Compared with a money field; another currency gives null."),
    _make("date", "function", 'date("2026-03-01")', "text zone", 1, scalars.date,
          "The moment of a text: a moment, a date (its midnight), or a date and time, in the workspace's "
          "time zone "
          "or the one given where the text has none. Null for a bad date."),
    _make("now", "function", "now()", "", 0, scalars.now, "The journaled moment of this step or decision."),
    _make("age", "function", "age(MOMENT)", "moment", 1, scalars.age,
          "The duration since a moment; negative where it is to come. Compare with `hours(24)`."),
    _make("minutes", "function", "minutes(30)", "number", 1, scalars.minutes,
          "A duration of so many minutes."),
    _make("hours", "function", "hours(24)", "number", 1, scalars.hours, "A duration of so many hours."),
    _make("days", "function", "days(14)", "number", 1, scalars.days,
          "A duration of so many days of 24 hours."),
    _make("time_of", "function", "time_of(MOMENT)", "moment zone", 1, scalars.time_of,
          'The time of day `HH:MM` in the workspace\'s time zone or the one given: '
          '`time_of(now()) >= "09:00"`.'),
    _make("next", "function", 'next("monday 09:00")', "text zone", 1, scalars.next_time,
          "The next moment after now with that time of day (`09:00`), weekday (`monday`) or both, in the "
          "workspace's time zone or the one given."),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {function.name: function for function in _TABLE}
"""Every filter and function by its name."""
