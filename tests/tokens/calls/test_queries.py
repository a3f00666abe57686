"""The models that the query of a call names, in every spelling that some upstream reads."""

import pytest

from tokens.calls.addresses import AmbiguousAddressError, read_address, read_query

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("query", "models"),
    [
        ("model=a", ("a",)),
        ("model=a&model=b&model=a", ("a", "b")),
        ("Model=a&MODEL=b", ("a", "b")),
        ("models[]=a&models[0]=b&model[name]=c&body.model=d", ("a", "b", "c", "d")),
        ("deployment=a&deployment_id=b&engine=c&model_id=d&modelName=e", ("a", "b", "c", "d", "e")),
        ("mod%65l=a&%6Dodel=b&mo+del=c&models%5B%5D=d", ("a", "b", "c", "d")),
        ("fallbacks=a&target_model_names=b", ("a", "b")),
        ("model=openai%2Fgpt-4o%3Afree&x=1", ("openai/gpt-4o:free",)),
        ("model=a%2Bb", ("a+b",)),
        ("model=&model", ()),
        ("api-version=2024-06-01&beta=true&alt=sse&key=x&remodel=y&%24alt=json%3Benum-encoding=int", ()),
        ("%24alt=json;enum-encoding=int", ()),
        ("model=" + "модель".encode().decode("latin-1"), ("модель",)),
    ],
)
def test_every_spelling_restricts(query: str, models: tuple[str, ...]) -> None:
    address = read_address(f"{CHAT}?{query}")

    assert (address.query_models, address.stated) == (models, ())


@pytest.mark.parametrize(
    "query",
    [
        "a=b;model=S", "model=A;model=S", "model=A;x=1", "x=%3Bmodel=S;model=S", "model=A+B", "model=A,S",
        "model=A%2CS", "model=%ff%00", "model=A%00", "x=%ff", "x=%", "x=%4", "x=1 2", "x=1#model=S", "mod%FFel=S",
        "mod%00el=S", "%256dodel=S", "model=A%2541", "x=\n", "x=" + "1" * 9000,
    ],
)  # fmt: skip
def test_a_query_that_servers_read_differently_is_refused(query: str) -> None:
    with pytest.raises(AmbiguousAddressError):
        read_address(f"{CHAT}?{query}")


def test_only_endpoints_that_state_it_there_take_the_model_from_the_query() -> None:
    assert read_address("/v1/realtime?model=a&voice=b").stated == ("a",)
    assert read_address("/openai/realtime?api-version=1&deployment=a").stated == ("a",)
    # Upstreams read the exact name.
    assert read_address("/v1/realtime?Model=a").stated == ()
    assert read_address("/v1/realtime?deployment=a").stated == ()
    assert read_address("/v1/models/b?model=a").stated == ("b",)


def test_keys_are_read_from_the_query() -> None:
    assert read_query("key=a+b&key=c&Key=d&alt=sse").keys == ("a b", "c")
