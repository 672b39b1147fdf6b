//===- Passes.td - Passes over the uwt dialect -------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_PASSES
#define UWT_DIALECT_UWT_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def AssignSlotsPass : Pass<"uwt-assign-slots", "::mlir::ModuleOp"> {
  let summary = "Number the weights that compiled code reads";
  let description = [{
    Gives each different `uwt.weight` and `uwt.constant` (a name and a type; a `uwt.transcode` of a weight is a weight in the other format, read from
    the same tensor, whose attribute `stored` keeps the first one) a slot, in the order of the module: attribute `slot` on the operation, and the list
    `uwt.slots` on the module, which the loader follows. A constant is named `constant.N`.

    ```mlir
    // before
    %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
    %r = uwt.transcode %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> !uwt.compressed<64x64xbf16, "raw">
    // after, with uwt.slots = [#uwt.slot<"w", !uwt.compressed<64x64xbf16, "raw">>] on the module
    %r = uwt.weight "w" {slot = 0 : i64, stored = !uwt.compressed<64x64xbf16, "inplace<12>">} : !uwt.compressed<64x64xbf16, "raw">
    ```
  }];
}

def BindWeightsPass : Pass<"uwt-bind-weights", "::mlir::ModuleOp"> {
  let summary = "Bind constants to the tensors of a container";
  let description = [{
    Replaces each `arith.constant dense_resource<NAME>` that has no data by the tensor NAME of a file: a container, plain safetensors,
    or a folder of either. A matrix (rank 2 and more) that is stored compressed becomes a compressed `uwt.weight` in its stored format
    and a `uwt.decode`; one that is stored raw does so in `format`, and the loader encodes it. All others become dense weights.
    Of a quantised checkpoint NAME may be a weight that several tensors are together (GPTQ, AWQ, compressed-tensors, FP8, FP4,
    bitsandbytes, HQQ, torchao, Marlin): it becomes a compressed `uwt.weight` of the constant's own type, bf16, f16 or f32. With `format` left alone, a matrix of bf16 or f16
    whose codes products run from is in its own format (`uint<4>, zero=8, scale={1x128, f16}`); others are in `format`, and the loader decodes and encodes them. A tensor NAME of the constant's
    type comes first.
    A weight whose columns belong to groups in an order of their own (`order=k`) is in `format` too, but for `columns-by-cell`: products then add up its columns group by group.
    With `match-bytes`, constants with data that equal a tensor of the same shape and type are bound as well.

    A key that MLIR has renamed, because it was parsed before in the same context (`w` to `w_1`), is bound to the tensor it was
    written for. Shape and element type have to be the tensor's own.

    ```mlir
    // before
    %w = arith.constant dense_resource<layer.weight> : tensor<128x128xbf16>
    %b = arith.constant dense_resource<layer.bias> : tensor<128xbf16>
    // after
    %0 = uwt.weight "layer.weight" : !uwt.compressed<128x128xbf16, "inplace<12>">
    %w = uwt.decode %0 : !uwt.compressed<128x128xbf16, "inplace<12>"> -> tensor<128x128xbf16>
    %b = uwt.weight "layer.bias" : tensor<128xbf16>
    ```
  }];
  let options = [
    ListOption<"weights", "weights", "std::string",
               "Files or folders with the weights; a tensor is taken from the first that has it">,
    Option<"format", "format", "std::string", /*default=*/"::uwt::rawFormat().str()",
           "Format of matrices that a file has uncompressed, and but for the default of quantised weights">,
    Option<"matchBytes", "match-bytes", "bool", /*default=*/"false",
           "Bind constants with data, too, where they equal a tensor">,
    Option<"columnsByCell", "columns-by-cell", "bool", /*default=*/"false",
           "Bind weights with `order=k` in their own format: sums are in another order then">,
    Option<"assumePlain", "assume-plain", "bool", /*default=*/"false",
           "Bind tensors of floats whatever the configuration says of how the model is quantised">,
  ];
  let statistics = [
    Statistic<"numBound", "bound constants", "Number of constants that became weights">,
    Statistic<"numCompressed", "compressed weights", "Number of weights that stay compressed">,
  ];
  let dependentDialects = ["::uwt::UWTDialect"];
}

