/*===- main.c - A program that compiles through the C API ----------------===*\
|*
|* Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Opens a container, binds a module to it, runs it from compressed and from raw
|* weights, and compares the bits; then meets the errors of a module and of a call that are
|* not trusted. Arguments: the container, a matrix of it of BF16 and its two sizes.
|*
\*===----------------------------------------------------------------------===*/

#include "uwt-c/Compiler.h"
#include "uwt-c/Container.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *moduleText =
    "#x = affine_map<(m, n, k) -> (m, k)>\n"
    "#w = affine_map<(m, n, k) -> (n, k)>\n"
    "#y = affine_map<(m, n, k) -> (m, n)>\n"
    "func.func @main(%%x: tensor<1x%lluxbf16>) -> tensor<1x%lluxf32> {\n"
    "  %%w = arith.constant dense_resource<%s> : tensor<%llux%lluxbf16>\n"
    "  %%zero = arith.constant 0.0 : f32\n"
    "  %%e = tensor.empty() : tensor<1x%lluxf32>\n"
    "  %%i = linalg.fill ins(%%zero : f32) outs(%%e : tensor<1x%lluxf32>) -> tensor<1x%lluxf32>\n"
    "  %%r = linalg.matmul indexing_maps = [#x, #w, #y]\n"
    "      ins(%%x, %%w : tensor<1x%lluxbf16>, tensor<%llux%lluxbf16>)\n"
    "      outs(%%i : tensor<1x%lluxf32>) -> tensor<1x%lluxf32>\n"
    "  return %%r : tensor<1x%lluxf32>\n"
    "}\n";

static void logRemark(void *user, const char *message) {
  ++*(int *)user;
  printf("%s\n", message);
}

/* Prints and destroys `error`; whether there was one. */
static int failed(UWTError *error) {
  if (!error)
    return 0;
  fprintf(stderr, "error %d: %s\n", (int)uwtErrorKind(error), uwtErrorMessage(error));
  uwtErrorDestroy(error);
  return 1;
}

/* Runs the module from weights in `format` and copies the result to `y`. */
static int runFrom(UWTContext *context, const char *text, const char *container, const char *format,
                   const UWTTensor *x, float *y, size_t rows) {
  UWTCompileOptions options;
  uwtCompileOptionsInit(&options, sizeof(options));
  options.weights = &container;
  options.weightCount = 1;
  options.format = format;
  UWTProgram *program = NULL;
  UWTResults *results = NULL;
  int bad = failed(uwtCompile(context, text, strlen(text), "example", &options, &program)) ||
            failed(uwtProgramRun(context, program, NULL, x, 1, &results));
  if (!bad) {
    UWTTensor tensor = uwtResultsTensor(results, 0);
    bad = tensor.rank != 2 || tensor.shape[1] != rows || strcmp(tensor.dtype, "F32") != 0;
    if (!bad)
      memcpy(y, tensor.data, rows * sizeof(float));
  }
  uwtResultsDestroy(results);
  uwtProgramDestroy(program);
  return bad;
}

