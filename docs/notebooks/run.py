"""Runs the notebooks of this folder, for check.sh: each prints what it shows."""

import difflib
import pathlib
import sys

import nbclient
import nbformat
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

# The first cell builds the library. Generous: a slow machine must not fail it.
SECONDS = 1200


def run(notebook):
    """Runs every cell. Says which one failed, or did not end."""
    begun = ["no cell"]

    def at(cell, cell_index):
        begun[0] = f"cell {cell_index + 1} ({cell.source.splitlines()[0]})"

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    client = nbclient.NotebookClient(
        notebook, timeout=SECONDS, startup_timeout=300, kernel_name="rust", on_cell_start=at
    )
    try:
        client.execute()
    except CellTimeoutError:
        sys.exit(f"{begun[0]} did not end within {SECONDS} s")
    except CellExecutionError as error:
        sys.exit(f"{begun[0]} failed:\n{error}\n{error.evalue}")
    except (DeadKernelError, RuntimeError) as error:
        sys.exit(f"the kernel ended or did not start; begun was {begun[0]}: {error}")
    # The kernel goes on after a panic in a cell, and only prints it.
    for cell in notebook.cells:
        said = [out.text for out in cell.get("outputs", []) if out.get("name") == "stderr"]
        if said:
            sys.exit(f"the cell\n{cell.source}\nsays on stderr\n{''.join(said)}")


def printed(notebook):
    """What each code cell prints and gives, as text."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return "".join(f"{cell.source}\n----\n{text(cell)}\n" for cell in cells)


def text(cell):
    streams = [out.text for out in cell.outputs if out.get("name") == "stdout"]
    values = [out.data.get("text/plain", "") for out in cell.outputs if "data" in out]
    return "".join(streams + values)


def tidy(notebook):
    """Only what a reader needs: no times, no numbers that change."""
    count = 0
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count


def check(path, write):
    notebook = nbformat.read(path, as_version=4)
    shown = printed(notebook)
    run(notebook)
    found = printed(notebook)
    if write:
        tidy(notebook)
        nbformat.write(notebook, path)
    elif found != shown:
        lines = difflib.unified_diff(shown.splitlines(), found.splitlines(), "shown", "printed", lineterm="")
        sys.exit(f"{path} prints something else (--write stores it):\n" + "\n".join(lines))
    print(f"{path}: every cell ran")


for path in sorted(pathlib.Path(".").glob("*.ipynb")):
    check(path, "--write" in sys.argv)
