"""What `scones import` reads from files, matches and rebinds, without an account."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from scones import documents
from scones.errors import ImportedFileError
from scones.importing.code import package, zip_names
from scones.importing.matching import match
from scones.importing.model import Code, Place
from scones.importing.plan import Options, Plan, plan
from scones.importing.rebinding import Rebinding
from scones.importing.search import search

HERE = Place("000000000000", "us-east-1")
HANDLER = "def lambda_handler(event, context):\n    return event\n"
FOREIGN = "arn:aws:lambda:eu-west-1:123456789012:function:"


def write(folder: Path, **files: str) -> Path:
    """Write files; `__` in a name stands for a folder, `_dot_` for a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def planned(source: Path, **options: Any) -> Plan:
    return plan(search(source, HERE), Options(**options), HERE)


def machine(**resources: str) -> str:
    states = {name: {"Type": "Task", "Resource": arn, "End": True} for name, arn in resources.items()}
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def rebound(value: str, key: str = "Resource") -> str:
    text: str = Rebinding(HERE).definition({key: value})[key]
    return text


# ---- documents ----


def test_plain_scalars_are_read_as_in_yaml_1_2() -> None:
    document = documents.parse("StartAt: Yes\nVersion: 2012-10-17\nEnd: true\nSeconds: 5\nOn: off\n")
    assert document == {"StartAt": "Yes", "Version": "2012-10-17", "End": True, "Seconds": 5, "On": "off"}


