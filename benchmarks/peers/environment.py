"""The peers' own environment: a venv with RecBole and implicit, which need older packages than kgrec.

`python benchmarks/peers/environment.py` makes it (1.6 GB with a torch for CPUs); `side_by_side.py` does so by
itself.
"""

import hashlib
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / ".peers"
SUPPORTED = ("3.11", "3.10", "3.9")
"""Pythons that scipy 1.11 and ray 2.6, which RecBole asks for, both have wheels for."""


def main() -> None:
    """Make the environment where it is missing or out of date; say where its Python is."""
    print(make_environment())


def make_environment(folder: Path = FOLDER) -> Path:
    """The Python of an environment with the peers, made anew when what it is made of changed.

    Raises:
        RuntimeError: no supported Python is on this machine.
        subprocess.CalledProcessError: pip did not find or could not install a package.
    """
    if is_ready(folder):
        return python_of(folder)
    shutil.rmtree(folder / "venv", ignore_errors=True)
    subprocess.run([base_python(), "-m", "venv", str(folder / "venv")], check=True)
    pip = [str(python_of(folder)), "-m", "pip", "install", "-r", str(HERE / "requirements.txt"), torch_pin()]
    # Standard output is for the table alone.
    subprocess.run(pip, check=True, stdout=sys.stderr)
    (folder / "made-of").write_text(made_of())
    return python_of(folder)


def is_ready(folder: Path = FOLDER) -> bool:
    """Whether the environment is there and made of what it would be made of now."""
    mark = folder / "made-of"
    return python_of(folder).exists() and mark.is_file() and mark.read_text() == made_of()


def python_of(folder: Path) -> Path:
    """The environment's own interpreter."""
    return folder / "venv" / "bin" / "python"


def made_of() -> str:
    """What decides the environment's content, in short."""
    return hashlib.sha256(f"{torch_pin()}\n{(HERE / 'requirements.txt').read_text()}".encode()).hexdigest()


def torch_pin() -> str:
    """The torch that kgrec runs on, without its build, which pip chooses for the machine."""
    return f"torch=={version('torch').split('+')[0]}"


def base_python() -> str:
    """A Python that the peers run on, this one if it is among them."""
    own = ".".join(str(part) for part in sys.version_info[:2])
    if own in SUPPORTED:
        return sys.executable
    for each in SUPPORTED:
        found = shutil.which(f"python{each}")
        if found:
            return found
    raise RuntimeError(f"the peers need a Python among {', '.join(SUPPORTED)}; none is on the PATH")


if __name__ == "__main__":
    main()
