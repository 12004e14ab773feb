"""Heads of many files by EPANET alone, each in a process of its own: ``native_epanet.py LIBRARY OUT INP...``.

A file some version opens and calculates has its heads in the answer, by node, over all steps in the file's unit of
length; one it refuses, or dies of, is left out.
"""

import ctypes
import json
import os
import sys

HEAD = 10
NODES = 0
FIRST_ERROR = 100


def heads(library: ctypes.CDLL, inp: str) -> dict[str, list[float]] | None:
    project, count, step, value = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_long(), ctypes.c_double()
    library.EN_getnodevalue.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    library.EN_createproject(ctypes.byref(project))
    if library.EN_open(project, inp.encode(), (inp + ".rpt").encode(), b"") >= FIRST_ERROR:
        return None
    library.EN_getcount(project, NODES, ctypes.byref(count))
    if library.EN_openH(project) >= FIRST_ERROR or library.EN_initH(project, 0) >= FIRST_ERROR:
        return None
    found: dict[str, list[float]] = {}
    name = ctypes.create_string_buffer(64)
    while True:
        if library.EN_runH(project, ctypes.byref(step)) >= FIRST_ERROR:
            return None
        for index in range(1, count.value + 1):
            library.EN_getnodeid(project, index, name)
            library.EN_getnodevalue(project, index, HEAD, ctypes.byref(value))
            found.setdefault(name.value.decode("latin-1"), []).append(value.value)
        library.EN_nextH(project, ctypes.byref(step))
        if step.value <= 0:
            return found


library, out = ctypes.CDLL(sys.argv[1]), sys.argv[2]
answers = {}
for inp in sys.argv[3:]:
    child = os.fork()
    if child == 0:
        found = heads(library, inp)
        with open(inp + ".json", "w") as file:
            json.dump(found, file)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        with open(inp + ".json") as file:
            answers[os.path.basename(inp)] = json.load(file)
with open(out, "w") as file:
    json.dump({name: found for name, found in answers.items() if found is not None}, file)
