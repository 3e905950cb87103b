"""Static types of expressions: the way in.

Owns: nothing of its own; it gathers what other rooms use. `types_model` holds types and scopes,
`types_infer`, `types_compare` and `types_calls` the rules, `types_check` the checks of conditions and values.
"""

from __future__ import annotations

from flowrun.lang.expr_problem import Problem
from flowrun.lang.types_check import check_condition, check_value, with_currencies
from flowrun.lang.types_infer import infer
from flowrun.lang.types_model import (
    ANY,
    BOOLEAN,
    INTEGER,
    MOMENT,
    NULL,
    NUMBER,
    OPEN,
    RUN,
    STRING,
    Type,
    TypeScope,
    from_schema,
    from_value,
    union,
)

__all__ = [
    "ANY",
    "BOOLEAN",
    "INTEGER",
    "MOMENT",
    "NULL",
    "NUMBER",
    "OPEN",
    "RUN",
    "STRING",
    "Problem",
    "Type",
    "TypeScope",
    "check_condition",
    "check_value",
    "from_schema",
    "from_value",
    "infer",
    "union",
    "with_currencies",
]
