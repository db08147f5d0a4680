"""Plan what an import creates, before it creates anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scones.errors import ImportedFileError
from scones.importing import matching
from scones.importing.functions import FunctionPlan, LayerPlan, function_plan, layer_plan
from scones.importing.model import Code, Export, FunctionSettings, Place, StateMachine
from scones.importing.rebinding import Rebinding, References, in_order
from scones.importing.templates import substituted


@dataclass(frozen=True)
class Options:
    """The user's options: `code` has paths by function, and `values` the values of `${Name}` placeholders."""

    code: Mapping[str, Path] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Plan:
    place: Place
    machines: list[StateMachine] = field(default_factory=list)
    functions: list[FunctionPlan] = field(default_factory=list)
    layers: list[LayerPlan] = field(default_factory=list)
    references: References = field(default_factory=References)
    problems: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.machines or self.functions or self.layers)


def plan(export: Export, options: Options, place: Place) -> Plan:
    """Decide what to create. `problems` gets a line for each thing that cannot be created."""
    result = Plan(place, problems=list(export.problems))
    pseudo = {"AWS::AccountId": place.account, "AWS::Region": place.region, "AWS::Partition": "aws"}
    for machine in _unique(export.machines, result):
        filled = substituted(machine.definition, {**pseudo, **options.values})
        result.machines.append(StateMachine(machine.name, filled, machine.source, machine.kind, machine.role))
    rebinding = Rebinding(place, references=result.references)
    for machine in result.machines:
        rebinding.definition(in_order(machine.definition))
    _add_layers(export, result)
    _add_functions(export, options, result)
    return result


def _unique(machines: list[StateMachine], result: Plan) -> list[StateMachine]:
    """Return one state machine for each name: the same one may have been exported as JSON and as YAML."""
    unique: dict[str, StateMachine] = {}
    for machine in machines:
        first = unique.setdefault(machine.name, machine)
        if first is not machine and first.definition != machine.definition:
            result.problems.append(
                f"{first.source} and {machine.source} have different state machines named {machine.name}: "
                "rename one of the files"
            )
    return list(unique.values())


def _add_layers(export: Export, result: Plan) -> None:
    for layer in export.layers:
        try:
            planned = layer_plan(layer)
        except ImportedFileError as error:
            result.problems.append(f"layer {layer.name}: {error}")
            continue
        if planned.name not in {other.name for other in result.layers}:
            result.layers.append(planned)


def _add_functions(export: Export, options: Options, result: Plan) -> None:
    settings = {function.name: function.settings for function in export.functions}
    code = {function.name: function.code for function in export.functions if function.code}
    code |= {name: Code(name, path) for name, path in options.code.items()}
    called = [name for name in result.references.functions if name not in code]
    code |= matching.match(called, _free(export.code, code)) if result.machines else _by_name(export.code, code)
    for function in export.functions:
        if function.code is None and function.name not in code:
            hint = f"--function {function.name}=PATH"
            result.problems.append(f"function {function.name}: its code is in a bucket: name a copy with {hint}")
    for name, source in code.items():
        _add_function(name, source, settings.get(name, FunctionSettings()), result)


def _add_function(name: str, code: Code, settings: FunctionSettings, result: Plan) -> None:
    if not settings.runtime.startswith("python"):
        result.problems.append(f"function {name}: its runtime is {settings.runtime}: only Python can be imported")
        return
    try:
        planned = function_plan(name, code, settings, result.layers)
        _ = planned.handler
    except ImportedFileError as error:
        result.problems.append(f"function {name}: {error}")
        return
    result.functions.append(planned)
    provided = frozenset(module for layer in result.layers if layer.name in planned.layers for module in layer.modules)
    known = {layer.name for layer in result.layers}
    for layer_name in planned.layers:
        if layer_name not in known:
            result.problems.append(f"function {name}: its layer {layer_name} is not in the export and is left out")
    if missing := planned.package.missing_modules(provided):
        result.problems.append(
            f"function {name} imports {', '.join(missing)}, which Lambda does not have: install it into its folder "
            f"(pip install --target) or into python/ of a layer's folder"
        )


def _free(candidates: list[Code], taken: Mapping[str, Code]) -> list[Code]:
    """Return the code that neither a template nor the user has assigned to a function."""
    sources = {code.source.resolve() for code in taken.values()}
    return [code for code in candidates if code.source.resolve() not in sources]


def _by_name(candidates: list[Code], taken: Mapping[str, Code]) -> dict[str, Code]:
    """Return all code by its own name: if there is no state machine, every function is imported."""
    return {code.name: code for code in _free(candidates, taken)}
