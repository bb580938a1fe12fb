"""Many arrays as one argument: a table of their addresses and lengths.

A tuple of arrays would be passed to every compiled function as some two hundred values. A handle is
one pointer; an array is read off the table where it is used. The Python object that is the handle
owns the arrays, so they live as long as it does.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.extending import (
    NativeValue,
    lower_getattr_generic,
    register_model,
    typeof_impl,
    unbox,
)
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.np import numpy_support
from numba.np.arrayobj import populate_array

Array = npt.NDArray[Any]
_ROW = 3  # address, length, second length


class HandleType(types.Type):
    """The numba type of a handle; one for each class of handles."""

    def __init__(self, name: str) -> None:
        super().__init__(name=f"Handle({name})")
        self.handle = name


_FIELDS: dict[str, dict[str, tuple[int, types.Array]]] = {}


@register_model(HandleType)
class _HandleModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: HandleType) -> None:
        super().__init__(dmm, fe_type, ir.IntType(64).as_pointer())  # type: ignore[no-untyped-call]


class Handle:
    """Arrays by name, one argument to compiled code; subclasses state dtype and dimensions."""

    fields: ClassVar[dict[str, tuple[Any, int]]]
    numba_type: ClassVar[HandleType]

    def __init_subclass__(cls) -> None:
        cls.numba_type = HandleType(cls.__name__)
        _FIELDS[cls.__name__] = {
            name: (i, types.Array(numpy_support.from_dtype(np.dtype(dtype)), ndim, "C"))
            for i, (name, (dtype, ndim)) in enumerate(cls.fields.items())
        }

    def __init__(self, **arrays: Array) -> None:
        self._table = np.zeros(_ROW * len(self.fields), np.int64)
        self.address = self._table.ctypes.data
        for name in self.fields:
            self.put(name, arrays[name])

    def put(self, name: str, array: Array) -> None:
        """Let `array` be the field `name` from now on."""
        dtype, ndim = self.fields[name]
        assert array.dtype == dtype and array.ndim == ndim and array.flags.c_contiguous, name
        setattr(self, name, array)
        row = _ROW * list(self.fields).index(name)
        self._table[row] = array.ctypes.data
        self._table[row + 1 : row + 1 + ndim] = array.shape

    def arrays(self) -> dict[str, Array]:
        """All arrays by name."""
        return {name: getattr(self, name) for name in self.fields}

    def copy(self) -> Self:
        """A handle on copies of all arrays."""
        return type(self)(**{name: array.copy() for name, array in self.arrays().items()})


@typeof_impl.register(Handle)
def _typeof(value: Handle, _context: Any) -> HandleType:
    return value.numba_type


@unbox(HandleType)  # type: ignore[no-untyped-call]
def _unbox(_typ: HandleType, obj: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(obj, "address")
    number = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return NativeValue(c.builder.inttoptr(number, ir.IntType(64).as_pointer()))  # type: ignore[no-untyped-call]


@infer_getattr
class _HandleAttributes(AttributeTemplate):
    key = HandleType

    def generic_resolve(self, typ: HandleType, attr: str) -> types.Array | None:  # type: ignore[override]
        found = _FIELDS[typ.handle].get(attr)
        return None if found is None else found[1]


@lower_getattr_generic(HandleType)  # type: ignore[no-untyped-call]
def _lower_attribute(context: Any, builder: Any, typ: HandleType, value: Any, attr: str) -> Any:
    index, array_type = _FIELDS[typ.handle][attr]
    word = ir.IntType(64)

    def entry(i: int) -> Any:
        return builder.load(builder.gep(value, [ir.Constant(word, _ROW * index + i)]))

    array = context.make_array(array_type)(context, builder)
    item_bytes = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    item = context.get_constant(types.intp, item_bytes)
    lengths = [entry(1 + i) for i in range(array_type.ndim)]
    steps = [item] if array_type.ndim == 1 else [builder.mul(lengths[1], item), item]
    populate_array(  # type: ignore[no-untyped-call]
        array,
        data=builder.inttoptr(entry(0), array.data.type),
        shape=cgutils.pack_array(builder, lengths),  # type: ignore[no-untyped-call]
        strides=cgutils.pack_array(builder, steps),  # type: ignore[no-untyped-call]
        itemsize=item,
        meminfo=None,
    )
    return impl_ret_borrowed(context, builder, array_type, array._getvalue())  # type: ignore[no-untyped-call]
