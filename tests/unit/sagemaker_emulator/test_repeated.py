"""Values that occur more than once."""

from sagemaker_emulator.repeated import repeated


def test_values_that_occur_more_than_once_are_counted_in_their_order() -> None:
    assert list(repeated("banana").items()) == [("a", 3), ("n", 2)]
    assert repeated(["a", "b"]) == {}
