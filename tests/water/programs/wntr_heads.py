"""Heads of bundled networks by wntr's own EPANET run: ``wntr_heads.py OUT HOURS NAME...``."""

import sys
from pathlib import Path

import numpy as np
import wntr

out, hours = Path(sys.argv[1]), float(sys.argv[2])
for name in sys.argv[3:]:
    model = wntr.network.WaterNetworkModel(name)
    model.options.time.duration = hours * 3600
    results = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(out / f"wntr-{name}"))
    head = results.node["head"]
    np.savez(
        out / f"{name}.npz",
        nodes=np.array(head.columns, dtype=str),
        times_s=np.array(head.index),
        head_m=head.to_numpy(),
    )
