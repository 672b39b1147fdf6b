"""Python's side of `uwt bench matmul --peers`: times products of other libraries with copies of a weight, when asked.

A first line on standard input says what to multiply. An answer is a line: "ready PEERS" (as JSON, PyTorch's BF16 linear
first), "seconds S" for each line with a peer's index and an m, or "error WHY". Products from codes of 4 bits take part
where a cell's columns are asked for and their library is there; they are compared with NumPy's first.
"""

import json
import signal
import sys
import time


class Peer:
    """A way to multiply: `multiply(m)` gives y for each copy of the weight, one after another.

    Copies are in one model of a library: threads of another model would wait in loops while this one runs.
    """

    def __init__(self, name, bits, multiply, error=None, held=None):
        self.name, self.bits, self.multiply = name, bits, multiply
        # What has to live as long, since a library reads it and does not hold it.
        self.held = held
        # How far y may be from NumPy's, as a share of its norm; None where nothing compares it.
        self.error = error


class Codes:
    """Copies of a weight in codes of 4 bits, less 8, with a scale for `group` columns of a row; and x for each m."""

    def __init__(self, shape, group, copies, m_values):
        import numpy as np

        self.group, (self.rows, self.columns) = group, shape
        random = np.random.default_rng(1)
        # Two a byte, the first one in the low half.
        size = (self.rows, self.columns // 2)
        self.packed = [random.integers(0, 256, size, dtype=np.uint8) for _ in range(copies)]
        # Numbers of 8 bits, so that f16, bf16 and f32 have them.
        scales = random.integers(128, 256, (self.rows, self.columns // group))
        self.scales = (scales * 2.0**-14).astype(np.float32)
        self.x = {m: self.to_bf16(random.standard_normal((m, self.columns), dtype=np.float32)) for m in m_values}

    @staticmethod
    def to_bf16(numbers):
        """Numbers that bf16 has, in f32."""
        return (numbers.view("uint32") & 0xFFFF0000).view("float32")

    def unpacked(self, copy, rows=None):
        """The codes of the first rows, a byte each."""
        packed = self.packed[copy][:rows]
        return (packed[..., None] >> packed.dtype.type([0, 4]) & 15).reshape(len(packed), -1)

    def error_of(self, y, m, copy):
        """How far some columns of y are from the product in FP64, as a share of its norm."""
        import numpy as np

        codes = self.unpacked(copy, rows=96).astype(np.float64)
        weight = (codes - 8) * self.scales[:96].repeat(self.group, axis=1)
        exact = self.x[m].astype(np.float64) @ weight.T
        return np.linalg.norm(np.asarray(y, dtype=np.float64)[:, :96] - exact) / np.linalg.norm(exact)


def linear_of_torch(request):
    """With a weight of words, which is drawn here."""
    import torch

    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    rows, columns = request["shape"]
    weight = (torch.randn(rows, columns) * 0.02).to(torch.bfloat16)
    weights = [weight.clone() for _ in range(request["copies"])]
    inputs = {m: torch.randn(m, columns).to(torch.bfloat16) for m in request["m"]}
    linear = torch.nn.functional.linear

    def multiply(m):
        with torch.inference_mode():
            return [linear(inputs[m], each) for each in weights]

    return Peer(f"PyTorch {torch.__version__} BF16 linear", 16, multiply)


def of_torch(request, codes):
    """x and y are bf16, and so are scales and zero points."""
    import torch

    torch.set_num_threads(request["threads"])
    aten = torch.ops.aten
    weights = []
    for copy in range(len(codes.packed)):
        unpacked = torch.from_numpy(codes.unpacked(copy)).to(torch.int32)
        weights.append(aten._convert_weight_to_int4pack_for_cpu(unpacked, 1))
    grids = torch.zeros(codes.columns // codes.group, codes.rows, 2, dtype=torch.bfloat16)
    grids[:, :, 0] = torch.from_numpy(codes.scales.T)
    inputs = {m: torch.from_numpy(x).to(torch.bfloat16) for m, x in codes.x.items()}

    def multiply(m):
        with torch.inference_mode():
            return [aten._weight_int4pack_mm_for_cpu(inputs[m], each, codes.group, grids) for each in weights]

    yield Peer(f"PyTorch {torch.__version__} _weight_int4pack_mm", 4 + 32 / codes.group, multiply, error=2**-7)


def of_onnxruntime(request, codes):
    """x, y and scales are f32. At level 4 x is rounded to int8."""
    import onnxruntime
    from onnx import TensorProto, helper

    shape = [codes.rows, codes.columns // codes.group, codes.group // 2]
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [codes.scales.size], codes.scales.tobytes(), raw=True)

    def value(name, size):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["m", size])

    for level, error in ((0, 2**-7), (4, 2**-5)):
        nodes, outputs, constants = [], [], [scales]
        for copy, packed in enumerate(codes.packed):
            constants += [helper.make_tensor(f"w{copy}", TensorProto.UINT8, shape, packed.tobytes(), raw=True)]
            outputs += [value(f"y{copy}", codes.rows)]
            nodes += [helper.make_node(
                "MatMulNBits", ["x", f"w{copy}", "scales"], [f"y{copy}"], domain="com.microsoft",
                K=codes.columns, N=codes.rows, bits=4, block_size=codes.group, accuracy_level=level,
            )]  # fmt: skip
        graph = helper.make_graph(nodes, "products", [value("x", codes.columns)], outputs, constants)
        sets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=9)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = request["threads"]
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)

        def multiply(m, session=session):
            return session.run(None, {"x": codes.x[m]})

        name = f"ONNX Runtime {onnxruntime.__version__} MatMulNBits, level {level}"
        yield Peer(name, 4 + 32 / codes.group, multiply, error)


def openvino_model(codes, zero):
    """A product for each copy with a weight of type u4, of tensors that are views of arrays."""
    import openvino
    from openvino import Type, opset13

    x = opset13.parameter([-1, codes.columns], Type.f32)
    products = []
    for packed in codes.packed:
        number = openvino.Tensor(packed, [codes.rows, codes.columns // codes.group, codes.group], Type.u4)
        zero_point = openvino.Tensor(zero, [1, 1, 1], Type.u4)
        halves = [opset13.convert(opset13.constant(each), "f16") for each in (number, zero_point)]
        scales = opset13.constant(codes.scales.astype("float16")[..., None])
        weight = opset13.multiply(opset13.subtract(*halves), scales)
        weight = opset13.convert(opset13.reshape(weight, [codes.rows, codes.columns], False), "f32")
        products.append(opset13.matmul(x, weight, False, True))
    return openvino.Model(products, [x])


def of_openvino(request, codes):
    """x and y are f32, which the plugin rounds to what it prefers on this processor; scales are f16."""
    import numpy as np
    import openvino

    core = openvino.Core()
    zero = np.full([1], 0x88, dtype=np.uint8)
    model = openvino_model(codes, zero)
    least, plain = min(codes.x), None
    for dynamic_group, error in ((0, 2**-7), (codes.group, 2**-5)):
        properties = {
            "INFERENCE_NUM_THREADS": request["threads"],
            "NUM_STREAMS": 1,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": dynamic_group,
        }
        # Where bf16 is what it prefers, as with AMX, it does not round x to int8.
        if dynamic_group:
            properties["INFERENCE_PRECISION_HINT"] = "f32"
        compiled = core.compile_model(model, "CPU", properties)
        # One for each m, so that none gets x of another shape in between.
        inferences = {m: compiled.create_infer_request() for m in codes.x}
        for m, each in inferences.items():
            each.set_input_tensor(openvino.Tensor(codes.x[m]))

        def multiply(m, inferences=inferences):
            inferences[m].infer()
            return [inferences[m].get_output_tensor(copy).data for copy in range(len(codes.packed))]

        # Without instructions for int8 the plugin goes on as if nobody had asked.
        y = np.array(multiply(least)[0])
        if dynamic_group and np.array_equal(y, plain):
            return
        plain = y
        precision = "int8" if dynamic_group else compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        name = f"OpenVINO {openvino.__version__.split('-')[0]} u4, x in {precision}"
        yield Peer(name, 4 + 16 / codes.group, multiply, error, held=zero)


OF_CODES = {"torch": of_torch, "onnxruntime": of_onnxruntime, "openvino": of_openvino}


def check(peer, codes):
    """Every copy, for every m, which also brings each to where it is as fast as it will be."""
    for m in codes.x:
        for copy, y in enumerate(peer.multiply(m)):
            error = codes.error_of(y.float() if hasattr(y, "float") else y, m, copy)
            if not error <= peer.error:
                raise ValueError(f"{peer.name}: y is off by {error:.2%} at m {m}")


def peers_of_codes(request, libraries=tuple(OF_CODES)):
    """Those that are there. What is there and does not serve this is said on standard error."""
    codes = None
    for library in libraries if request["group"] else ():
        try:
            codes = codes or Codes(request["shape"], request["group"], request["copies"], request["m"])
            for peer in OF_CODES[library](request, codes):
                check(peer, codes)
                yield peer
        except ImportError:
            continue
        except Exception as error:
            print(f"--peers: {library} is left out: {error}", file=sys.stderr, flush=True)


def seconds_of(peer, m, copies):
    peer.multiply(m)  # Wakes the threads. All other copies are read before one is read again.
    start = time.perf_counter()
    peer.multiply(m)
    return (time.perf_counter() - start) / copies


def wait_until_quiet():
    """Threads of libraries wait for work in loops for a while, which would slow what comes next."""
    for _ in range(30):
        before = time.process_time()
        time.sleep(0.01)
        if time.process_time() - before < 0.001:
            return


def serve(request, peers):
    peers += peers_of_codes(request)
    wait_until_quiet()
    print("ready", json.dumps([{"name": peer.name, "bits": peer.bits} for peer in peers]), flush=True)
    for line in sys.stdin:
        index, m = map(int, line.split())
        seconds = seconds_of(peers[index], m, request["copies"])
        wait_until_quiet()
        print("seconds", seconds, flush=True)


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    request = json.loads(sys.stdin.readline())
    try:
        peers = [linear_of_torch(request)]
    except ImportError as error:
        return print("error", error, flush=True)
    serve(request, peers)


if __name__ == "__main__":
    main()
