"""Run a SWMM model as it is, with nothing but the engine's library: ``bare_run.py MODEL REPORT``; JSON on stdout."""

import json
import os
import sys
import tempfile

from swmm.toolkit import solver
from swmm.toolkit.shared_enum import NodeType, ObjectType


def main(model, report):
    out = os.path.join(tempfile.mkdtemp(), "bare.out")
    solver.swmm_open(model, report, out)
    solver.swmm_start(1)
    steps = 1
    while solver.swmm_step() != 0:
        steps += 1
    routing = solver.system_get_routing_totals()
    nodes = {}
    outfalls = {}
    for i in range(solver.project_get_count(ObjectType.NODE)):
        one = solver.node_get_stats(i)
        name = solver.project_get_id(ObjectType.NODE, i)
        nodes[name] = [one.maxDepth, one.volFlooded, one.timeSurcharged]
        if solver.node_get_type(i) == NodeType.OUTFALL:
            outfalls[name] = solver.node_get_total_inflow(i)
    answer = {
        "steps": steps,
        "outflow": routing.outflow,
        "flooding": routing.flooding,
        "error_percent": routing.pctError,
        "nodes": nodes,
        "outfalls": outfalls,
    }
    solver.swmm_end()
    solver.swmm_report()
    solver.swmm_close()
    os.remove(out)
    json.dump(answer, sys.stdout)


main(sys.argv[1], sys.argv[2])
