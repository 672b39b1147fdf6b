"""Compiles a linalg module with upstream's passes alone, to plain loops, and runs it here.

The tools are LLVM's: mlir-opt, mlir-translate and clang of Debian's packages, version 22.
"""

import ctypes
import functools
import math
import operator
import pathlib
import shutil
import subprocess

PASSES = [
    "-convert-elementwise-to-linalg",
    "-one-shot-bufferize=bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map",
    "-canonicalize",
    "-convert-linalg-to-loops",
    "-expand-strided-metadata",
    "-lower-affine",
    "-convert-scf-to-cf",
    "-math-extend-to-supported-types=extra-types=f32 target-type=f32",
    "-arith-expand=include-bf16=true",
    "-convert-math-to-llvm",
    "-convert-math-to-libm",
    "-llvm-request-c-wrappers",
    "-finalize-memref-to-llvm",
    "-convert-cf-to-llvm",
    "-convert-func-to-llvm",
    "-convert-arith-to-llvm",
    "-reconcile-unrealized-casts",
]
SIZES = {"F32": 4, "BF16": 2}

# LLVM rounds after each operation on bf16 with a call to this function of compiler-rt. (The pass
# arith-emulate-unsupported-floats would mark its conversions `contract`, and roundings between
# two operations of a body would be folded away.)
ROUND = """
__bf16 __truncsfbf2(float value) {
  union { float f; unsigned u; } in = {value};
  union { unsigned short u; __bf16 b; } out;
  if (value != value)
    out.u = in.u >> 16 | 0x40;
  else
    out.u = (in.u + 0x7fff + (in.u >> 16 & 1)) >> 16;
  return out.b;
}
"""


def tool(name):
    return shutil.which(f"{name}-22") or shutil.which(name)


def available():
    return all(tool(name) for name in ("mlir-opt", "mlir-translate", "clang"))


def compile_module(text, folder):
    """A shared library of the module.

    Each module needs a folder of its own: a library is loaded once for each path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, library, rounding = (folder / f"module.{end}" for end in ("mlir", "so", "c"))
    libraries = pathlib.Path(tool("mlir-opt")).resolve().parent.parent / "lib"
    source.write_text(text)
    rounding.write_text(ROUND)
    steps = [
        [tool("mlir-opt"), *PASSES],
        [tool("mlir-translate"), "--mlir-to-llvmir"],
        # No contraction of multiplications and additions: every rounding as the IR says.
        [tool("clang"), "-w", "-O1", "-ffp-contract=off", "-shared", "-fPIC"]
        # MLIR's runtime copies memrefs with strides.
        + [f"-L{libraries}", f"-Wl,-rpath,{libraries}", "-o", library, rounding]
        + ["-x", "ir", "-", "-lmlir_c_runner_utils", "-lm"],
    ]
    data = source.read_bytes()
    for step in steps:
        result = subprocess.run(step, input=data, capture_output=True)
        assert result.returncode == 0, f"{source}: {step[0]}: {result.stderr.decode()[:4000]}"
        data = result.stdout
    return library


@functools.cache
def descriptor(rank):
    """The struct that a memref of that rank is passed as."""
    fields = [("base", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64)]
    if rank:
        fields += [("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]
    return type(f"Memref{rank}", (ctypes.Structure,), {"_fields_": fields})


def pack(shape, data):
    """A descriptor of `data`, and the memory that it points to."""
    memory = ctypes.create_string_buffer(data, max(len(data), 1))
    memref = descriptor(len(shape))()
    memref.base = memref.aligned = ctypes.addressof(memory)
    for i in range(len(shape)):
        memref.sizes[i] = shape[i]
        memref.strides[i] = math.prod(shape[i + 1 :])
    return memref, memory


def unpack(memref, rank, size):
    """Shape and bytes of a memref that is dense."""
    shape = list(memref.sizes) if rank else []
    strides = list(memref.strides) if rank else []
    expected = [math.prod(shape[i + 1 :]) for i in range(rank)]
    assert all(s == e or n == 1 for s, e, n in zip(strides, expected, shape)), (shape, strides)
    count = functools.reduce(operator.mul, shape, 1)
    return shape, ctypes.string_at(memref.aligned + memref.offset * size, count * size)


def run_module(library, module):
    """The results of `module` (linalg_generator.Module): [(shape, bytes)]."""
    main = ctypes.CDLL(str(library))._mlir_ciface_main
    packed = [pack(shape, data) for _, shape, data in module.inputs]
    arguments = [ctypes.byref(memref) for memref, _ in packed]
    ranks = [len(shape) for _, shape in module.outputs]
    fields = [(f"r{i}", descriptor(rank)) for i, rank in enumerate(ranks)]
    results = type("Results", (ctypes.Structure,), {"_fields_": fields})()
    main(ctypes.byref(results), *arguments)
    return [
        unpack(getattr(results, f"r{i}"), rank, SIZES[dtype])
        for i, ((dtype, _), rank) in enumerate(zip(module.outputs, ranks))
    ]
