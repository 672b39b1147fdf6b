// RUN: uwt-opt %s --uwt-select-format="run-format=raw remarks=false" --uwt-select-strategy="strategy=buffer tile-n=2 tile-m=8 tile-k=512 remarks=false" | FileCheck %s --check-prefix=FORCED
// RUN: uwt-opt %s --uwt-select-strategy="max-cases=1 remarks=false" | FileCheck %s --check-prefix=ONE
// RUN: uwt-opt %s --uwt-select-format="run-format=huffman<12,2>" --uwt-select-strategy="run-format=huffman<12,2> threads=2" 2>&1 | FileCheck %s --check-prefix=REMARK

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // FORCED: uwt.transcode %{{.*}} -> !uwt.compressed<128x1024xbf16, "raw">
  // FORCED-NOT: uwt.dispatch
  // FORCED: strategy #uwt.strategy<buffer, tile_n = 2, tile_m = 8, tile_k = 512>

  // ONE-NOT: uwt.dispatch
  // ONE: strategy #uwt.strategy

  // A format that is forced has no remark, and streams are buffered.
  // REMARK: remark: product with 128x1024, m 1
  // REMARK-SAME: huffman<12,2> by buffer
  // REMARK-SAME: runner-up huffman<12,2> by buffer
  func.func @f(%x: tensor<?x1024xbf16>, %init: tensor<?x128xf32>) -> tensor<?x128xf32> {
    %w = uwt.weight "w" : !uwt.compressed<128x1024xbf16, "inplace<12>">
    %y = uwt.matmul ins(%x, %w : tensor<?x1024xbf16>, !uwt.compressed<128x1024xbf16, "inplace<12>">) outs(%init : tensor<?x128xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<?x128xf32>
    return %y : tensor<?x128xf32>
  }
}
