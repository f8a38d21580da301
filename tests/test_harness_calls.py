"""Names with keyword arguments on the command line."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from benchmarks.calls import Call
from benchmarks.calls import parse_call
from benchmarks.calls import show_call
from benchmarks.calls import split_names
from benchmarks.errors import UsageError


_LITERALS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_KEYWORDS = st.from_regex(r"\A[a-z]{2}_[a-z]{1,8}\Z")
_CALLS = st.builds(
    Call,
    st.from_regex(r"\A[a-z]{1,8}(:[a-z/_]{1,9}){0,2}\Z"),
    st.dictionaries(_KEYWORDS, _LITERALS, max_size=3),
)


@given(_CALLS)
def test_parsing_gives_back_what_is_shown(call: Call) -> None:
    assert parse_call(show_call(call), "--samplers") == call


@given(
    st.lists(
        st.builds(
            Call,
            st.just("name"),
            st.dictionaries(
                _KEYWORDS,
                st.integers() | st.text(st.characters(exclude_characters="'\"\\"), max_size=8),
                max_size=3,
            ),
        ),
        max_size=4,
    )
)
def test_commas_within_arguments_do_not_separate_names(calls: list[Call]) -> None:
    shown = list(dict.fromkeys(show_call(call) for call in calls))
    if shown:
        assert split_names(",".join(shown), "--samplers") == shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tpe(5)", "no keyword"),
        ("tpe(**{})", "no keyword"),
        ("tpe(seed=1", "no Python call"),
        ("tpe(seed=1).x", "goes on after"),
        ("tpe(seed=other)", "seed is no literal"),
        ("tpe(levels={[1, 2]})", "levels is no literal"),
        ("tpe(levels={[1]: 2})", "levels is no literal"),
        ("tpe(seed=1, seed=2)", "seed is given twice"),
    ],
)
def test_what_is_no_call_is_told_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_call(text, "--samplers")


@pytest.mark.parametrize("text", ["", " , ", "tpe(a=[1,2", "tpe(a='x)"])
def test_names_that_cannot_be_split_are_told_in_one_line(text: Any) -> None:
    with pytest.raises(UsageError, match="--samplers"):
        split_names(text, "--samplers")
