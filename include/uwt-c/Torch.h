/*===- Torch.h - Operators of PyTorch -----------------------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* libuwt_torch.so: operators of PyTorch over images (Weight.h), through its stable C functions. It
|* is built without PyTorch, and finds what it needs in the one that the process has loaded. The
|* Python package, which defines the operators and their gradients, is its caller (docs/python.md).
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_C_TORCH_H
#define UWT_C_TORCH_H

#include "uwt-c/Weight.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Gives the context whose loops run on `threads` threads, or NULL where there can be none. It is
    called on the thread of an operator, by several at a time, and keeps what it gives. */
typedef UWTContext *(*UWTTorchContext)(unsigned threads);

/** Gives the operators uwt::linear, uwt::linear_without_gradients, uwt::embedding and uwt::decode,
    whose schemas the caller has defined, their implementations on the CPU, which take as many
    threads as PyTorch does. The first two differ in gradients alone, which are the caller's. To be
    called once in a process.

    `torch` is a handle of dlopen through which PyTorch's functions are found, those of 2.10.
    Without one of them the error has kind UWT_ERROR_UNSUPPORTED, and no operator has been changed.

    An operator that fails raises PyTorch's RuntimeError, which is all that its C functions can
    raise. What a function of libuwt.so has failed with ends in " [uwt error N]", N its kind. */
UWT_C_API UWTError *uwtTorchRegister(void *torch, UWTTorchContext contextOf);

/** Forgets the contexts that operators were given: for a process that was forked. */
UWT_C_API void uwtTorchForgetContexts(void);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_TORCH_H */