def ExposeWeightsPass : Pass<"uwt-expose-weights", "::mlir::ModuleOp"> {
  let summary = "Bring weights and their products into one place";
  let description = [{
    Weights are found behind the operands of products in the same function. The pass

    - inlines calls of private functions that hand over a weight, or a layer of one;
    - takes values that never change out of the arguments of `scf.for` and `scf.while`;
    - computes products with one of two weights that an `scf.if` picks in branches of their own, each from a weight that is known.

    ```mlir
    // before
    %w = scf.if %b -> tensor<64x32xbf16> { scf.yield %w0 } else { scf.yield %w1 }
    %y = linalg.matmul ins(%x, %w : tensor<4x64xbf16>, tensor<64x32xbf16>) outs(%z : tensor<4x32xf32>) -> tensor<4x32xf32>
    // after
    %y = scf.if %b -> tensor<4x32xf32> {
      %p = linalg.matmul ins(%x, %w0 : …) …
      scf.yield %p : tensor<4x32xf32>
    } else {
      %q = linalg.matmul ins(%x, %w1 : …) …
      scf.yield %q : tensor<4x32xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
}

def SplitProductsPass : Pass<"uwt-split-products", "::mlir::ModuleOp"> {
  let summary = "Take bodies of products with weights apart";
  let description = [{
    A `linalg.generic` that multiplies two sides and adds the result up, and of which an input is a matrix that weights or constants decide, becomes the
    plain product `out + a * b`. The pass

    - computes each side that has arithmetic of its own (a scale of x, a rounding, a dequantisation, a norm) in an operation in front of the product;
    - makes an operation per sum of a body with several sums;
    - makes a product of a multiplication and the sum of its results (`linalg.reduce`);
    - reads an input with a constant index through a slice, and drops inputs that the body does not read;
    - turns `out - a * b` and `math.fma` into additions of products, and adds up in the wider type if the body rounds at each step.

    A body that looks up an element of a weight and computes with it becomes the lookup and what computes with the elements found.

    It also undoes what elementwise fusion has put into a product. No other rounding is changed.

    ```mlir
    // before
    %y = linalg.generic {indexing_maps = [#x, #w, #k, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w, %scale : tensor<4x64xf32>, tensor<32x64xbf16>, tensor<64xf32>) outs(%z : tensor<4x32xf32>) { mulf, extf, mulf, addf }
    // after
    %s = linalg.generic {indexing_maps = [#id, #k, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %scale : tensor<4x64xf32>, tensor<64xf32>) outs(%e : tensor<4x64xf32>) { mulf }
    %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%s, %w : tensor<4x64xf32>, tensor<32x64xbf16>) outs(%z : tensor<4x32xf32>) { extf, mulf, addf }
    ```
  }];
  let statistics = [
    Statistic<"numSplit", "products split", "Number of products whose bodies were taken apart">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def CompressConstantsPass : Pass<"uwt-compress-constants", "::mlir::ModuleOp"> {
  let summary = "Compress dense constants that products use";
  let description = [{
    Encodes each `arith.constant` of a float matrix (rank 2 and more) that reaches an input of a contraction, if need be through transposes,
    widenings, casts and reshapes. A constant that reaches it as [K, N] gets `storage=k_major`, unless `format` says how it is stored.

    Not compressed are constants that are one number for all elements, that have less than `min-elements` elements, whose elements are none of the format's,
    and, with `profit`, those that do not get smaller. If products take them and there are kernels for their elements (bf16, f16), the pass holds them as `raw`: a product has the
    same bits from any format, and so a decision about size is none about numbers. A remark says what became of each.

    ```mlir
    // before
    %w = arith.constant dense<...> : tensor<64x64xbf16>
    // after
    %0 = uwt.constant {code = dense_resource<constant.code> : tensor<6144xi8>,
                       index = dense_resource<constant.index> : tensor<64xi8>}
           : !uwt.compressed<64x64xbf16, "inplace<12>">
    %w = uwt.decode %0 : !uwt.compressed<64x64xbf16, "inplace<12>"> -> tensor<64x64xbf16>
    ```
  }];
  let options = [
    Option<"format", "format", "std::string", /*default=*/"",
           "best-size, fast, smallest, or a format's text form (default: the first that the elements run from)">,
    Option<"minElements", "min-elements", "int64_t", /*default=*/"1024",
           "Elements below which a constant is not compressed">,
    Option<"profit", "profit", "bool", /*default=*/"true",
           "Whether a constant has to get smaller">,
  ];
  let statistics = [
    Statistic<"numSeen", "constants seen", "Number of constants that could be compressed">,
    Statistic<"numCompressed", "constants compressed", "Number of constants that were compressed">,
    Statistic<"bytesBefore", "bytes before", "Bytes of compressed constants before">,
    Statistic<"bytesAfter", "bytes after", "Bytes of compressed constants after">,
  ];
  let dependentDialects = ["::uwt::UWTDialect"];
}

def FoldConstantsPass : Pass<"uwt-fold-constants", "::mlir::ModuleOp"> {
  let summary = "Encode, transcode and decode constants in the compiler";
  let description = [{
    Runs `uwt.encode` of an `arith.constant`, `uwt.transcode` of a `uwt.constant`, and `uwt.decode` of one. Checksums are verified: damaged planes
    are an error. After `uwt-fuse-decode` only decodes are left whose tensor is needed dense.

    ```mlir
    // before
    %c = uwt.constant {...} : !uwt.compressed<64x64xbf16, "inplace<12>">
    %t = uwt.decode %c : !uwt.compressed<64x64xbf16, "inplace<12>"> -> tensor<64x64xbf16>
    // after
    %t = arith.constant dense_resource<constant> : tensor<64x64xbf16>
    ```
  }];
  let options = [
    Option<"keepDecodes", "keep-decodes", "bool", /*default=*/"false",
           "Leave decodes alone, for products that are yet to be fused">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def ExposeBuffersPass : Pass<"uwt-expose-buffers", "::mlir::ModuleOp"> {
  let summary = "Make the buffers of weights function arguments";
  let description = [{
    For a compiler that takes no new dialect: after products and decoders have been lowered, each `uwt.weight` and `uwt.constant` becomes arguments of its
    function, one a buffer, with attributes that say what the caller has to pass (`WeightView` in `uwt/Runtime/Abi.h`); so do compressed arguments
    and results of functions. Callers inside the module pass their own arguments on. A module of upstream dialects is left.

    Compressed values go through `func.call`, `scf.for`, `scf.if`, `scf.while`, `scf.index_switch`, `cf.br` and `cf.cond_br`; any other operation on
    one is an error.

    ```mlir
    // before
    func.func @f() -> memref<?xi32> {
      %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
      %p = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
      return %p : memref<?xi32>
    }
    // after
    func.func @f(..., %code: memref<?xi32> {uwt.buffer = "code", uwt.format = "inplace<12>",
                                            uwt.tensor = tensor<64x64xbf16>, uwt.weight = "w"}, ...) -> memref<?xi32> {
      return %code : memref<?xi32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::cf::ControlFlowDialect", "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect"
  ];
}

def FuseDecodePass : Pass<"uwt-fuse-decode", "::mlir::ModuleOp"> {
  let summary = "Multiply with compressed weights, and fuse what follows";
  let description = [{
    **Products.** A linalg operation that multiplies and adds (any named contraction or convolution, any `linalg.generic` that is one), with an operand that comes
    from a `uwt.decode`, becomes `uwt.matmul`. Between the decode and the product there may be transposes, generics that permute, repeat or
    widen, casts, and reshapes that add or drop dimensions of size 1; x is taken from before such operations, too. Several dimensions of M, N, K and of the matrices are
    collapsed; a vector is an M of 1; a weight of rank 3 is a matrix an expert. Where the sum runs along the weight's other dimension (one matrix used from both
    sides), the product reads a `uwt.transcode` to the other `storage`. An output in another order is transposed afterwards.

    **Derived weights.** Where only weights and constants decide an operand, but it is no tensor of the container in the order of a product (slices, concatenations, heads `[K, H, D]`,
    pads, scales, kernels of convolutions), the computation moves into a function of its own, `@derive`, and the product reads a `uwt.weight` with a `derivation`: the
    loader calls the function once, and encodes the result. No rounding of the IR is changed. Equal functions are one. A weight that would take over five quarters of the bytes
    that it is computed from stays as it is; elements of 8 bits (f8 with a scale) count as 16 bits, which each call would widen them to.

    **Codes.** Where that computation is `round((number(code) - zero) * scale)`, number by number, the function gives codes, scales and zeros instead, and the weight
    is held as its codes, in a format such as `uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}`. Codes are integers of up to 8 bits (what is known of their range counts: masks,
    shifts, differences with constants) or f4E2M1FN, f8E4M3FN, f8E5M2; the rest is in f32, or in the weight's own type, where it is as exact, or `arith.scaling_extf`; a cell is a row, a
    dimension that is collapsed behind, or the columns that scales and zeros are repeated for: by `k floordiv 32` in a map, or a dimension of their own that is collapsed. What differs is said
    in a remark, and the weight is floats, with the roundings of the IR.

    **Selections.** A slice of one matrix of a weight of rank 3 (stacked layers in a loop, an expert), and matrices that are gathered by index, become the
    `selection` of the product; nothing is copied. Rows that are looked up in a weight of rank 2 (embeddings) become `uwt.gather`.

    **Convolutions.** The weight is a matrix [O, I * kh * kw]. Where windows of x lie side by side (kernels of one element, patch embeddings), x is a slice and a reshape; others are
    gathered by a `linalg.generic`, which `uwt-tile-windows` cuts into tiles. A depthwise convolution has no matrices, and stays.

    **Rounding.** Sums are f32. An accumulator of bf16 or f16 is kept in f32 as well and rounded once, after the initial value has been added;
    roundings that the IR states elsewhere stay, each where it was, `truncf` followed by `extf` too. A body that rounds operands or single products is left alone.

    **Epilogue.** Elementwise consumers (biases through their broadcasts, activations over several operations, residuals, the other half of a gated product) move into the
    epilogue while a single value is used by others in the end, through reshapes of M, transposes and casts. A consumer that would only widen the result is left behind.

    **The rest.** A product that cannot be fused stays, with a remark that says why. A `uwt.weight` whose decode is still used becomes a dense one that the loader
    decodes, with a remark (a `uwt.constant` is left to `uwt-fold-constants`). Functions without `uwt.decode` are not touched.

    ```mlir
    // before
    %t = uwt.decode %w : !uwt.compressed<128x64xbf16, "inplace<12>"> -> tensor<128x64xbf16>
    %0 = linalg.transpose ins(%t : tensor<128x64xbf16>) outs(%e0 : tensor<64x128xbf16>) permutation = [1, 0]
    %1 = linalg.matmul ins(%x, %0 : tensor<?x64xbf16>, tensor<64x128xbf16>) outs(%zero : tensor<?x128xf32>) -> tensor<?x128xf32>
    %y = linalg.generic {indexing_maps = [#map, #bias, #map], iterator_types = ["parallel", "parallel"]}
           ins(%1, %b : tensor<?x128xf32>, tensor<128xbf16>) outs(%e1 : tensor<?x128xbf16>) {
         ^bb0(%in: f32, %in_b: bf16, %out: bf16):
           %2 = arith.extf %in_b : bf16 to f32
           %3 = arith.addf %in, %2 : f32
           %4 = arith.truncf %3 : f32 to bf16
           linalg.yield %4 : bf16
         } -> tensor<?x128xbf16>
    // after
    %y = uwt.matmul ins(%x, %w : tensor<?x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">)
           extras(%b : tensor<128xbf16>) maps [affine_map<(d0, d1) -> (d1)>] outs(%e : tensor<?x128xbf16>) {
         ^bb0(%acc: f32, %in_b: bf16):
           %2 = arith.extf %in_b : bf16 to f32
           %3 = arith.addf %acc, %2 : f32
           %4 = arith.truncf %3 : f32 to bf16
           uwt.yield %4 : bf16
         } -> tensor<?x128xbf16>
    ```
  }];
  let options = [
    Option<"numerics", "numerics", "::uwt::Numerics", /*default=*/"::uwt::Numerics::Fast",
           "What implementations of the products may do to sums", [{::llvm::cl::values(
             clEnumValN(::uwt::Numerics::Fast, "fast", "the target's own bf16 dot product"),
             clEnumValN(::uwt::Numerics::Exact, "exact", "IEEE multiply-adds in f32"))}]>,
    Option<"epilogues", "epilogues", "bool", /*default=*/"true",
           "Fuse what follows a product into its epilogue">,
  ];
  let statistics = [
    Statistic<"numProducts", "products", "Number of products that run from a compressed weight">,
    Statistic<"numGathers", "gathers", "Number of lookups of rows of a compressed weight">,
    Statistic<"numAbsorbed", "absorbed", "Number of elementwise operations that moved into epilogues">,
    Statistic<"numLeft", "products left", "Number of products with a weight that were left alone">,
    Statistic<"numDense", "dense weights", "Number of weights that are decoded when they are loaded">,
  ];
  let dependentDialects = [
    "::uwt::UWTDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

/// What both passes that select something ask of a machine, and what a user pins.
defvar machineOptions = [
  Option<"gpu", "gpu", "std::string", /*default=*/"",
         "GPU that products run on (sm_80, sm_86, sm_89, sm_90a or sm_120a); without one the CPU that the module is for">,
  Option<"runFormat", "run-format", "std::string", /*default=*/"",
         "Format that every product runs from, in place of the model's pick; constants in it count with the size that is expected of it">,
  Option<"strategy", "strategy", "std::string", /*default=*/"",
         "Where weights are decoded: direct or buffer, on CPUs also tiles, on GPUs shared, codes or exponents; else the model's pick">,
  Option<"tileN", "tile-n", "unsigned", /*default=*/"0",
         "On CPUs, outputs of a tile of accumulators; 0: the model's pick">,
  Option<"tileM", "tile-m", "unsigned", /*default=*/"0",
         "On CPUs, rows of x of a tile of accumulators; 0: the model's pick">,
  Option<"tileK", "tile-k", "unsigned", /*default=*/"0",
         "On CPUs, columns of a weight that are decoded at a time; 0: the model's pick">,
  Option<"prefetch", "prefetch", "unsigned", /*default=*/"0",
         "On CPUs, how many bytes ahead of a unit strategy direct asks for codes; 0: as calibrated, or the target's usual distance">,
  Option<"readStreams", "read-streams", "unsigned", /*default=*/"0",
         "On CPUs, into how many streams strategies direct and tiles cut what they ask for ahead: 1, 2, 4 or 8; 0: as calibrated, or the target's usual number">,
  Option<"calibration", "calibration", "std::string", /*default=*/"",
         "File with the CPU's constants (uwt bench calibrate); else the target's own">,
  Option<"threads", "threads", "unsigned", /*default=*/"0",
         "Threads of a CPU that the product will run on; 0: one a processor of this machine">,
  Option<"remarks", "remarks", "bool", /*default=*/"true", "Say what was picked, and why">,
];

def SelectFormatPass : Pass<"uwt-select-format", "::mlir::ModuleOp"> {
  let summary = "Pick the format that each weight runs from";
  let description = [{
    Asks the cost model (`docs/cost-model.md`) for the products of each weight, but for those that have a strategy. All products with one weight run from one format:
    the stored one, or one that the loader transcodes it to (`inplace<12>`, `raw`). Rows that are looked up are taken from the same one. A transcode to another codec
    that is there already stays.

    On CPUs a format that compiled code cannot decode is always transcoded. On GPUs times are predicted from the profiles of kernels
    (`uwt/CostModel/KernelProfiles.h`) and the figures of a board. A format without a profile is not compared, which a remark says with the reason; a weight none of
    whose formats has one stays as it is. A prefix code runs as it is stored where
    it has more than 512 columns and every m is known.

    A remark at the first product says the best format and the runner-up, with the terms of that product in microseconds.

    ```mlir
    // before
    %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "huffman<12,2>">
    // after
    %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "huffman<12,2>">
    %r = uwt.transcode %w : !uwt.compressed<4096x4096xbf16, "huffman<12,2>"> -> !uwt.compressed<4096x4096xbf16, "inplace<12>">
    ```
  }];
  let options = !listconcat([
    Option<"board", "board", "std::string", /*default=*/"",
           "Board of the GPU whose figures count; without one an H200 for sm_90a, else the target's first">,
    Option<"mHint", "m-hint", "unsigned", /*default=*/"0",
           "The usual m where only a call knows it; 0: any on CPUs, one row on GPUs">,
  ], machineOptions);
  let dependentDialects = ["::uwt::UWTDialect"];
}

def SelectArithmeticPass : Pass<"uwt-select-arithmetic", "::mlir::ModuleOp"> {
  let summary = "Compute products of quantised weights by integers, where that is asked for";
  let description = [{
    Each `uwt.matmul` whose weight has codes that are integers gets `arithmetic #uwt.integer<8>`, or of other `bits` (`docs/numerics.md`, section "By integers"): outputs have other bits than those of the weight's
    elements. Products of other weights stay as they are, and a remark at each of them says why. Where none can be computed by integers, that is an error. Runs after
    `uwt-select-format`, since what a weight runs from decides.

    ```mlir
    // before
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<4096x4096xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(...) {...}
    // after
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<4096x4096xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(...)
           arithmetic #uwt.integer<8> {...}
    ```
  }];
  let options = [
    Option<"bits", "bits", "unsigned", /*default=*/"8", "Bits of the integers that x is rounded to, 2 to 8">,
  ];
  let statistics = [
    Statistic<"numProducts", "products", "Number of products that are computed by integers">,
    Statistic<"numLeft", "products left", "Number of products that are not">,
  ];
  let dependentDialects = ["::uwt::UWTDialect"];
}

def SelectStrategyPass : Pass<"uwt-select-strategy", "::mlir::ModuleOp"> {
  let summary = "Pick the strategy of each product, by ranges of m";
  let description = [{
    Asks the cost model (`docs/cost-model.md`) for each `uwt.matmul` without a strategy. With a known m it gets one strategy, else a `uwt.dispatch` over ranges of
    m where one is not good for all. A remark at the product says what was picked.

    For CPUs, run on tensors or on memrefs: `#uwt.strategy`. The remark says winner and runner-up with their predicted terms in microseconds.

    ```mlir
    // before
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<4096x4096xbf16, "inplace<12>">) outs(...) {...}
    // after
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<4096x4096xbf16, "inplace<12>">) outs(...)
           strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {...}
    ```

    For GPUs, run on memrefs: `#uwt.gpu_strategy`, all that there is to choose of a kernel that `uwt-build-kernels` can build. Where only a call knows m there is a case for 8, 16, 32, 64 and 128 rows, up to
    the most that a kernel of the format and target multiplies at a time, and a last one for any larger m: where a slice gets wider the strategy may change, too. Cases
    become the ranges of m of a pack's entries. A product that no kernel serves is an error; with `keep-on-host` it stays as it is, for the CPU, and a remark
    says why.

    ```mlir
    // before
    uwt.matmul ins(%x, %w : memref<?x4096xbf16>, !uwt.compressed<4096x4096xbf16, "huffman<12,2>">) outs(%y : memref<?x4096xbf16>) { ... }
    // after
    %m = memref.dim %x, %c0 : memref<?x4096xbf16>
    uwt.dispatch %m limits [8, 16, 32, 64, 128] cases {
      uwt.matmul ins(%x, %w : memref<?x4096xbf16>, !uwt.compressed<4096x4096xbf16, "huffman<12,2>">) outs(%y : memref<?x4096xbf16>)
        strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2> { ... }
    }, ... {
      uwt.matmul ... strategy #uwt.gpu_strategy<exponents, wgmma, slice = 256, panels = 2, cluster = 4, stages = 3, groups = 2> { ... }
    }
    ```
  }];
  let options = !listconcat(machineOptions, [
    Option<"maxCases", "max-cases", "unsigned", /*default=*/"3",
           "Most ranges of m that a product is compiled for on a CPU">,
    Option<"keepOnHost", "keep-on-host", "bool", /*default=*/"false",
           "Leave products that no kernel of the GPU serves as they are, with a remark">,
    Option<"mTiles", "m-tiles", "unsigned", /*default=*/"0",
           "On GPUs, rows of x in eights that are multiplied at a time, 1 to 32, in place of ranges of m; more than a kernel has count as the most; 0: the model's pick">,
    Option<"stages", "stages", "unsigned", /*default=*/"0",
           "On GPUs, stages of the ring, from 2; 0: the model's pick">,
    Option<"groups", "groups", "unsigned", /*default=*/"0",
           "On GPUs, groups of 64 columns in a k-tile, an even number; 0: the model's pick">,
    Option<"cluster", "cluster", "unsigned", /*default=*/"0",
           "On GPUs that have clusters, CTAs of one, 1, 2, 4 or 8; 0: the model's pick">,
    Option<"instruction", "instruction", "std::string", /*default=*/"",
           "On GPUs, what multiplies: fma, mma or wgmma; else the model's pick">,
    Option<"search", "search", "bool", /*default=*/"true",
           "On GPUs, take another tile, cluster or ring than the rules' where that is predicted to be faster">,
    Option<"ownFormat", "own-format", "bool", /*default=*/"false",
           "On GPUs, search for the format of each product alone: faster by some percent, but sums may be in another order than those of other formats, raw ones too">,
  ]);
  let statistics = [
    Statistic<"numProducts", "products", "Number of products that got a strategy">,
  ];
  let dependentDialects = [
    "::uwt::UWTDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def LowerPackingPass : Pass<"uwt-lower-packing"> {
  let summary = "Write linalg.pack and linalg.unpack as pads, reshapes and transposes";
  let description = [{
    Packed weights are then computations like any other, which `uwt-fuse-decode` moves to the time of loading.

    ```mlir
    // before
    %p = linalg.pack %w inner_dims_pos = [0, 1] inner_tiles = [16, 8] into %e : tensor<48x40xbf16> -> tensor<3x5x16x8xbf16>
    // after
    %0 = tensor.expand_shape %w [[0, 1], [2, 3]] output_shape [3, 16, 5, 8] : tensor<48x40xbf16> into tensor<3x16x5x8xbf16>
    %p = linalg.transpose ins(%0 : tensor<3x16x5x8xbf16>) outs(%e : tensor<3x5x16x8xbf16>) permutation = [0, 2, 1, 3]
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def TileWindowsPass : Pass<"uwt-tile-windows"> {
  let summary = "Gather the windows of a convolution some rows at a time";
  let description = [{
    `uwt-fuse-decode` writes a convolution as a product whose x is the windows of its input (im2col). They would take the memory of the
    input as many times as the kernel has elements: a product of more than `rows` rows becomes a loop that gathers the windows of a
    tile, and multiplies them. A tile has whole dimensions of M from the last one on, and a divisor of the one before.

    ```mlir
    // before
    %0 = linalg.generic {indexing_maps = [affine_map<(n, y, x, c, i, j) -> (n, c, y + i, x + j)>, ...]} ins(%image : tensor<1x8x66x66xbf16>)
           outs(%e : tensor<1x64x64x8x3x3xbf16>) {...}
    %1 = tensor.collapse_shape %0 [[0, 1, 2], [3, 4, 5]] : tensor<1x64x64x8x3x3xbf16> into tensor<4096x72xbf16>
    %y = uwt.matmul ins(%1, %w : tensor<4096x72xbf16>, !uwt.compressed<16x72xbf16, "raw">) outs(%init : tensor<4096x16xf32>) {...}
    // after
    %y = scf.for %n = %c0 to %c1 step %c1 iter_args(%out0 = %init) -> (tensor<4096x16xf32>) {
      %y0 = scf.for %y = %c0 to %c64 step %c8 iter_args(%out = %out0) -> (tensor<4096x16xf32>) {
        %image_rows = tensor.extract_slice %image[...]
        %0 = linalg.generic ... outs(%e : tensor<1x8x64x8x3x3xbf16>)
        %1 = tensor.collapse_shape %0 ... into tensor<512x72xbf16>
        %2 = uwt.matmul ins(%1, %w : ...) outs(%rows : tensor<512x16xf32>) {...}
        %3 = tensor.insert_slice %2 into %out[...]
    ```
  }];
  let options = [
    Option<"tileRows", "rows", "int64_t", /*default=*/"512", "Rows of M that a tile has at most">,
  ];
  let statistics = [
    Statistic<"numTiled", "tiled", "Number of products that became loops">,
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

def LowerDispatchPass : Pass<"uwt-lower-dispatch"> {
  let summary = "Write dispatches by m as branches";
  let description = [{
    `uwt.dispatch` becomes a chain of `scf.if`, one a limit. On tensors or on memrefs.

    ```mlir
    // before
    %y = uwt.dispatch %m limits [8] -> tensor<?x64xf32> cases {
      uwt.yield %a : tensor<?x64xf32>
    }, {
      uwt.yield %b : tensor<?x64xf32>
    }
    // after
    %c8 = arith.constant 8 : index
    %0 = arith.cmpi sle, %m, %c8 : index
    %y = scf.if %0 -> (tensor<?x64xf32>) {
      scf.yield %a : tensor<?x64xf32>
    } else {
      scf.yield %b : tensor<?x64xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

#endif // UWT_DIALECT_UWT_TRANSFORMS_PASSES
