// RUN: uwt-opt %s --split-input-file --uwt-fold-constants --verify-diagnostics

!words = !uwt.compressed<2x2xbf16, "raw, layout=row_major">

// Planes are checked when they are used.
func.func @damaged() -> tensor<2x2xbf16> {
  %0 = uwt.constant {index = dense<0> : tensor<28xi8>, words = dense<1> : tensor<8xi8>} : !words
  // expected-error@below {{'uwt.decode' op cannot decode its constant: plane index says that 0 of its u32 are in use, but it has 7}}
  %1 = uwt.decode %0 : !words -> tensor<2x2xbf16>
  return %1 : tensor<2x2xbf16>
}

// -----

!words = !uwt.compressed<2x2xbf16, "raw, layout=row_major">
!other = !uwt.compressed<2x2xbf16, "inplace<12>">

func.func @truncated() -> !other {
  %0 = uwt.constant {index = dense<1> : tensor<8xi8>} : !words
  // expected-error@below {{'uwt.transcode' op cannot decode its constant: plane index has 8 bytes, its header alone takes 16}}
  %1 = uwt.transcode %0 : !words -> !other
  return %1 : !other
}

// -----

!words = !uwt.compressed<2x2xbf16, "raw, layout=row_major">

// The index is right, a bit of the words is not.
func.func @changed_bit() -> tensor<2x2xbf16> {
  %0 = uwt.constant {index = dense_resource<index> : tensor<28xi8>, words = dense_resource<words> : tensor<8xi8>} : !words
  // expected-error@below {{'uwt.decode' op cannot decode its constant: panel 0: the stored bytes are damaged: their checksum is 368985a5355722c8, expected 6378e7d98e2cd812}}
  %1 = uwt.decode %0 : !words -> tensor<2x2xbf16>
  return %1 : tensor<2x2xbf16>
}

{-#
  dialect_resources: {
    builtin: {
      index: "0x40000000070000000100000000000000000000000000008012D82C8ED9E77863",
      words: "0x40000000803F004040408041"
    }
  }
#-}

// -----

!words = !uwt.compressed<2x2xbf16, "raw, layout=row_major">

func.func @no_data() -> tensor<2x2xbf16> {
  %0 = uwt.constant {index = dense_resource<elsewhere> : tensor<28xi8>} : !words
  // expected-error@below {{'uwt.decode' op cannot decode its constant: plane 'index': dense_resource<elsewhere> has no data}}
  %1 = uwt.decode %0 : !words -> tensor<2x2xbf16>
  return %1 : tensor<2x2xbf16>
}

// -----

!words = !uwt.compressed<2x2xbf16, "raw, layout=row_major">

func.func @short_data() -> !words {
  %0 = arith.constant dense_resource<short> : tensor<2x2xbf16>
  // expected-error@below {{'uwt.encode' op cannot encode its constant: a constant has 4 bytes, expected 8}}
  %1 = uwt.encode %0 : tensor<2x2xbf16> -> !words
  return %1 : !words
}

{-#
  dialect_resources: {
    builtin: {
      short: "0x04000000AABBCCDD"
    }
  }
#-}
