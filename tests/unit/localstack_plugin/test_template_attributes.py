import pytest

from localstack_plugin.cloudformation.templates.attributes import ATTRIBUTES, attributes_in


@pytest.mark.parametrize(
    ("schema", "attributes"),
    [
        ({"properties": {"Name": {}, "Arn": {}}}, {"Name", "Arn"}),
        ({"properties": {"Name": {}, "Arn": {}}, ATTRIBUTES: ["Arn"]}, {"Arn"}),
        ({"properties": {"Name": {}}, ATTRIBUTES: []}, set()),
        ({}, None),
    ],
)
def test_the_attributes_are_those_that_the_schema_names_or_else_all_properties(
    schema: dict[str, object], attributes: set[str] | None
) -> None:
    assert attributes_in(schema) == attributes
