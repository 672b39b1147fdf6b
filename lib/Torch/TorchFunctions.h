//===- TorchFunctions.h - PyTorch's stable C functions ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of libtorch_cpu.so that operators need, so that UWT builds without PyTorch. They
// are declared in its torch/csrc/inductor/aoti_torch/c/shim.h and torch/csrc/stable/c/shim.h, and
// are there, as they are, from 2.10 on. test/Python/test_torch_operators.py compiles this header
// beside those, which proves each type.
//
// A result of int32_t called a code is 0 where the function has succeeded.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_TORCH_TORCHFUNCTIONS_H
#define UWT_LIB_TORCH_TORCHFUNCTIONS_H

#include <cstddef>
#include <cstdint>

// PyTorch's own names: a tensor's handle owns a reference.
struct AtenTensorOpaque;
struct StableListOpaque;
class TorchLibraryOpaque;

namespace uwt {

/// An argument or a result of an operator: a number, or a handle that it owns. An optional one
/// points to its value, and is 0 for none.
using StackValue = uint64_t;

/// The version of PyTorch whose functions these are, as its functions take it: 2.10.
constexpr uint64_t torchVersion = (uint64_t(2) << 56) | (uint64_t(10) << 48);

} // namespace uwt

// X(result, name, parameters)
#define UWT_TORCH_FUNCTIONS(X)                                                                     \
  /* Numbers of what has names. */                                                                 \
  X(int32_t, aoti_torch_device_type_cpu, ())                                                       \
  X(int32_t, aoti_torch_memory_format_contiguous_format, ())                                       \
  X(size_t, aoti_torch_dtype_element_size, (int32_t))                                              \
  UWT_TORCH_DTYPES(UWT_TORCH_DTYPE_FUNCTION, X)                                                    \
  /* Tensors: what they have is borrowed, new ones are owned. */                                   \
  X(int32_t, aoti_torch_get_dim, (AtenTensorOpaque *, int64_t *))                                  \
  X(int32_t, aoti_torch_get_sizes, (AtenTensorOpaque *, int64_t **))                               \
  X(int32_t, aoti_torch_get_strides, (AtenTensorOpaque *, int64_t **))                             \
  X(int32_t, aoti_torch_get_dtype, (AtenTensorOpaque *, int32_t *))                                \
  X(int32_t, aoti_torch_is_contiguous, (AtenTensorOpaque *, bool *))                               \
  X(int32_t, torch_get_const_data_ptr, (AtenTensorOpaque *, const void **))                        \
  X(int32_t, torch_get_mutable_data_ptr, (AtenTensorOpaque *, void **))                            \
  X(int32_t, aoti_torch_empty_strided,                                                             \
    (int64_t, const int64_t *, const int64_t *, int32_t, int32_t, int32_t, AtenTensorOpaque **))   \
  X(int32_t, aoti_torch_delete_tensor_object, (AtenTensorOpaque *))                                \
  X(int32_t, torch_list_size, (StableListOpaque *, size_t *))                                      \
  X(int32_t, torch_list_get_item, (StableListOpaque *, size_t, uint64_t *))                        \
  X(int32_t, torch_delete_list, (StableListOpaque *))                                              \
  /* Operators: the last argument is a version of PyTorch. */                                      \
  X(int32_t, aoti_torch_library_init_impl,                                                         \
    (const char *, const char *, const char *, uint32_t, TorchLibraryOpaque **))                   \
  X(int32_t, torch_library_impl,                                                                   \
    (TorchLibraryOpaque *, const char *, void (*)(uint64_t *, uint64_t, uint64_t), uint64_t))      \
  X(int32_t, aoti_torch_delete_library_object, (TorchLibraryOpaque *))                             \
  X(int32_t, torch_call_dispatcher, (const char *, const char *, uint64_t *, uint64_t))            \
  X(int32_t, torch_get_num_threads, (uint32_t *))                                                  \
  /* Throws the message as what becomes a RuntimeError, where the condition is false. */           \
  X(void, aoti_torch_check, (bool, const char *, const char *, uint32_t, const char *))

// X(name, Y): the dtypes that messages name.
#define UWT_TORCH_DTYPES(X, Y)                                                                     \
  X(bfloat16, Y)                                                                                   \
  X(float16, Y)                                                                                    \
  X(float32, Y)                                                                                    \
  X(float64, Y)                                                                                    \
  X(uint8, Y)                                                                                      \
  X(int8, Y)                                                                                       \
  X(int16, Y)                                                                                      \
  X(int32, Y)                                                                                      \
  X(int64, Y)                                                                                      \
  X(bool, Y)                                                                                       \
  X(complex64, Y)                                                                                  \
  X(complex128, Y)
#define UWT_TORCH_DTYPE_FUNCTION(name, X) X(int32_t, aoti_torch_dtype_##name, ())

#endif // UWT_LIB_TORCH_TORCHFUNCTIONS_H
