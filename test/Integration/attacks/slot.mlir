func.func @main(%x: tensor<2x16xbf16>) -> tensor<4x16xbf16> {
  %w = uwt.weight "" {slot = 7 : i64} : !uwt.compressed<4x16xbf16, "inplace<12>">
  %d = uwt.decode %w : !uwt.compressed<4x16xbf16, "inplace<12>"> -> tensor<4x16xbf16>
  return %d : tensor<4x16xbf16>
}
