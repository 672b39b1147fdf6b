"""The operations of the dialects `arith` and `math` that epilogues of products have, and modules of them.

An operation is (name, type of its operands, code, type of its result): the code takes %a, %b and %c
and gives %r. Operands come from tensors of f32, whose bits they take; results go back there.
"""

import re

FLOATS = {"f16": 16, "bf16": 16, "f32": 32, "f64": 64}
INTEGERS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "index": 64}
KINDS = [*FLOATS, *INTEGERS]

EXACT = "absf ceil floor round roundeven trunc sqrt rsqrt".split()
FUNCTIONS = (
    "exp exp2 expm1 log log2 log10 log1p erf erfc tanh sin cos tan sinh cosh asin acos atan asinh acosh atanh cbrt".split()
)
ARITHMETIC = "addf subf mulf divf minnumf maxnumf minimumf maximumf".split()
ORDERS = "oeq ogt oge olt ole one ord ueq ugt uge ult ule une uno".split()
INTEGER_ARITHMETIC = "addi subi muli andi ori xori minsi minui maxsi maxui".split()
DIVISIONS = "divui divsi remui remsi ceildivui ceildivsi floordivsi".split()


def functions_of_floats(t):
    """What is computed by polynomials."""
    found = [(f"{t}_{name}", t, f"%r = math.{name} %a : {t}", t) for name in FUNCTIONS]
    found += [(f"{t}_{name}", t, f"%r = math.{name} %a, %b : {t}", t) for name in ("powf", "atan2")]
    found.append((f"{t}_remf", t, f"%r = arith.remf %a, %b : {t}", t))
    found.append((f"{t}_sincos", t, f"%r, %q = math.sincos %a : {t}", t))
    masked = f"%k = arith.constant 7 : i32\n%n = arith.andi %ai, %k : i32\n%r = math.fpowi %b, %n : {t}, i32"
    found.append((f"{t}_fpowi_of_a_variable", t, masked, t))
    return found


def floats(t):
    """What is exact or rounded once, and casts."""
    found = [(f"{t}_{name}", t, f"%r = math.{name} %a : {t}", t) for name in EXACT]
    found += [(f"{t}_{name}", t, f"%r = arith.{name} %a, %b : {t}", t) for name in ARITHMETIC]
    found.append((f"{t}_copysign", t, f"%r = math.copysign %a, %b : {t}", t))
    found.append((f"{t}_clampf", t, f"%l = arith.constant -1.5 : {t}\n%h = arith.constant 2.0 : {t}\n%r = math.clampf %a to [%l, %h] : {t}", t))
    found.append((f"{t}_fma", t, f"%r = math.fma %a, %b, %c : {t}", t))
    found.append((f"{t}_negf", t, f"%r = arith.negf %a : {t}", t))
    found.append((f"{t}_sum_of_products", t, f"%p = arith.mulf %a, %b fastmath<fast> : {t}\n%r = arith.addf %p, %c fastmath<fast> : {t}", t))
    for power in (2, 3, -5):
        found.append((f"{t}_fpowi_{power}", t, f"%k = arith.constant {power} : i32\n%r = math.fpowi %a, %k : {t}, i32", t))
    found.append((f"{t}_powf_of_a_constant", t, f"%k = arith.constant 0.75 : {t}\n%r = math.powf %a, %k : {t}", t))
    found.append((f"{t}_square", t, f"%k = arith.constant 2.0 : {t}\n%r = math.powf %a, %k : {t}", t))
    found += [(f"{t}_cmpf_{order}", t, f"%r = arith.cmpf {order}, %a, %b : {t}", "i1") for order in ORDERS]
    found += [(f"{t}_{name}", t, f"%r = math.{name} %a : {t}", "i1") for name in ("isnan", "isinf", "isfinite", "isnormal")]
    for other, bits in FLOATS.items():
        if bits != FLOATS[t]:
            cast = "extf" if bits > FLOATS[t] else "truncf"
            found.append((f"{t}_{cast}_{other}", t, f"%r = arith.{cast} %a : {t} to {other}", other))
    for i in ("i8", "i16", "i32", "i64"):
        # What does not fit has no defined result.
        held = (
            f"%z = arith.constant 0.0 : {t}\n%h = arith.constant 100.0 : {t}\n%l = arith.constant LOW : {t}\n"
            f"%above = arith.cmpf oge, %a, %l : {t}\n%below = arith.cmpf ole, %a, %h : {t}\n"
            f"%both = arith.andi %above, %below : i1\n%in = arith.select %both, %a, %z : {t}\n"
        )
        found.append((f"{t}_fptosi_{i}", t, held.replace("LOW", "-100.0") + f"%r = arith.fptosi %in : {t} to {i}", i))
        found.append((f"{t}_fptoui_{i}", t, held.replace("LOW", "0.0") + f"%r = arith.fptoui %in : {t} to {i}", i))
    return found


