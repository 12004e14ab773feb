"""The lane solver against SuperLU, on trees, grids, multigraphs and fixed nodes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

pytest.importorskip("numba")

from citymains.kernels.lanes import LANES, LaneSolver, factorize_one, substitute_one
from citymains.kernels.symbolic import analyze


def grid(side: int) -> tuple[int, np.ndarray, np.ndarray]:
    at = np.arange(side * side).reshape(side, side)
    start = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel(), [-1]])
    end = np.concatenate([at[:, 1:].ravel(), at[1:].ravel(), [0]])
    return side * side, start, end


def random_graph(seed: int) -> tuple[int, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = 30
    tree = np.array([rng.integers(-1, i) for i in range(n)])
    return (
        n,
        np.concatenate([tree, rng.integers(-1, n, 25)]),
        np.concatenate([np.arange(n), rng.integers(0, n, 25)]),
    )


@pytest.mark.parametrize("case", [grid(1), grid(2), grid(17), *(random_graph(seed) for seed in range(6))])
def test_every_lane_equals_superlu(case: tuple[int, np.ndarray, np.ndarray]) -> None:
    n, start, end = case
    rng = np.random.default_rng(1)
    weight = 10.0 ** rng.uniform(-3, 3, (len(start), LANES))
    right_side = rng.normal(size=(n, LANES))
    symbolic = analyze(n, start, end)
    solver = LaneSolver(symbolic)
    diagonal, lower = solver.diagonal, solver.lower
    diagonal += 1e-3
    for edge in range(len(start)):
        if start[edge] == end[edge]:
            continue
        for node in (start[edge], end[edge]):
            if node >= 0:
                diagonal[symbolic.position[node]] += weight[edge]
        if symbolic.edge_entry[edge] >= 0:
            lower[symbolic.edge_entry[edge]] -= weight[edge]
    expected = np.empty((n, LANES))
    for lane in range(LANES):
        matrix = sparse.lil_matrix((n, n))
        for edge in range(len(start)):
            i, j, w = int(start[edge]), int(end[edge]), weight[edge, lane]
            if i == j:
                continue
            for node in (i, j):
                if node >= 0:
                    matrix[node, node] += w
            if i >= 0 and j >= 0:
                matrix[i, j] -= w
                matrix[j, i] -= w
        matrix.setdiag(matrix.diagonal() + 1e-3)
        expected[:, lane] = spsolve(matrix.tocsc(), right_side[:, lane])
    solver.right_side[symbolic.position] = right_side
    solution = solver.solve()[symbolic.position]
    np.testing.assert_allclose(solution, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())
    solver.right_side[symbolic.position] = 2.0 * right_side
    np.testing.assert_allclose(solver.solve_again()[symbolic.position], 2.0 * solution, rtol=1e-12)


@pytest.mark.parametrize("case", [grid(1), grid(17), *(random_graph(seed) for seed in range(3))])
def test_one_system_alone_equals_a_lane(case: tuple[int, np.ndarray, np.ndarray]) -> None:
    n, start, end = case
    rng = np.random.default_rng(2)
    symbolic = analyze(n, start, end)
    solver = LaneSolver(symbolic)
    solver.lower[:] = -rng.uniform(0.1, 1.0, (symbolic.entries, 1))
    solver.diagonal[:] = 2.0 * symbolic.entries + 1.0
    solver.right_side[:] = rng.normal(size=(n, 1))
    diagonal, lower = solver.diagonal[:, 0].copy(), solver.lower[:, 0].copy()
    inverse, found = np.empty(n), solver.right_side[:, 0].copy()
    factorize_one(symbolic.column_start, symbolic.row, symbolic.target, diagonal, lower, inverse)
    substitute_one(symbolic.column_start, symbolic.row, lower, inverse, found)
    np.testing.assert_allclose(found, solver.solve()[:, 3], rtol=1e-12, atol=1e-15)