def test_short_forms_of_cloudformation_become_long_ones() -> None:
    text = 'a: !Sub "${X}"\nb: !GetAtt Y.Arn\nc: !Ref Z\nd: !Join [",", [1, !Ref Z]]\n'
    assert documents.parse(text) == {
        "a": {"Fn::Sub": "${X}"},
        "b": {"Fn::GetAtt": ["Y", "Arn"]},
        "c": {"Ref": "Z"},
        "d": {"Fn::Join": [",", [1, {"Ref": "Z"}]]},
    }


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x [1]\nb: [*x, *x]\n", "alias"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("{", "Expecting property name"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_hostile_or_broken_document_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ImportedFileError, match=reason):
        documents.parse(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_documents_written_on_windows_are_read(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_bytes('{\r\n  "Comment": "größer",\r\n  "A": 1\r\n}\r\n'.encode(encoding))
    assert documents.read(file) == {"Comment": "größer", "A": 1}


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text(" " * (documents.SIZE_BYTES_MAX + 1))
    with pytest.raises(ImportedFileError, match="has more than"):
        documents.read(file)


# ---- rebinding ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{FOREIGN}f", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        (f"{FOREIGN}f:$LATEST", "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"),
        (f"{FOREIGN}f:prod", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("arn:aws-cn:lambda:cn-north-1:1:function:f", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("arn:aws:lambda:<REGION>:<ACCOUNT>:function:f", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("${ClassifyFunctionArn}", "arn:aws:lambda:us-east-1:000000000000:function:Classify"),
        ("arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke"),
        ("arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint",) * 2,
        ("arn:aws:iam::123456789012:role/service-role/r", "arn:aws:iam::000000000000:role/service-role/r"),
        ("arn:aws:iam::aws:policy/AdministratorAccess",) * 2,
        ("arn:aws:s3:::bucket/key",) * 2,
        (
            "States.Format('arn:aws:sns:eu-west-1:123456789012:t', $.x)",
            "States.Format('arn:aws:sns:us-east-1:000000000000:t', $.x)",
        ),
        ("States.Format('arn:aws:sns:{}:{}:t', $.region, $.account)",) * 2,
    ],
)
def test_arns_are_bound_to_the_account_and_region(text: str, expected: str) -> None:
    assert rebound(text) == expected


@pytest.mark.parametrize("name", ["f", "f:prod", "123456789012:function:f", "function:f"])
def test_account_and_alias_are_removed_from_function_names(name: str) -> None:
    assert rebound(name, "FunctionName") == "f"


def test_a_queue_has_the_url_of_the_account() -> None:
    rebinding = Rebinding(HERE, {"orders": "http://local/orders"})
    definition = rebinding.definition({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"})
    assert definition == {"QueueUrl": "http://local/orders"}
    assert rebinding.references.queues == ["orders"]


def test_comments_stay_as_they_are() -> None:
    assert rebound(f"{FOREIGN}f", "Comment") == f"{FOREIGN}f"


# ---- matching ----


@pytest.mark.parametrize(
    ("function", "code"),
    [
        ("serializeImageData", "serialize_image_data"),
        ("serializeImageData", "serializeImageData-1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
        ("scones-unlimited-classify", "lambda-classify"),
        ("Filter_Low_Confidence", "filterLambda"),
    ],
)
def test_code_is_found_under_a_similar_name(function: str, code: str) -> None:
    candidates = [Code(code, Path(code)), Code("other", Path("other"))]
    assert match([function], candidates)[function].name == code


def test_neither_of_two_equally_good_candidates_is_taken() -> None:
    candidates = [Code("classify-a", Path("a")), Code("classify-b", Path("b"))]
    assert match(["classify"], candidates) == {}


def test_a_candidate_is_used_once() -> None:
    matched = match(["classify", "classify-all"], [Code("classify", Path("a"))])
    assert set(matched) == {"classify"}


def test_parts_of_a_module_without_names_are_paired_in_the_order_of_the_workflow(tmp_path: Path) -> None:
    steps = {"First": f"{FOREIGN}one", "Second": f"{FOREIGN}two"}
    definition = json.loads(machine(**steps))
    definition["States"] = {
        "Second": definition["States"]["Second"],
        "First": {"Type": "Task", "Resource": steps["First"], "Next": "Second"},
    }
    write(tmp_path, m_dot_json=json.dumps(definition), all_dot_py=f"A = 1\n{HANDLER}B = 2\n{HANDLER}")
    functions = {function.name: function.code.text or "" for function in planned(tmp_path).functions}
    assert (functions["one"][:5], functions["two"][:5]) == ("A = 1", "B = 2")


# ---- code ----


def test_handlers_are_found_by_name(tmp_path: Path) -> None:
    write(tmp_path, f__helpers_dot_py="def handler(): pass\n", f__zz_dot_py=HANDLER)
    assert package(Code("f", tmp_path / "f")).handler() == "zz.lambda_handler"


def test_missing_modules_are_named(tmp_path: Path) -> None:
    code = "import json, boto3, numpy\nfrom . import x\ntry:\n    import optional\nexcept ImportError:\n    pass\n"
    write(tmp_path, f__app_dot_py=f"{code}import mine\n{HANDLER}", f__mine_dot_py="")
    assert package(Code("f", tmp_path / "f")).missing_modules(frozenset()) == ["numpy"]


def test_a_module_is_packed_with_the_siblings_that_it_imports(tmp_path: Path) -> None:
    write(tmp_path, app_dot_py=f"import a\n{HANDLER}", a_dot_py="import b\n", b_dot_py="", c_dot_py="")
    packed = package(Code("f", tmp_path / "app.py"))
    assert sorted(zipfile.ZipFile(io.BytesIO(packed.data)).namelist()) == ["a.py", "app.py", "b.py"]


def test_links_in_a_folder_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, f__app_dot_py=HANDLER, secret="key")
    (tmp_path / "f" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "f" / "up").symlink_to(tmp_path)
    packed = package(Code("f", tmp_path / "f"))
    assert zipfile.ZipFile(io.BytesIO(packed.data)).namelist() == ["app.py"]


@pytest.mark.parametrize("name", ["../app.py", "/app.py", "a/../../app.py", "..\\app.py"])
def test_a_zip_file_with_names_that_lead_out_is_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "f.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, HANDLER)
    with pytest.raises(ImportedFileError, match="leads out"):
        zip_names(file)


def test_a_damaged_zip_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "f.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", HANDLER)
    file.write_bytes(file.read_bytes().replace(b"lambda_handler", b"lambda_handleR"))
    with pytest.raises(ImportedFileError, match=r"app\.py"):
        package(Code("f", file))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "f.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("app.py", "w") as entry:
        for _ in range(300):
            entry.write(bytes(1 << 20))
    with pytest.raises(ImportedFileError, match="unpacks to more than"):
        zip_names(file)


def zip_file(path: Path, *names: str, text: str = HANDLER) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return path


def test_the_folder_around_everything_in_a_zip_file_is_left_out(tmp_path: Path) -> None:
    zip_file(tmp_path / "f.zip", "f/", "f/app.py", "f/sub/x.txt", "__MACOSX/f/._app.py", "f/.DS_Store")
    (function,) = planned(tmp_path).functions
    assert (function.name, function.handler) == ("f", "app.lambda_handler")
    assert sorted(zipfile.ZipFile(io.BytesIO(function.package.data)).namelist()) == ["app.py", "sub/x.txt"]


def test_a_zip_file_stays_as_it_is_if_a_template_names_its_handler(tmp_path: Path) -> None:
    properties = {"CodeUri": "f.zip", "Handler": "f.app.lambda_handler", "Runtime": "python3.11"}
    template = {"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": properties}}}
    write(tmp_path, t_dot_json=json.dumps(template))
    file = zip_file(tmp_path / "f.zip", "f/app.py")
    (function,) = planned(tmp_path).functions
    assert (function.handler, function.package.data) == ("f.app.lambda_handler", file.read_bytes())


def test_a_zip_file_of_a_whole_export_is_named_with_advice(tmp_path: Path) -> None:
    zip_file(tmp_path / "export.zip", "export/machine.json", "export/f/app.py")
    (problem,) = planned(tmp_path).problems
    assert "unpack it" in problem


@pytest.mark.parametrize(
    ("versions", "runtime"),
    [(["3.11", "3.12"], "python3.11"), (["3.8", "3.9"], "python3.9"), (["3.9", "3.13"], "python3.13")],
)
def test_a_function_without_a_template_gets_a_runtime_that_its_layers_fit(
    versions: list[str], runtime: str, tmp_path: Path
) -> None:
    write(tmp_path, f__app_dot_py=f"import mine\n{HANDLER}")
    names = [f"python/lib/python{version}/site-packages/mine/__init__.py" for version in versions]
    zip_file(tmp_path / "mine.zip", *names, "__MACOSX/python/._lib", text="")
    (function,) = planned(tmp_path).functions
    assert (function.layers, function.settings.runtime) == (("mine",), runtime)


# ---- plans ----


def test_problems_are_named_and_the_rest_is_planned(tmp_path: Path) -> None:
    template = {
        "Resources": {
            "Remote": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "s3://b/k", "Handler": "a.b"}},
            "Node": {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Runtime": "nodejs20.x", "Code": {"ZipFile": "x"}},
            },
            "Out": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../../etc"}},
            "Unknown": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"DefinitionString": {"Fn::ImportValue": "x"}},
            },
        }
    }
    write(tmp_path, t_dot_json=json.dumps(template), m_dot_json=machine(A=f"{FOREIGN}f"), f__app_dot_py=HANDLER)
    result = planned(tmp_path)
    assert [function.name for function in result.functions] == ["f"]
    assert [item.name for item in result.machines] == ["m"]
    for text in ("Remote: its code is in a bucket", "nodejs20.x", "outside the template's folder", "Fn::ImportValue"):
        assert any(text in problem for problem in result.problems), (text, result.problems)


