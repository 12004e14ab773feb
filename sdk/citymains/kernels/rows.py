"""Arithmetic on whole rows of lanes, one vector instruction each.

The compiler cannot prove that two rows of an array are different rows, so a loop over eight
lanes stays eight scalar operations. These say what is meant: read the rows, compute, write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: Scenarios side by side: one AVX-512 register of doubles, two of AVX2.
LANES = 8

_ROW = ir.VectorType(ir.DoubleType(), LANES)
_ALIGNMENT = 8


def _operation(generate: Callable[[Any, list[Any]], Any], arrays: int) -> Any:
    """An intrinsic ``f(out, i, a, j, ...)``: rows ``a[j], ...`` and ``out[i]`` go in, what comes out is stored in ``out[i]``."""

    def typing(arguments: tuple[Any, ...]) -> tuple[Any, Any]:
        signature = types.void(*arguments)

        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            places = [
                _place(context, builder, signature.args[2 * at], values[2 * at], values[2 * at + 1])
                for at in range(arrays)
            ]
            rows = [builder.load(place, align=_ALIGNMENT) for place in places]
            builder.store(generate(builder, rows), places[0], align=_ALIGNMENT)
            return context.get_dummy_value()

        return signature, emit

    if arrays == 2:

        @intrinsic
        def two(context: Any, out: Any, i: Any, a: Any, j: Any) -> Any:
            return typing((out, types.intp, a, types.intp))

        return two

    @intrinsic
    def three(context: Any, out: Any, i: Any, a: Any, j: Any, b: Any, k: Any) -> Any:
        return typing((out, types.intp, a, types.intp, b, types.intp))

    return three


def _place(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    """Pointer to a row of a C-contiguous array [rows, LANES]."""
    data = context.make_array(kind)(context, builder, array).data
    first = builder.gep(data, [builder.mul(row, ir.Constant(row.type, LANES))])
    return builder.bitcast(first, ir.PointerType(_ROW))


#: Lets the compiler fuse a product and a sum.
_FUSE = ("contract",)

#: ``out[i] -= a[j] * b[k]``
subtract_product = _operation(
    lambda builder, row: builder.fsub(row[0], builder.fmul(row[1], row[2], flags=_FUSE), flags=_FUSE), 3
)
#: ``out[i] += a[j] * b[k]``
add_product = _operation(
    lambda builder, row: builder.fadd(row[0], builder.fmul(row[1], row[2], flags=_FUSE), flags=_FUSE), 3
)
#: ``out[i] = a[j] * b[k]``
store_product = _operation(lambda builder, row: builder.fmul(row[1], row[2]), 3)
#: ``out[i] = 1 / a[j]``
store_inverse = _operation(lambda builder, row: builder.fdiv(ir.Constant(_ROW, [1.0] * LANES), row[1]), 2)
#: ``out[i] = a[j]``
copy_row = _operation(lambda builder, row: row[1], 2)
#: ``out[i] = a[j] - b[k]``
store_difference = _operation(lambda builder, row: builder.fsub(row[1], row[2]), 3)
#: ``out[i] += a[j]``
add_row = _operation(lambda builder, row: builder.fadd(row[0], row[1]), 2)
#: ``out[i] -= a[j]``
subtract_row = _operation(lambda builder, row: builder.fsub(row[0], row[1]), 2)


def _everywhere(builder: Any, value: Any) -> Any:
    """A row of one number."""
    nothing = ir.Constant(_ROW, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, nothing, places)


def _fill_row(context: Any, out: Any, i: Any, value: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _place(context, builder, signature.args[0], given[0], given[1])
        builder.store(_everywhere(builder, given[2]), place, align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(out, types.intp, types.float64), emit


#: ``out[i] = value`` in all lanes
fill_row: Any = intrinsic(_fill_row)


def _subtract_scaled(context: Any, values: Any, to: Any, at: Any, scale: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        places = [
            builder.bitcast(builder.gep(data, [start]), ir.PointerType(_ROW))
            for start in (given[1], given[2])
        ]
        rows = [builder.load(place, align=_ALIGNMENT) for place in places]
        product = builder.fmul(rows[1], _everywhere(builder, given[3]), flags=_FUSE)
        builder.store(builder.fsub(rows[0], product, flags=_FUSE), places[0], align=_ALIGNMENT)
        return context.get_dummy_value()

    return types.void(values, types.intp, types.intp, types.float64), emit


#: ``values[to : to + 8] -= values[at : at + 8] * scale`` for two parts of one array of one dimension that do not meet
subtract_scaled: Any = intrinsic(_subtract_scaled)