static int example(UWTContext *context, const char *container, const char *name,
                   unsigned long long n, unsigned long long k) {
  UWTContainer *weights = NULL;
  if (failed(uwtContainerOpen(container, NULL, &weights)))
    return 1;
  printf("%zu tensors\n", uwtContainerSize(weights));
  /* A file from a stranger may stand for any number of bytes. */
  UWTDecompressOptions limit;
  uwtDecompressOptionsInit(&limit, sizeof(limit));
  limit.maxBytes = uwtContainerOriginalBytes(weights) - 1;
  UWTError *large = uwtDecompress(context, container, "never.safetensors", &limit, NULL);
  if (!large || uwtErrorKind(large) != UWT_ERROR_USAGE || !strstr(uwtErrorMessage(large), "would become"))
    return printf("a limit on bytes is not kept\n"), 1;
  uwtErrorDestroy(large);
  uint16_t *matrix = malloc(n * k * 2), *x = malloc(k * 2);
  int bad = failed(uwtContainerRead(context, weights, name, matrix, n * k * 2));
  /* The first row is as good an input as any. */
  memcpy(x, matrix, k * 2);
  uwtContainerDestroy(weights);

  char text[2048];
  snprintf(text, sizeof text, moduleText, k, n, name, n, k, n, n, n, k, n, k, n, n, n);
  uint64_t shape[2] = {1, k};
  UWTTensor input = {"BF16", 2, shape, NULL, x};
  float *compressed = malloc(n * sizeof(float)), *raw = malloc(n * sizeof(float));
  bad = bad || runFrom(context, text, container, NULL, &input, compressed, n) ||
        runFrom(context, text, container, "raw", &input, raw, n) ||
        memcmp(compressed, raw, n * sizeof(float)) != 0;

  /* What does not fit is an error that says what was expected. */
  shape[1] = k + 1;
  float unused;
  bad = bad || !runFrom(context, text, container, NULL, &input, &unused, 1);
  free(matrix);
  free(x);
  free(compressed);
  free(raw);
  return bad;
}

/* Whether `error` has that kind and text; destroys it. */
static int isError(UWTError *error, int kind, const char *message) {
  int same = error && (int)uwtErrorKind(error) == kind && !strcmp(uwtErrorMessage(error), message);
  if (!same)
    fprintf(stderr, "expected %s, got %s\n", message, error ? uwtErrorMessage(error) : "no error");
  uwtErrorDestroy(error);
  return same;
}

static const char *elementText = "func.func @main(%x: tensor<2xf32>, %i: i64) -> f32 {\n"
                                 "  %0 = arith.index_cast %i : i64 to index\n"
                                 "  %1 = tensor.extract %x[%0] : tensor<2xf32>\n"
                                 "  return %1 : f32\n"
                                 "}\n";
static const char *callText = "func.func private @outside()\n";

/* An index outside is an error of the call, a function of the process one of the module. */
static int refusals(UWTContext *context) {
  UWTProgram *program = NULL;
  UWTResults *results = NULL;
  if (failed(uwtCompile(context, elementText, strlen(elementText), "e", NULL, &program)))
    return 1;
  float x[2] = {1, 2};
  int64_t index = 7;
  uint64_t shape[1] = {2};
  UWTTensor inputs[2] = {{"F32", 1, shape, NULL, x}, {"I64", 0, NULL, NULL, &index}};
  int good = isError(uwtProgramRun(context, program, NULL, inputs, 2, &results), 3,
                     "e:3:8: tensor.extract: index 7 is outside of dimension 0, whose size is 2");
  index = 1;
  good = good && !failed(uwtProgramRun(context, program, NULL, inputs, 2, &results)) &&
         *(const float *)uwtResultsTensor(results, 0).data == 2;
  uwtResultsDestroy(results);
  uwtProgramDestroy(program);

  UWTCompileOptions options;
  uwtCompileOptionsInit(&options, sizeof(options));
  good = good && isError(uwtCompile(context, callText, strlen(callText), "c", &options, &program), 3,
                         "c:1:1: 'func.func' op 'outside' has no body: a module is compiled by "
                         "itself, and calls no functions of the process (trust-ir takes them)");
  options.trustIr = 1;
  if (!good || failed(uwtCompile(context, callText, strlen(callText), "c", &options, &program)))
    return 1;
  uwtProgramDestroy(program);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 5)
    return 2;
  UWTContext *context = NULL;
  int remarks = 0;
  if (failed(uwtContextCreate(2, &context)))
    return 1;
  uwtContextSetLog(context, logRemark, &remarks);
  int bad =
      example(context, argv[1], argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
  bad = bad || refusals(context);
  uwtContextDestroy(context);
  return bad || remarks == 0;
}
