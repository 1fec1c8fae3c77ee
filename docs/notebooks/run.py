"""Runs the notebooks of this folder, for check.sh, and compares what they print."""

import pathlib
import sys

import nbclient
import nbformat

# What the cells of a notebook print, joined.
PRINTED = {
    "background.ipynb": (
        "Data from API 2, Data from API 3, Data from API 4\n"
        "Data from API 1\n"
        "a loop inside a loop is refused: true\n"
    ),
}


def printed(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def check(name):
    notebook = nbformat.read(name, as_version=4)
    # The first cell builds the library: ten minutes are for a slow machine.
    client = nbclient.NotebookClient(notebook, timeout=600, startup_timeout=120, kernel_name="rust")
    client.execute()
    found = printed(notebook)
    if found != PRINTED[name]:
        sys.exit(f"{name} printed\n{found}\nand should print\n{PRINTED[name]}")
    if "--write" in sys.argv:
        nbformat.write(notebook, name)
    print(f"{name}: every cell ran")


for path in sorted(pathlib.Path(".").glob("*.ipynb")):
    check(path.name)
