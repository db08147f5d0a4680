"""What coverage measures, also in subprocesses that run in other folders."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_a_subprocess_in_another_folder_leaves_the_plugin_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = PROJECT / "pyproject.toml"
    program = tmp_path / "program.py"
    program.write_text(
        f"import subprocess\nsubprocess.run([{sys.executable!r}, '-c', 'pass'], cwd={str(tmp_path)!r}, check=True)\n"
    )

    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run(
        [*coverage, "run", f"--data-file={data}", f"--rcfile={settings}", str(program)], cwd=PROJECT, check=True
    )
    assert len(list(tmp_path.glob("data.*"))) == 2, "the subprocess was not measured"
    subprocess.run(
        [*coverage, "combine", "--quiet", f"--data-file={data}", f"--rcfile={settings}"], cwd=PROJECT, check=True
    )
    report = subprocess.run(
        [*coverage, "report", f"--data-file={data}", f"--rcfile={settings}"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert "src/sagemaker_emulator/" in report.stdout
    assert "localstack_plugin" not in report.stdout