def test_code_named_by_an_option_takes_precedence(tmp_path: Path) -> None:
    write(tmp_path, m_dot_json=machine(A=f"{FOREIGN}f"), f__app_dot_py=HANDLER, g__app_dot_py=HANDLER)
    (function,) = planned(tmp_path, code={"f": tmp_path / "g"}).functions
    assert function.code.source == tmp_path / "g"


def test_values_of_placeholders_are_filled_in(tmp_path: Path) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Threshold}", "End": True}}}
    write(tmp_path, m_dot_json=json.dumps(definition))
    assert planned(tmp_path).references.placeholders == ["Threshold"]
    result = planned(tmp_path, values={"Threshold": ".9"})
    assert result.machines[0].definition["States"]["A"]["Result"] == ".9"


def test_functions_alone_are_imported_under_their_own_names(tmp_path: Path) -> None:
    write(tmp_path, one__app_dot_py=HANDLER, two__app_dot_py=HANDLER, notes__x_dot_py="A = 1\n")
    assert sorted(function.name for function in planned(tmp_path).functions) == ["one", "two"]


def test_a_folder_with_nothing_to_import_gives_an_empty_plan(tmp_path: Path) -> None:
    write(tmp_path, package_dot_json='{"name": "x"}')
    assert planned(tmp_path).is_empty


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImportedFileError, match="there is no"):
        search(tmp_path / "nothing", HERE)
