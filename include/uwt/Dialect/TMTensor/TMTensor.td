//===- TMTensor.td - Torch-mlir's operations beyond linalg -*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_TMTENSOR_TMTENSOR
#define UWT_DIALECT_TMTENSOR_TMTENSOR

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TMTensor_Dialect : Dialect {
  let name = "tm_tensor";
  let cppNamespace = "::uwt::tm_tensor";
  let summary = "What torch-mlir writes where linalg has no operation";
  let description = [{
    Torch-mlir keeps cumulative sums, scatters, sorts and the like as operations of a dialect of its own, which upstream does not have. These are
    those operations on tensors, in torch-mlir's own text, so that its modules can be read. `uwt-lower-input` makes loops of them.

    Operands `outs` are what results begin as: each result has the type of one. Regions compute on elements and have no side effects.
  }];
}

class TMTensor_Op<string mnemonic, list<Trait> traits = []>
    : Op<TMTensor_Dialect, mnemonic, !listconcat(traits, [Pure, AttrSizedOperandSegments])> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
}

/// An operation with a region on elements.
class TMTensor_RegionOp<string mnemonic>
    : TMTensor_Op<mnemonic, [SingleBlockImplicitTerminator<"YieldOp">]> {
  let regions = (region SizedRegion<1>:$region);
}

def TMTensor_ScanOp : TMTensor_RegionOp<"scan"> {
  let summary = "results of applying an operation again and again along a dimension";
  let description = [{
    Along `dimension`, an inclusive scan begins with the first element of the input, and each further result is the region of the result before
    and the element. An exclusive scan begins with the element of the second output, and the region takes the element before. The second
    output, which lacks the dimension, is the last result.

    ```mlir
    %sum:2 = tm_tensor.scan dimension(1) inclusive(true) ins(%x : tensor<4x6xf32>)
        outs(%zeros, %zero : tensor<4x6xf32>, tensor<4xf32>) {
    ^bb0(%before: f32, %element: f32):
      %0 = arith.addf %before, %element : f32
      tm_tensor.yield %0 : f32
    } -> tensor<4x6xf32>, tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs,
    I64Attr:$dimension, BoolAttr:$inclusive);
  let assemblyFormat = [{
    `dimension` `(` $dimension `)` `inclusive` `(` $inclusive `)` attr-dict
    `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $outputs `:` type($outputs) `)`
    $region (`->` type($results)^)?
  }];
}

def TMTensor_ScatterOp : TMTensor_RegionOp<"scatter"> {
  let summary = "a tensor with updates at indices";
  let description = [{
    Inputs are updates [n, ...] and indices [n, depth]. Update i goes to where row i of the indices says, for the dimensions of the output that
    `dimension_map` lists; the dimensions of an update after the first are the output's last ones, and add to the index where both name a dimension. The
    region takes an element of the update and the one that is there, and gives the new one. Updates go in their order, so `unique_indices` changes
    nothing.

    ```mlir
    %r = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false)
        ins(%updates, %rows : tensor<2x1x3xf32>, tensor<2x1xi64>) outs(%x : tensor<8x3xf32>) {
    ^bb0(%update: f32, %current: f32):
      tm_tensor.yield %update : f32
    } -> tensor<8x3xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs,
    DenseI64ArrayAttr:$dimension_map, DefaultValuedAttr<BoolAttr, "true">:$unique_indices);
  let assemblyFormat = [{
    attr-dict `unique_indices` `(` $unique_indices `)`
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? `outs` `(` $outputs `:` type($outputs) `)`
    $region (`->` type($results)^)?
  }];
}

def TMTensor_SortOp : TMTensor_RegionOp<"sort"> {
  let summary = "tensors in the order of a comparison";
  let description = [{
    Orders the outputs along `dimension`, all in the same way. The region takes an element of each, and another, and says whether the first goes
    before the second. Equal elements keep their order.

    ```mlir
    %s:2 = tm_tensor.sort dimension(0) outs(%x, %indices : tensor<6xf32>, tensor<6xi64>) {
    ^bb0(%a: f32, %b: f32, %index_a: i64, %index_b: i64):
      %0 = arith.cmpf oge, %a, %b : f32
      tm_tensor.yield %0 : i1
    } -> tensor<6xf32>, tensor<6xi64>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs,
    I64Attr:$dimension);
  let assemblyFormat = [{
    attr-dict `dimension` `(` $dimension `)`
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? `outs` `(` $outputs `:` type($outputs) `)`
    $region (`->` type($results)^)?
  }];
}

def TMTensor_TopkOp : TMTensor_RegionOp<"topk"> {
  let summary = "the first elements in the order of a comparison, with their indices";
  let description = [{
    Inputs are values and, if there are two, their indices; else an index is the position along `dimension`. Outputs are K values and
    K indices, in order. The region takes a value and another, and says whether the first goes before the second; of equal values the first
    one does. With fewer than K values the rest of the outputs stays.

    ```mlir
    %t:2 = tm_tensor.topk dimension(1) ins(%x : tensor<4x6xf32>)
        outs(%values, %indices : tensor<4x2xf32>, tensor<4x2xi32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.cmpf ogt, %a, %b : f32
      tm_tensor.yield %0 : i1
    } -> tensor<4x2xf32>, tensor<4x2xi32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs,
    I64Attr:$dimension);
  let assemblyFormat = [{
    attr-dict `dimension` `(` $dimension `)`
    `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $outputs `:` type($outputs) `)`
    $region (`->` type($results)^)?
  }];
}

def TMTensor_AttentionOp : TMTensor_Op<"attention"> {
  let summary = "softmax(Q Kᵀ / √d + mask) V";
  let description = [{
    Inputs are the queries [..., M, d], keys [..., N, d], values [..., N, e] and, if there are four, a mask [..., M, N]: floats that are added,
    or i1, of which false leaves a pair out. The output is [..., M, e].

    ```mlir
    %o = tm_tensor.attention ins(%q, %k, %v : tensor<2x4x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>)
        outs(%init : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = [{
    attr-dict `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $outputs `:` type($outputs) `)`
    (`->` type($results)^)?
  }];
}

def TMTensor_YieldOp : Op<TMTensor_Dialect, "yield", [Pure, ReturnLike, Terminator]> {
  let summary = "what a region of elements gives";
  let arguments = (ins Variadic<AnyType>:$values);
  let builders = [OpBuilder<(ins)>];
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

#endif // UWT_DIALECT_TMTENSOR_TMTENSOR