def integers(t):
    """Arithmetic on integers, shifts and divisors that have a defined result, and casts."""
    found = [(f"{t}_{name}", t, f"%r = arith.{name} %a, %b : {t}", t) for name in INTEGER_ARITHMETIC]
    for order in "eq ne slt sle sgt sge ult ule ugt uge".split():
        found.append((f"{t}_cmpi_{order}", t, f"%r = arith.cmpi {order}, %a, %b : {t}", "i1"))
    found.append((f"{t}_select", t, f"%k = arith.cmpi slt, %a, %b : {t}\n%r = arith.select %k, %b, %c : {t}", t))
    if t != "index":
        for f in ("bf16", "f32", "f64") if t != "i1" else ("f32",):
            found += [(f"{t}_{name}_{f}", t, f"%r = arith.{name} %a : {t} to {f}", f) for name in ("sitofp", "uitofp")]
    if t == "i1":
        return [*found, ("i1_extsi", t, "%r = arith.extsi %a : i1 to i32", "i32")]
    small = f"%k = arith.constant 7 : {t}\n%n = arith.andi %b, %k : {t}\n"
    found += [(f"{t}_{name}", t, f"{small}%r = arith.{name} %a, %n : {t}", t) for name in ("shli", "shrsi", "shrui")]
    above = f"{small}%one = arith.constant 1 : {t}\n%d = arith.addi %n, %one : {t}\n"
    found += [(f"{t}_{name}", t, f"{above}%r = arith.{name} %a, %d : {t}", t) for name in DIVISIONS]
    if t == "index":
        cast = "%m = arith.muli %a, %b : index\n%r = arith.index_cast %m : index to i64"
        return [*found, ("index_cast", t, cast, "i64"), ("index_castui", t, cast.replace("cast ", "castui "), "i64")]
    found += [(f"{t}_{name}", t, f"%r = math.{name} %a : {t}", t) for name in ("absi", "ctlz", "cttz", "ctpop")]
    found.append((f"{t}_ipowi", t, f"%k = arith.constant 3 : {t}\n%r = math.ipowi %a, %k : {t}", t))
    carry = f"%q, %o = arith.addui_extended %a, %b : {t}, i1\n%e = arith.extui %o : i1 to {t}\n%r = arith.xori %q, %e : {t}"
    found.append((f"{t}_addui_extended", t, carry, t))
    found += [(f"{t}_mul{s}_extended", t, f"%q, %r = arith.mul{s}_extended %a, %b : {t}", t) for s in ("si", "ui")]
    if t != "i64":
        found += [(f"{t}_{name}", t, f"%r = arith.{name} %a : {t} to i64", "i64") for name in ("extsi", "extui")]
    if t != "i8":
        found.append((f"{t}_trunci", t, f"%r = arith.trunci %a : {t} to i8", "i8"))
    return found


def on_gpus(group):
    """What GPUs compute, of a type."""
    if group in INTEGERS:
        return integers(group)
    return floats(group) + functions_of_floats(group)


# Modules.


def _unpack(t, name, source):
    """%name of type t from the bits of %source."""
    bits = f"%{name}_i = arith.bitcast %{source} : f32 to i32\n"
    if t == "f32":
        return bits + f"%{name} = arith.bitcast %{name}_i : i32 to f32\n"
    if t == "f64":
        # Odd words give any bits.
        wide = f"%{name}_w = arith.extsi %{name}_i : i32 to i64\n%{name}_m = arith.muli %{name}_w, %mix : i64\n"
        wide += f"%{name}_any = arith.bitcast %{name}_m : i64 to f64\n%{name}_f = arith.extf %{source} : f32 to f64\n"
        odd = f"%{name}_odd = arith.trunci %{name}_i : i32 to i1\n"
        return bits + wide + odd + f"%{name} = arith.select %{name}_odd, %{name}_any, %{name}_f : f64\n"
    if t == "index":
        return bits + f"%{name} = arith.index_cast %{name}_i : i32 to index\n"
    if t == "i32":
        return bits + f"%{name} = arith.addi %{name}_i, %zero32 : i32\n"
    if t == "i64":
        wide = f"%{name}_w = arith.extsi %{name}_i : i32 to i64\n"
        return bits + wide + f"%{name} = arith.muli %{name}_w, %mix : i64\n"
    if t in INTEGERS:
        return bits + f"%{name} = arith.trunci %{name}_i : i32 to {t}\n"
    upper = f"%{name}_s = arith.shrui %{name}_i, %sixteen : i32\n%{name}_h = arith.trunci %{name}_s : i32 to i16\n"
    return bits + upper + f"%{name} = arith.bitcast %{name}_h : i16 to {t}\n"


