"""Leakage flow of a pipe by EPANET 2.3's own FAVAD, steady: ``epanet_leakage.py INP PIPE OUT``."""

import sys

import numpy as np
from epanet import toolkit as en

inp, pipe, out = sys.argv[1:4]
LINK_LEAKAGE = 28
project = en.createproject()
en.open(project, inp, out + ".rpt", "")
en.settimeparam(project, en.DURATION, 0)
en.openH(project)
en.initH(project, en.NOSAVE)
en.runH(project)
link = en.getlinkindex(project, pipe)
ends = en.getlinknodes(project, link)
np.savez(
    out,
    flow_gpm=en.getlinkvalue(project, link, LINK_LEAKAGE),
    length_ft=en.getlinkvalue(project, link, en.LENGTH),
    pressure_psi=np.array([en.getnodevalue(project, node, en.PRESSURE) for node in ends]),
)
