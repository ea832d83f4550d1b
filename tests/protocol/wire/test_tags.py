"""The text of tags: what is taken, what is refused, and in which form."""

from __future__ import annotations

import pytest

from gossipd.protocol.wire.tags import tag_values, tags_text, usable_tags

SIXTEEN = [f"tag{number:02}=x" for number in range(16)]


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ([], ""),
        (["zone=b", "role=web"], "role=web,zone=b"),
        ([" role = web ", "role=web"], "role=web"),
        (["url=http://a:1/?b=c"], "url=http://a:1/?b=c"),
        (["kubernetes.io/os=Größe 7"], "kubernetes.io/os=Größe 7"),
        (SIXTEEN, ",".join(SIXTEEN)),
        (["n=" + "x" * 510], "n=" + "x" * 510),
    ],
)
def test_tags_have_one_form(tags: list[str], text: str) -> None:
    """In order of name, whatever the order in which they are given; and it is read back."""
    assert text == tags_text(tags)
    assert usable_tags(text)
    assert text == tags_text(f"{name}={value}" for name, value in tag_values(text).items())


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (["web"], "'web' is no tag such as role=web"),
        (["role="], "'role=' is no tag"),
        (["=web"], "the name of a tag"),
        (["rôle=web"], "the name of a tag"),
        (["n" * 64 + "=x"], "the name of a tag"),
        (["role=a,b"], "no comma"),
        (["role=a\nb"], "no control characters"),
        (["role=\udc80"], "no control characters"),
        (["role=web", "role=db"], "not two"),
        ([*SIXTEEN, "one=more"], "17 tags: a member has at most 16"),
        (["n=" + "x" * 511], "513 bytes: at most 512"),
        (["n=" + "ö" * 256], "514 bytes: at most 512"),
    ],
)
def test_wrong_tags_are_refused_with_one_line(tags: list[str], reason: str) -> None:
    """Which says what is wrong."""
    with pytest.raises(ValueError, match=reason) as refused:
        tags_text(tags)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["role", "b=1,a=1", "a=1,a=1", "a=1,", ",", "a= 1", "a=\x1b[2J", "a=" + "x" * 511]
)
def test_a_text_of_another_form_is_not_usable(text: str) -> None:
    """A node that sends it made it up."""
    assert not usable_tags(text)