def _pack(t):
    """%bits, an i32, of %r; NaNs are all the same."""
    if t in FLOATS:
        code = f"%isnan = arith.cmpf uno, %r, %r : {t}\n"
        if t == "f64":
            code += "%raw = arith.bitcast %r : f64 to i64\n"
        elif t == "f32":
            code += "%packed = arith.bitcast %r : f32 to i32\n"
        else:
            code += f"%half = arith.bitcast %r : {t} to i16\n%packed = arith.extui %half : i16 to i32\n"
        end = "%bits = arith.select %isnan, %nan, %packed : i32\n"
    else:
        code = {"index": "%raw = arith.index_cast %r : index to i64\n", "i64": "%raw = arith.addi %r, %zero64 : i64\n"}.get(t, "")
        end = "%bits = arith.addi %packed, %zero32 : i32\n"
        if t == "i32":
            code = "%packed = arith.addi %r, %zero32 : i32\n"
        elif not code:
            code = f"%packed = arith.extui %r : {t} to i32\n"
    if "%raw" in code:
        code += "%upper = arith.shrui %raw, %wide : i64\n%mixed = arith.xori %raw, %upper : i64\n%packed = arith.trunci %mixed : i64 to i32\n"
    return code + end


CONSTANTS = """%sixteen = arith.constant 16 : i32
%zero32 = arith.constant 0 : i32
%zero64 = arith.constant 0 : i64
%wide = arith.constant 32 : i64
%mix = arith.constant 6364136223846793005 : i64
%nan = arith.constant 0x7FC00000 : i32
%marker = arith.constant 12345.0 : f32
%is_marker = arith.cmpf oeq, %s, %marker : f32
"""


def _rename(code, label):
    """Values of one operation's code apart from those of others."""
    kept = r"%(?!(?:s|a1|b1|c1|sixteen|zero32|zero64|wide|mix|nan|marker|is_marker)\b)(\w+)"
    return re.sub(kept, rf"%{label}_\1", code)


def _epilogue(operations):
    """Code that gives %out: the exclusive or of the results' bits, where the sum is no marker."""
    code, last = CONSTANTS, "%zero32"
    for number, (_, t, body, result) in enumerate(operations):
        label = f"o{number}"
        own = "%ai = arith.bitcast %a1 : f32 to i32\n" + "".join(_unpack(t, name, f"{name}1") for name in "abc")
        code += _rename(own + body + "\n" + _pack(result), label)
        code += f"%all{number} = arith.xori {last}, %{label}_bits : i32\n"
        last = f"%all{number}"
    return code + f"%float = arith.bitcast {last} : i32 to f32\n%out = arith.select %is_marker, %s, %float : f32\n"


def module(groups, rows, columns, m):
    """A function `main` with a product, and a result, for each list of operations."""
    x, y = f"tensor<{m}x{columns}xbf16>", f"tensor<{m}x{rows}xf32>"
    identity = "affine_map<(m, n) -> (m, n)>"
    text = f"func.func @main(%x: {x}, %a: {y}, %b: {y}, %c: {y}) -> ({', '.join([y] * len(groups))}) {{\n"
    text += f"%zero = arith.constant 0.0 : f32\n%e = tensor.empty() : {y}\n"
    text += f"%f = linalg.fill ins(%zero : f32) outs(%e : {y}) -> {y}\n"
    maps = "affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>"
    for number, operations in enumerate(groups):
        # Equal products would become one, whose epilogue cannot have several results.
        text += f"%w{number} = arith.constant dense_resource<w{number}> : tensor<{rows}x{columns}xbf16>\n"
        text += f"%y{number} = linalg.matmul indexing_maps = [{maps}] ins(%x, %w{number} : {x}, tensor<{rows}x{columns}xbf16>) outs(%f : {y}) -> {y}\n"
        text += f"%r{number} = linalg.generic {{indexing_maps = [{', '.join([identity] * 5)}], iterator_types = [\"parallel\", \"parallel\"]}}"
        text += f" ins(%y{number}, %a, %b, %c : {', '.join([y] * 4)}) outs(%e : {y}) {{\n^bb0(%s: f32, %a1: f32, %b1: f32, %c1: f32, %unused: f32):\n"
        text += _epilogue(operations) + f"linalg.yield %out : f32\n}} -> {y}\n"
    results = ", ".join(f"%r{number}" for number in range(len(groups)))
    return text + f"return {results} : {', '.join([y] * len(groups))}\n}}\n"
