"""The runtimes that functions can have as processes: Python, from zip archives."""

from typing import Any


def reason_to_refuse(request: dict[str, Any]) -> str | None:
    """Return why the function of CreateFunction or UpdateFunctionConfiguration cannot run here, or None."""
    runtime = request.get("Runtime")
    if request.get("PackageType", "Zip") == "Zip" and (runtime is None or runtime.startswith("python3")):
        return None
    wanted = "a container image" if runtime is None else f"runtime {runtime!r}"
    return (
        f"Function {request.get('FunctionName')!r} asks for {wanted}: functions run as Python processes here, from zip "
        "archives of a python3.x runtime. With LAMBDA_RUNTIME_EXECUTOR=docker the others run too, in containers."
    )
