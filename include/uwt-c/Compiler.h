/*===- Compiler.h - Modules to programs, and calls ----------------*- C -*-===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Compiles modules of linalg on tensors, and calls their functions.
|*
\*===----------------------------------------------------------------------===*/

#ifndef UWT_C_COMPILER_H
#define UWT_C_COMPILER_H

#include "uwt-c/Core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct UWTCompileOptions {
  /** Size of this struct: later versions have more members. Set by uwtCompileOptionsInit. */
  size_t size;
  /** A target's name, or NULL for this machine's best. */
  const char *target;
  /** Files and folders whose tensors the module's constants are bound to. */
  const char *const *weights;
  size_t weightCount;
  /** The format that products run from, "raw" for uncompressed weights, NULL for the cost model's
      pick. */
  const char *format;
  /** Not 0: IEEE multiply-adds, the same bits on every target. */
  int exact;
  /** Not 0: takes bytecode, any operation, and calls of functions of the process. The module is
      then as trusted as a program. */
  int trustIr;
  /** Not 0: compiled code does not check sizes and indices that only a call knows. An index in an
      input can then name any memory. */
  int noRuntimeChecks;
  /** Not 0: for GPUs, kernels are picked for the format of each product alone: faster by some
      percent, but not the bits of other formats and of raw weights. */
  int ownFormat;
  /** "integer<8>", or of 2 to 7 bits: products of quantised weights whose codes are integers are
      computed by integers of so many bits that x is rounded to, with other bits (docs/numerics.md),
      the same on CPUs and GPUs; UWT_ERROR_INVALID where there is no such product. "dense", or
      NULL: never. */
  const char *arithmetic;
  /** Not 0: for CPUs, products run from the codes of quantised weights whose columns belong to
      groups in an order of their own, and add up columns group by group, with other bits
      (docs/quantised.md). Not together with a format. */
  int columnsByCell;
  /** Not 0: for uwtCompilePack, kernels of grouped products (uwtCudaGroupedProduct). */
  int grouped;
  /** Not 0: tensors of floats are weights whatever the model's configuration says of how it is
      quantised (docs/quantised.md). */
  int assumePlain;
} UWTCompileOptions;
/** Sets the defaults, of as many members as `size`, sizeof(*options), has. */
UWT_C_API void uwtCompileOptionsInit(UWTCompileOptions *options, size_t size);

/** Keeps compiled code in `folder` too, for CPUs, so that another process finds it; NULL for no
    folder. Programs in it are run: others than its user may not write to it. Not while other
    functions use the context. */
UWT_C_API UWTError *uwtContextSetProgramFolder(UWTContext *context, const char *folder);

/** Kernels that a pack has for each weight of a module, beside those of products. */
typedef enum UWTWeightKernels {
  /** From dense rows on the device to the weight's format, and back. */
  UWT_WEIGHT_KERNELS_ENCODE = 1,
  UWT_WEIGHT_KERNELS_DECODE = 2,
  /** Rows by their numbers. */
  UWT_WEIGHT_KERNELS_GATHER = 4
} UWTWeightKernels;
/** Compiles the products of a module for a GPU, the target of `options` ("sm_90a"), and writes
    their kernels, and those of `weightKernels` (a sum of UWTWeightKernels), as a pack for
    uwtCudaPackOpen. A file that is there is replaced at once. Needs NVIDIA's ptxas, of the PATH,
    /usr/local/cuda or the variable UWT_PTXAS; UWT_ERROR_UNSUPPORTED without. */
UWT_C_API UWTError *uwtCompilePack(UWTContext *context, const char *module, size_t length,
                                   const char *name, const UWTCompileOptions *options,
                                   unsigned weightKernels, const char *path);

/** A compiled module with its weights. Immutable: any thread may call its functions. */
typedef struct UWTProgram UWTProgram;
/** Compiles a module of `length` bytes, text or trusted bytecode, or takes it from the context's
    cache. `name` stands in messages; `options` may be NULL. */
UWT_C_API UWTError *uwtCompile(UWTContext *context, const char *module, size_t length,
                               const char *name, const UWTCompileOptions *options,
                               UWTProgram **program);
UWT_C_API void uwtProgramDestroy(UWTProgram *program);

/** Public functions, in the order of the module. A name is NULL where there is no such function. */
UWT_C_API size_t uwtProgramFunctionCount(const UWTProgram *program);
UWT_C_API const char *uwtProgramFunctionName(const UWTProgram *program, size_t index);

/** What a call has given. */
typedef struct UWTResults UWTResults;
/** Calls a function; a NULL name means the only one, or `main`. Where it takes a weight,
   `!uwt.compressed<256x64xbf16, "inplace<12>">`, the input is an image (Weight.h) of that shape and
   format, a dense tensor U8 [bytes]: the call reads it in place, and trusts it as functions of
   Weight.h do. An index outside of its tensor, a division by zero or a cf.assert that does not hold
   is an error of kind 3 with the location in the module, memory that is out one of kind 4; the
   process goes on. */
UWT_C_API UWTError *uwtProgramRun(UWTContext *context, const UWTProgram *program,
                                  const char *function, const UWTTensor *inputs, size_t inputCount,
                                  UWTResults **results);
UWT_C_API size_t uwtResultsCount(const UWTResults *results);
/** Result `index`: dense, and alive as long as `results`. All members are 0 or NULL where there is
   no such result. */
UWT_C_API UWTTensor uwtResultsTensor(const UWTResults *results, size_t index);
UWT_C_API void uwtResultsDestroy(UWTResults *results);

#ifdef __cplusplus
}
#endif

#endif /* UWT_C_COMPILER_H */
