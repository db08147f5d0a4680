import pytest

from image_classification.data.labels import WrongLabelError, multi_hot, multi_hot_of_ids, one_hot


def test_one_class_id_per_image_sets_one_column() -> None:
    assert one_hot([2, 0.0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_a_multi_label_row_is_used_unchanged() -> None:
    assert multi_hot([[0, 1, 1], [0, 0, 0]], 3).tolist() == [[0, 1, 1], [0, 0, 0]]


def test_several_class_ids_set_several_columns() -> None:
    assert multi_hot_of_ids([[0, 2], []], 3).tolist() == [[1, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize("value", [3, -1, 0.5, float("nan"), float("inf")])
def test_a_label_that_is_not_a_class_id_is_refused_with_its_index(value: float) -> None:
    with pytest.raises(WrongLabelError, match="is not one of 0 to 2: num_classes is 3") as error:
        one_hot([0, value], 3)
    assert error.value.index == 1
    with pytest.raises(WrongLabelError):
        multi_hot_of_ids([[value]], 3)


@pytest.mark.parametrize(
    ("row", "problem"),
    [([0, 1], "2 labels instead of 3"), ([0, 1, 0, 1], "4 labels instead of 3"), ([0, 2, 1], "the label 2, where")],
)
def test_a_multi_label_row_needs_a_zero_or_one_for_each_class(row: list[float], problem: str) -> None:
    with pytest.raises(WrongLabelError, match=problem) as error:
        multi_hot([[0, 0, 0], row], 3)
    assert error.value.index == 1
