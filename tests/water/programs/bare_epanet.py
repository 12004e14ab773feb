"""Heads by EPANET 2.3 alone, from the file as it is, in feet or metres: ``bare_epanet.py INP HOURS OUT``."""

import sys

import numpy as np
from epanet import toolkit as en

inp, hours, out = sys.argv[1], float(sys.argv[2]), sys.argv[3]
project = en.createproject()
en.open(project, inp, out + ".rpt", "")
en.settimeparam(project, en.DURATION, int(hours * 3600))
step = en.gettimeparam(project, en.REPORTSTEP)
count = en.getcount(project, en.NODECOUNT)
en.openH(project)
en.initH(project, en.NOSAVE)
times, heads = [], []
while True:
    time = en.runH(project)
    if time % step == 0:
        times.append(time)
        heads.append([en.getnodevalue(project, index, en.HEAD) for index in range(1, count + 1)])
    if en.nextH(project) <= 0:
        break
nodes = [en.getnodeid(project, index) for index in range(1, count + 1)]
us = en.getflowunits(project) <= en.AFD
np.savez(
    out, nodes=np.array(nodes), times_s=np.array(times), head_m=np.array(heads) * (0.3048 if us else 1.0)
)
